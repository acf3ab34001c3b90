import type { Table } from '../catalog/types.js';
import type { Finding } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import type { TableSurvey } from '../split/survey/types.js';
import { configLine } from '../tenancy/config-line.js';
import { tableKey } from '../tenancy/tables.js';
import type { ClinicTable, Rule, TenancyMap } from '../tenancy/types.js';
import type { Decider, Decision, OpenQuestion, Option } from './decide.js';
import type { WayMatches } from './legacy-facts.js';
import type { TableAnswer } from './open-table.js';
import type { Subject, TableDecisions } from './settle-tables.js';
import { agreeingWays } from './way-agreement.js';

export interface OtherClinics {
  readonly decisions: TableDecisions;
  /** What nobody was asked and nothing tells. */
  readonly left: readonly Finding[];
}

/**
 * What becomes of columns that name another clinic than their rows' other ways do. Where all other ways agree in every
 * row, the column is taken to name others rightly; where only two columns contradict each other, nothing tells which is
 * right. A column that contradicts a path alone is no question: it is a leak, and its rows have no place. `surveys`
 * are those of `map`.
 */
export async function settleOtherClinics(
  subject: Subject,
  map: TenancyMap,
  surveys: readonly TableSurvey[],
  decider: Decider,
): Promise<OtherClinics> {
  const decisions = new Map<string, { table: Table; decision: Decision<TableAnswer> }>();
  const left: Finding[] = [];
  for (const survey of surveys) {
    const entry = map.tables.find((one) => tableKey(one) === tableKey(survey.table));
    const table = subject.index.find(survey.table);
    const isOpen = survey.problems.some(
      ({ reason }) => reason === 'paths disagree' || reason === 'unknown clinic',
    );
    if (table === undefined || entry?.scope !== 'clinic' || !isOpen) continue;
    const ways = [...entry.rules, ...entry.witnesses];
    if (ways.filter(({ kind }) => kind === 'column').length === 0) continue;
    const matches = await subject.facts.ways(subject.catalog, map, entry);
    const { agreeing, odd } = agreeingWays(matches);
    const columns = odd.filter((i) => ways[i]?.kind === 'column');
    // Of a path and a column the path may be the one that is wrong.
    if (columns.length === 0 || (agreeing.length === 0 && columns.length < 2)) continue;
    const told = { entry, ways, agreeing, columns, matches };
    const decision = await decider.decide(questionOf(told));
    decisions.set(tableKey(table), { table, decision });
    if (agreeing.length === 0 && decision.why !== undefined) left.push(undecided(told, subject));
  }
  return { decisions, left };
}

interface Told {
  readonly entry: ClinicTable;
  readonly ways: readonly Rule[];
  /** Ways that agree in all rows, by number; empty where nothing tells which they are. */
  readonly agreeing: readonly number[];
  /** Columns that do not. */
  readonly columns: readonly number[];
  readonly matches: WayMatches;
}

function questionOf({ entry, ways, agreeing, columns, matches }: Told): OpenQuestion<TableAnswer> {
  const subject = displayName(entry);
  const name = (i: number): string => inWords(ways[i] as Rule);
  const all = columns.map(name);
  const agree: Option<TableAnswer> = {
    value: undefined,
    label: 'they have to agree',
    hint: 'rows in which they do not have no place',
  };
  const others = (list: readonly string[]): Option<TableAnswer> => ({
    value: { scope: 'clinic', otherClinics: [...list] },
    label: `otherClinics: [${list.join(', ')}]`,
    hint: 'it is only a value, and its foreign key to the clinic table is dropped',
  });
  const isTold = agreeing.length > 0;
  const options = isTold ? [others(all), agree] : [agree, ...all.map((one) => others([one]))];
  return {
    subject,
    text: `${all.join(' and ')} of ${subject} ${all.length === 1 ? 'names' : 'name'} another clinic in some rows. Rightly, as a referral does?`,
    facts: [
      ...columns.map((i) => {
        const { rows, samples } = matches.odd(i, isTold ? agreeing : columns);
        return `${name(i)} names another clinic in ${rows} of ${matches.rows} rows: ${samples.join(', ')}${rows > samples.length ? ', …' : ''}`;
      }),
      ...(isTold ? [`${agreeing.map(name).join(' and ')} agree in all rows`] : []),
    ],
    options,
    preferred: options[0] as Option<TableAnswer>,
    why: isTold
      ? `${agreeing.map(name).join(' and ')} agree in all rows, and ${all.join(' and ')} ${all.length === 1 ? 'differs' : 'differ'} from them`
      : 'nothing tells which of them is right',
  };
}

function undecided({ entry, ways, columns }: Told, { index }: Subject): Finding {
  const names = columns.map((i) => inWords(ways[i] as Rule));
  const subject = displayName(entry);
  return {
    code: 'INIT_UNDECIDED',
    severity: 'error',
    subject,
    message: `${subject}: ${names.join(' and ')} name different clinics in some rows, and nothing tells which of them says whose a row is`,
    hint: `Correct these rows, or say which of them is only a value: ${configLine(index, entry, names.slice(-1))}.`,
  };
}

function inWords(way: Rule): string {
  return way.kind === 'path'
    ? `${way.reference.columns.join(', ')} → ${displayName(way.reference.references)}`
    : way.column;
}

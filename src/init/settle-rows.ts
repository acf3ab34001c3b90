import type { Table } from '../catalog/types.js';
import { displayName } from '../core/identifiers.js';
import type { TableSurvey } from '../split/survey/types.js';
import { tableKey } from '../tenancy/tables.js';
import type { TenancyMap } from '../tenancy/types.js';
import type { Decider, Decision, Option } from './decide.js';
import { isCommon } from './legacy-facts.js';
import type { TableAnswer } from './open-table.js';
import { referringKeys } from './references.js';
import { isClinic, type Subject, type TableDecisions } from './settle-tables.js';
import { personalConcern } from './traits.js';

/** A table some of whose rows name no clinic in the column that says it. */
interface Keyless {
  readonly table: Table;
  readonly column: string;
  readonly rows: number;
}

/**
 * What becomes of rows with an empty clinic key, table by table: they may be for every clinic, or have no place (then
 * the answer is undefined). `surveys` are those of `map`.
 */
export async function settleKeylessRows(
  subject: Subject,
  map: TenancyMap,
  surveys: readonly TableSurvey[],
  decider: Decider,
): Promise<TableDecisions> {
  const decisions = new Map<string, { table: Table; decision: Decision<TableAnswer> }>();
  for (const keyless of await keylessTables(subject, map, surveys)) {
    const decision = await decider.decide(await keylessQuestion(keyless, subject, map));
    decisions.set(tableKey(keyless.table), { table: keyless.table, decision });
  }
  return decisions;
}

async function keylessTables(
  { index, facts }: Subject,
  map: TenancyMap,
  surveys: readonly TableSurvey[],
): Promise<Keyless[]> {
  const found: Keyless[] = [];
  for (const survey of surveys) {
    if (!survey.problems.some(({ reason }) => reason === 'no clinic')) continue;
    const entry = map.tables.find((one) => tableKey(one) === tableKey(survey.table));
    const table = index.find(survey.table);
    if (table === undefined || entry?.scope !== 'clinic' || entry.nullKey !== undefined) continue;
    const [rule, ...more] = entry.rules;
    if (rule?.kind !== 'column' || more.length > 0) continue;
    const rows = await facts.nulls(table, rule.column);
    if (rows > 0) found.push({ table, column: rule.column, rows });
  }
  return found;
}

async function keylessQuestion(
  { table, column, rows }: Keyless,
  { catalog, facts, index }: Subject,
  map: TenancyMap,
) {
  const subject = displayName(table);
  let [repeated, several] = [0, 0];
  for (const one of referringKeys(table, index, map)) {
    if (!isClinic(one)) continue;
    const usage = await facts.usage(catalog, map, one, table, column);
    repeated += usage.repeated;
    several += usage.several;
  }
  const concern = personalConcern(table);
  const isShared = isCommon({ repeated, several }) && concern === undefined;
  const noPlace: Option<TableAnswer> = {
    value: undefined,
    label: 'they have no place',
    hint: 'kept aside or stopped at, as unassignable says',
  };
  const shared: Option<TableAnswer> = {
    value: { scope: 'clinic', key: column, nullKey: 'shared' },
    label: "nullKey: 'shared'",
    hint: 'every clinic gets a copy of each',
  };
  const central: Option<TableAnswer> = {
    value: { scope: 'central' },
    label: 'central',
    hint: 'the whole table stays in the central database',
  };
  return {
    subject,
    text: `${column} of ${subject} is empty in ${rows} of ${await facts.rows(table)} rows. Whose are these?`,
    facts: [
      `${column} is empty in ${rows} rows, and rows of several clinics refer to ${several} of them`,
      ...(concern === undefined ? [] : [concern]),
    ],
    options: [noPlace, shared, central],
    preferred: isShared ? shared : noPlace,
    why: isShared
      ? 'rows of several clinics refer to the same ones'
      : (concern ?? 'nothing shows that the clinics have them in common'),
  };
}

/** What becomes of rows that have no place; undefined where there are none. */
export async function settleUnassignable(
  surveys: readonly TableSurvey[],
  decider: Decider,
): Promise<Decision<'stop' | 'quarantine'> | undefined> {
  const facts = surveys.flatMap(({ table, total, problems }) =>
    problems.map(
      ({ reason, rows, samples }) =>
        `${displayName(table)}: ${rows} of ${total.rows} rows, ${WORDS[reason]}: ${samples.join(', ')}${rows > samples.length ? ', …' : ''}`,
    ),
  );
  if (facts.length === 0) return undefined;
  const quarantine = {
    value: 'quarantine',
    label: 'quarantine',
    hint: 'they are kept aside in the central database, and no clinic has them',
  } as const;
  const stop = { value: 'stop', label: 'stop', hint: 'nothing is copied until they are corrected' } as const;
  return decider.decide<'stop' | 'quarantine'>({
    subject: 'unassignable',
    text: 'Some rows have no place. What is to become of them?',
    facts,
    options: [quarantine, stop],
    preferred: quarantine,
    why: 'nothing is lost and nothing is shown to a clinic that it may not see',
  });
}

const WORDS = {
  'no clinic': 'no clinic',
  'unknown clinic': 'a clinic that does not exist',
  'paths disagree': 'two clinics at once',
  dangling: 'something that is not there',
} as const;

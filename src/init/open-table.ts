import type { Table } from '../catalog/types.js';
import type { TableConfig } from '../config/types.js';
import { displayName } from '../core/identifiers.js';
import type { OpenQuestion, Option } from './decide.js';
import type { Matches } from './legacy-facts.js';

/** A column that may hold a clinic's key. */
export interface KeyColumn extends Matches {
  readonly column: string;
  /** How much its name says: that it is a key of this clinic table, or of something like a clinic. */
  readonly name: 'own' | 'alike' | 'doubtful';
}

/** A column that may name a clinic's row. */
export interface FoundReference extends Matches {
  readonly column: string;
  /** `patients.id`, as the configuration writes it. */
  readonly references: string;
}

/** All that is known of a table that nothing settles. */
export interface TableFacts {
  readonly rows: number;
  readonly keys: readonly KeyColumn[];
  readonly references: readonly FoundReference[];
  /** Display names of the tables whose foreign keys lead here. */
  readonly referredBy: readonly string[];
  /** Why every clinic may have all its rows; undefined where nothing shows that they are in common use. */
  readonly common: string | undefined;
  /** Why its rows may be somebody's own. */
  readonly concern: string | undefined;
}

/** What becomes of a table; undefined leaves it open. */
export type TableAnswer = TableConfig | undefined;

/** The question that an open table asks, and what is taken where nobody answers. Never `shared` without evidence. */
export function tableQuestion(table: Table, facts: TableFacts): OpenQuestion<TableAnswer> {
  const subject = displayName(table);
  const { answer, why } = preference(facts);
  const options = optionsFor(facts);
  const preferred = options.find(({ value }) => same(value, answer)) ?? OPEN;
  return {
    subject,
    text: `Whose are the rows of ${subject}?`,
    facts: describe(table, facts),
    options,
    preferred,
    why,
  };
}

function preference(facts: TableFacts): { answer: TableAnswer; why: string } {
  const key = bestKey(facts);
  if (key !== undefined) {
    const { column, matching, named } = key;
    const why =
      facts.rows === 0
        ? `${column} is named like a clinic's key`
        : `${column} names a clinic in ${matching} of ${named} rows`;
    return { answer: byKey(column), why };
  }
  const found = facts.references.filter((reference) => isLikely(reference, facts));
  if (found.length > 0) {
    const words = found.map(
      ({ column, references, matching, named }) =>
        `${column} is found in ${references} in ${matching} of ${named} rows`,
    );
    return { answer: byReferences(found), why: words.join(', ') };
  }
  if (facts.common !== undefined) return { answer: { scope: 'shared' }, why: facts.common };
  const reason =
    facts.concern ??
    (facts.referredBy.length === 0
      ? 'no table refers to it'
      : 'nothing shows that the clinics have its rows in common');
  return { answer: { scope: 'central' }, why: `${reason}, and no clinic gets another's rows this way` };
}

/** The column that most rows name a clinic by; one that is only alike has to hold mostly clinics. */
function bestKey({ keys, rows }: TableFacts): KeyColumn | undefined {
  const [best] = keys
    .filter(({ name }) => name !== 'doubtful')
    .filter(({ name, named, matching }) =>
      rows === 0 ? true : name === 'own' ? matching > 0 : matching * 2 > named,
    )
    .sort((a, b) => b.matching - a.matching || (a.name === b.name ? 0 : a.name === 'own' ? -1 : 1));
  return best;
}

function isLikely({ named, matching }: Matches, { rows }: TableFacts): boolean {
  return rows === 0 || matching * 2 > named;
}

const byKey = (column: string): TableConfig => ({ scope: 'clinic', key: column });

function byReferences(found: readonly FoundReference[]): TableConfig {
  const ways = found.map(({ column, references }) => ({ column, references }));
  const [first] = ways;
  return first !== undefined && ways.length === 1
    ? { scope: 'clinic', via: first }
    : { scope: 'clinic', via: ways };
}

const OPEN: Option<TableAnswer> = {
  value: undefined,
  label: 'leave it open',
  hint: 'inspect stops at it until the configuration says',
};

function optionsFor(facts: TableFacts): Option<TableAnswer>[] {
  const ignored = { value: { scope: 'ignored' }, label: 'ignored', hint: 'left behind, on purpose' } as const;
  const likely = facts.references.filter((reference) => isLikely(reference, facts));
  const single = facts.references.map((one) => [one]);
  return [
    ...facts.keys.map(({ column, named, matching }) => ({
      value: byKey(column),
      label: `clinic, by ${column}`,
      hint: `each row is a clinic's own; ${matching} of ${named} values are clinics`,
    })),
    ...[...(likely.length > 1 ? [likely] : []), ...single].map((found) => ({
      value: byReferences(found),
      label: `clinic, through ${found.map(({ column, references }) => `${column} → ${references}`).join(' and ')}`,
      hint: `each row is a clinic's own; ${found.map(({ matching, named }) => `${matching} of ${named} values`).join(' and ')} are found there`,
    })),
    { value: { scope: 'shared' }, label: 'shared', hint: 'every clinic gets all its rows' },
    { value: { scope: 'central' }, label: 'central', hint: 'stays in the central database' },
    ...(facts.referredBy.length === 0
      ? []
      : [
          {
            value: { scope: 'central', copyReferenced: true } as const,
            label: 'central, lent',
            hint: 'central; each clinic gets copies of the rows that its own rows refer to',
          },
        ]),
    ignored,
    OPEN,
  ];
}

function describe(table: Table, facts: TableFacts): string[] {
  const { rows, keys, references, referredBy, concern } = facts;
  const columns = table.columns.map(({ name }) => name);
  const named = [
    ...keys,
    ...references.map((one) => ({ ...one, column: `${one.column} (${one.references})` })),
  ];
  return [
    `${rows} ${rows === 1 ? 'row' : 'rows'}`,
    `columns ${columns.slice(0, 8).join(', ')}${columns.length > 8 ? ', …' : ''}`,
    referredBy.length === 0 ? 'no table refers to it' : `referred to by ${referredBy.join(', ')}`,
    ...named.map(({ column, named, matching }) => `${column}: ${matching} of ${named} values are found`),
    ...(concern === undefined ? [] : [concern]),
  ];
}

function same(one: TableAnswer, other: TableAnswer): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

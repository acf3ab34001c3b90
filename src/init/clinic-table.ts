import type { Table } from '../catalog/types.js';
import { UsageError } from '../core/errors.js';
import { displayName } from '../core/identifiers.js';
import { CLINIC_WORDS, singular } from '../tenancy/clinic-table.js';
import { mayBeNull, sameTable, type TableIndex } from '../tenancy/tables.js';
import type { Decider, Decision } from './decide.js';

/** A table that may hold the clinics. */
interface Candidate {
  readonly table: Table;
  readonly key: string;
  /** How many tables have a foreign key to it. */
  readonly referring: number;
  /** How many have a column of its name: `company_id`. */
  readonly naming: number;
}

export interface ChosenClinicTable {
  readonly table: Table;
  readonly key: string;
  /** What speaks for it, in words. */
  readonly facts: readonly string[];
  /** Undefined where there was no question. */
  readonly decision: Decision | undefined;
}

const OPTION = 'Name it: clinic-migrate init --clinic-table <table>.';

/**
 * The table that holds the clinics: the one that is named, else the one with a clinic-like name that most tables refer
 * to. Where that is not clear a person is asked; without one, UsageError where nothing tells two tables apart, since
 * everything follows from this.
 */
export async function chooseClinicTable(
  index: TableIndex,
  named: string | undefined,
  decider: Decider,
  isAsked: boolean,
): Promise<ChosenClinicTable> {
  if (named !== undefined) {
    const table = index.named(named, '--clinic-table');
    return { ...described(candidateOf(table, index, requireKey(table))), decision: undefined };
  }
  const all = index.roots.flatMap((table) => {
    const key = keyOf(table);
    return key === undefined || table.kind === 'foreign' ? [] : [candidateOf(table, index, key)];
  });
  const likely = all.filter(({ table }) => isNamedSo(table)).sort(byReferences);
  const candidates =
    likely.length > 0 ? likely : all.filter(({ referring }) => referring > 0).sort(byReferences);
  const [first, second] = candidates;
  if (first === undefined || (likely.length === 0 && !isAsked)) throw noneFound(index);
  if (likely.length > 0 && (second === undefined || second.referring < first.referring))
    return { ...described(first), decision: undefined };
  if (!isAsked && second !== undefined && byReferences(first, second) === 0) {
    throw new UsageError(
      `the table that holds the clinics may be ${likely.map(({ table }) => displayName(table)).join(' or ')}`,
      { hint: OPTION },
    );
  }
  const options = candidates.map((candidate) => ({
    value: candidate,
    label: displayName(candidate.table),
    hint: described(candidate).facts.join('; '),
  }));
  const decision = await decider.decide({
    subject: 'clinics.table',
    text: 'Which table holds the clinics, one row each?',
    facts: [],
    options,
    preferred: options[0] as (typeof options)[number],
    why: described(first).facts.join('; '),
  });
  return { ...described(decision.chosen.value), decision };
}

function candidateOf(table: Table, index: TableIndex, key: string): Candidate {
  const columns = new Set(
    ['id', 'key', 'uuid', singular(key)].map((ending) => singular(table.name) + ending),
  );
  const others = index.roots.filter((other) => !sameTable(other, table));
  return {
    table,
    key,
    referring: others.filter((other) => other.foreignKeys.some((fk) => sameTable(fk.references, table)))
      .length,
    naming: others.filter((other) =>
      other.columns.some(({ name }) => columns.has(name.toLowerCase().replaceAll('_', ''))),
    ).length,
  };
}

function byReferences(one: Candidate, other: Candidate): number {
  return other.referring - one.referring || other.naming - one.naming;
}

function described({ table, key, referring, naming }: Candidate) {
  return {
    table,
    key,
    facts: [`${counted(referring)} a foreign key to it`, `${counted(naming)} a column of its name`],
  };
}

function counted(tables: number): string {
  return tables === 1 ? '1 table has' : `${tables} tables have`;
}

/** The column that tells its rows apart: the primary key, else another unique one that is never NULL. */
function keyOf(table: Table): string | undefined {
  const single = table.keys.filter(({ columns }) => columns.length === 1 && !mayBeNull(table, columns));
  return (single.find(({ primary }) => primary) ?? single[0])?.columns[0];
}

function requireKey(table: Table): string {
  const key = keyOf(table);
  if (key === undefined) throw keyless(table);
  return key;
}

/** A table that has the name lacks a key, or there is none of such a name. */
function noneFound(index: TableIndex): UsageError {
  const [named] = index.roots.filter((table) => isNamedSo(table));
  if (named !== undefined) return keyless(named);
  return new UsageError('no table of the legacy database has a name like clinics, companies or tenants', {
    hint: OPTION,
  });
}

function keyless(table: Table): UsageError {
  return new UsageError(`${displayName(table)} has no column that tells clinics apart`, {
    hint: 'Give it a primary key of one column, or a unique column that is NOT NULL.',
  });
}

function isNamedSo({ name }: Table): boolean {
  return CLINIC_WORDS.includes(singular(name));
}

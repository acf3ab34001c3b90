import { addDigests, type Digest, digestQuery, EMPTY_DIGEST, parseDigest } from '../../catalog/digest.js';
import type { Table } from '../../catalog/types.js';
import { displayName, quoteLiteral } from '../../core/identifiers.js';
import type { Databases, Session } from '../../core/ports.js';
import { sideBySide } from '../../core/side-by-side.js';
import type { Clinic, ClinicTable, MappedTable } from '../../tenancy/types.js';
import { borrowedRows } from './borrowed.js';
import { type NamedObjects, readNamedObjects } from './large-objects.js';
import type { VerifyDataOptions } from './options.js';
import { ownership } from './ownership.js';
import { asStored, catalogTable, provenColumns } from './places.js';
import { allRows, digestOf, type RowSet, rowId } from './rows.js';
import { type TenantColumn, tenantColumns } from './tenant-columns.js';
import { SAMPLES, stopIfAsked } from './words.js';

/** What one legacy table holds, and whose it is. */
export interface LegacyRows {
  readonly total: Digest;
  /** By clinic key: its own rows, or of a central table the copies that it has. */
  readonly own: ReadonlyMap<string, Digest>;
  /** Rows that every clinic gets. */
  readonly shared: Digest;
  /** Rows that have no place, or name a clinic that does not exist. */
  readonly aside: Digest;
  /** The same rows as quarantine keeps them, where nothing is computed. */
  readonly kept: Digest;
}

export interface LegacyDatabase {
  readonly rows: ReadonlyMap<MappedTable, LegacyRows>;
  /** Display names of the tables that hold rows without a place. */
  readonly suspects: ReadonlySet<string>;
  /** What names clinics, by this database alone. */
  readonly tenantColumns: readonly TenantColumn[];
  readonly objects: NamedObjects;
}

/** Sessions that all see the legacy database as it was at one instant. Never empty; close each. */
export async function openReaders(databases: Databases, legacyUrl: string, jobs: number): Promise<Session[]> {
  const readers: Session[] = [];
  try {
    const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
    const first = await databases.connect(legacyUrl, { readOnly: true });
    readers.push(first);
    await first.execute(begin);
    const [row] = await first.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
    while (readers.length < jobs) {
      const reader = await databases.connect(legacyUrl, { readOnly: true });
      readers.push(reader);
      await reader.execute(begin);
      await reader.execute(`SET TRANSACTION SNAPSHOT ${quoteLiteral(String(row?.id))}`);
    }
    return readers;
  } catch (error) {
    await Promise.all(readers.map((reader) => reader.close()));
    throw error;
  }
}

/**
 * Reads every table once and sums its rows by clinic. Where rows without a place turn up, the tables are read again
 * with that known, until nothing new is found: a row that refers to such a row has no place either.
 */
export async function readLegacy(
  options: VerifyDataOptions,
  readers: readonly Session[],
  onTable: () => void,
): Promise<LegacyDatabase> {
  const tables = options.map.tables.filter(({ scope }) => scope !== 'ignored');
  let suspects: ReadonlySet<string> = new Set();
  let rows = new Map<MappedTable, LegacyRows>();
  for (let again = tables; ; ) {
    const [first] = readers;
    const results = await sideBySide(again, readers.length, async (table, worker) => {
      stopIfAsked(options.signal, 'reading the legacy database');
      const found = await readTable(options, readers[worker] ?? (first as Session), table, suspects);
      onTable();
      return found;
    });
    rows = new Map([...rows, ...again.map((table, i) => [table, results[i] as LegacyRows] as const)]);
    const lost = [...rows].filter(([, { aside }]) => aside.rows > 0).map(([table]) => displayName(table));
    if (lost.every((name) => suspects.has(name))) {
      const columns = await tenantColumns(first as Session, options.catalog, options.map);
      const objects = await readNamedObjects(options, first as Session, suspects);
      return { rows, suspects, tenantColumns: columns, objects };
    }
    suspects = new Set([...suspects, ...lost]);
    again = tables.filter(leadsOn);
  }
}

/** True where what is known of other tables' rows can change what becomes of this one's. */
function leadsOn(table: MappedTable): boolean {
  if (table.scope !== 'clinic') return table.scope === 'central' && table.copyReferenced;
  return [...table.rules, ...table.witnesses].some((rule) => rule.kind === 'path');
}

async function readTable(
  { catalog, map, clinics }: VerifyDataOptions,
  session: Session,
  table: MappedTable,
  suspects: ReadonlySet<string>,
): Promise<LegacyRows> {
  const entry = catalogTable(catalog, table);
  if (table.scope !== 'clinic') {
    const total = await digestOf(allRows(session, entry));
    const none = {
      total,
      own: new Map<string, Digest>(),
      shared: EMPTY_DIGEST,
      aside: EMPTY_DIGEST,
      kept: EMPTY_DIGEST,
    };
    if (table.scope !== 'central' || !table.copyReferenced) return none;
    const { from, row, clinic } = borrowedRows(table, { catalog, map, suspects });
    const lent = await session.query<{ clinic: string | null }>(
      digestQuery({ from, row, columns: provenColumns(entry) }, { clinic }),
    );
    const placed = lent.map((group) => ({ ...group, place: group.clinic === null ? 'shared' : 'own' }));
    const { own, shared } = sortGroups(placed, new Set(clinics.map(({ key }) => key)));
    return { ...none, own, shared };
  }
  const { from, row, place, clinic } = ownership(table, { catalog, map, suspects });
  const known = new Set(clinics.map(({ key }) => key));
  const read = async ({ columns }: Pick<Table, 'columns'>) => {
    const names = columns.map(({ name }) => name);
    const groups = await session.query<{ place: string; clinic: string | null }>(
      digestQuery({ from, row, columns: names }, { place, clinic }),
    );
    return sortGroups(groups, known);
  };
  const found = await read(entry);
  const isComputed = entry.columns.some(({ generated }) => generated);
  return found.aside.rows === 0 || !isComputed
    ? { ...found, kept: found.aside }
    : { ...found, kept: (await read(asStored(entry))).aside };
}

function sortGroups(
  groups: readonly (Record<string, unknown> & { place: string; clinic: string | null })[],
  known: ReadonlySet<string>,
): Omit<LegacyRows, 'kept'> {
  const own = new Map<string, Digest>();
  let [total, shared, aside] = [EMPTY_DIGEST, EMPTY_DIGEST, EMPTY_DIGEST];
  for (const group of groups) {
    const digest = parseDigest(group);
    total = addDigests(total, digest);
    if (group.place === 'shared') shared = addDigests(shared, digest);
    else if (group.place === 'own' && group.clinic !== null && known.has(group.clinic))
      own.set(group.clinic, digest);
    else aside = addDigests(aside, digest);
  }
  return { total, own, shared, aside };
}

/** The legacy rows that a place must hold: a clinic's, or with undefined the whole table. */
export function legacyRows(
  options: VerifyDataOptions,
  session: Session,
  table: MappedTable,
  suspects: ReadonlySet<string>,
  clinic: Clinic | undefined,
): RowSet {
  const entry = catalogTable(options.catalog, table);
  if (clinic !== undefined && table.scope === 'central') {
    const lent = borrowedRows(table, { ...options, suspects });
    const where = `(${lent.clinic} IS NULL OR ${lent.clinic} = $1)`;
    return { session, table: entry, from: lent.from, row: lent.row, where, values: [clinic.key] };
  }
  if (table.scope !== 'clinic' || clinic === undefined) return allRows(session, entry);
  const { from, row, place, clinic: key } = ownership(table, { ...options, suspects });
  const where = `(${place} = 'shared' OR (${place} = 'own' AND ${key} = $1))`;
  return { session, table: entry, from, row, where, values: [clinic.key] };
}

/** Whose these rows are in the legacy database, by row id; undefined where they have no place. */
export async function ownersOf(
  options: VerifyDataOptions,
  session: Session,
  table: ClinicTable,
  suspects: ReadonlySet<string>,
  ids: readonly string[],
): Promise<Map<string, string | undefined>> {
  const { from, row, place, clinic } = ownership(table, { ...options, suspects });
  const found = await session.query<{ id: string; place: string; clinic: string | null }>(
    `SELECT ${rowId(catalogTable(options.catalog, table), row)} AS id, ${place} AS place, ${clinic} AS clinic
       FROM ${from} WHERE ${rowId(catalogTable(options.catalog, table), row)} = ANY ($1::text[])`,
    [ids],
  );
  return new Map(
    found.map((each) => [each.id, each.place === 'own' ? (each.clinic ?? undefined) : undefined]),
  );
}

/** Ids of legacy rows that have no place, a few of them. */
export async function asideSamples(
  options: VerifyDataOptions,
  session: Session,
  table: ClinicTable,
  suspects: ReadonlySet<string>,
): Promise<string[]> {
  const { from, row, place, clinic } = ownership(table, { ...options, suspects });
  const rows = await session.query<{ id: string }>(
    `SELECT ${rowId(catalogTable(options.catalog, table), row)} AS id FROM ${from}
      WHERE ${place} = 'none' OR (${place} = 'own' AND ${clinic} <> ALL ($1::text[]))
      ORDER BY 1 LIMIT ${SAMPLES}`,
    [options.clinics.map(({ key }) => key)],
  );
  return rows.map(({ id }) => id);
}

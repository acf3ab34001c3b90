import { quoteIdent, sameName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import type { MappedTable } from '../../tenancy/types.js';
import { borrowedRows } from './borrowed.js';
import type { VerifyDataOptions } from './options.js';
import { ownership } from './ownership.js';
import { catalogTable, centralTables } from './places.js';
import { allRows } from './rows.js';

/** The large objects of the legacy database that rows name, by oid, and where they belong by that. */
export interface NamedObjects {
  /** By clinic key. */
  readonly own: ReadonlyMap<string, ReadonlySet<string>>;
  readonly everyClinic: ReadonlySet<string>;
  readonly central: ReadonlySet<string>;
  /** Sizes and digests. */
  readonly contents: ReadonlyMap<string, string>;
}

/** Reads every column that names large objects, and each object that is named, once. `reader` is on the legacy snapshot. */
export async function readNamedObjects(
  options: VerifyDataOptions,
  reader: Session,
  suspects: ReadonlySet<string>,
): Promise<NamedObjects> {
  const own = new Map<string, Set<string>>();
  const [everyClinic, central] = [new Set<string>(), new Set<string>()];
  const known = new Set(options.clinics.map(({ key }) => key));
  const inCentral = centralTables(options.map);
  for (const table of options.map.tables) {
    const columns = table.largeObjects ?? [];
    if (columns.length === 0 || table.scope === 'ignored') continue;
    for (const { oid, place, clinic } of await readNames(options, reader, table, columns, suspects)) {
      if (place === 'shared') everyClinic.add(oid);
      if (place === 'own' && clinic !== null && known.has(clinic)) add(own, clinic, oid);
      else if (place === 'none' || place === 'own') central.add(oid);
      if (inCentral.some((each) => sameName(each, table))) central.add(oid);
    }
  }
  const all = new Set([...[...own.values()].flatMap((oids) => [...oids]), ...everyClinic, ...central]);
  return { own, everyClinic, central, contents: await readObjects(reader, [...all]) };
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  const found = sets.get(key);
  if (found === undefined) sets.set(key, new Set([value]));
  else found.add(value);
}

interface Name extends Record<string, unknown> {
  readonly oid: string;
  /** `central`: the row goes to no clinic. */
  readonly place: 'own' | 'shared' | 'none' | 'central';
  readonly clinic: string | null;
}

async function readNames(
  { catalog, map }: VerifyDataOptions,
  reader: Session,
  table: MappedTable,
  columns: readonly string[],
  suspects: ReadonlySet<string>,
): Promise<Name[]> {
  const entry = catalogTable(catalog, table);
  const read = (from: string, row: string, place: string, clinic: string): Promise<Name[]> => {
    const values = columns.map((column) => `${row}.${quoteIdent(column)}::text`).join(', ');
    return reader.query<Name>(
      `SELECT DISTINCT o.oid::text AS oid, n.place, n.clinic
         FROM (SELECT ${place} AS place, ${clinic} AS clinic, unnest(ARRAY[${values}]) COLLATE "C" AS value FROM ${from}) AS n
         JOIN pg_catalog.pg_largeobject_metadata AS o ON o.oid::text COLLATE "C" = n.value`,
    );
  };
  if (table.scope === 'clinic') {
    const { from, row, place, clinic } = ownership(table, { catalog, map, suspects });
    return read(from, row, place, clinic);
  }
  const whole = allRows(reader, entry);
  if (table.scope !== 'central')
    return read(whole.from, whole.row, table.scope === 'shared' ? "'shared'" : "'none'", 'NULL::text');
  const names = await read(whole.from, whole.row, "'central'", 'NULL::text');
  if (!table.copyReferenced) return names;
  const lent = borrowedRows(table, { catalog, map, suspects });
  const place = `CASE WHEN ${lent.clinic} IS NULL THEN 'shared' ELSE 'own' END`;
  return [...names, ...(await read(lent.from, lent.row, place, lent.clinic))];
}

const PIECE = 256 * 1024;
const AT_ONCE = 500;

/** Size and digest of each of these, piece after piece until one is short. All have to be there. */
export async function readObjects(session: Session, oids: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let from = 0; from < oids.length; from += AT_ONCE) {
    const rows = await session.query<{ oid: string; contents: string }>(
      `WITH RECURSIVE piece (oid, n, size, hash) AS (
         SELECT w, 0::bigint, pg_catalog.length(d.data), pg_catalog.sha512(d.data)
           FROM unnest($1::oid[]) AS w CROSS JOIN LATERAL (SELECT pg_catalog.lo_get(w, 0, ${PIECE}) AS data OFFSET 0) AS d
         UNION ALL
         SELECT p.oid, p.n + 1, pg_catalog.length(d.data), pg_catalog.sha512(d.data)
           FROM piece AS p
          CROSS JOIN LATERAL (SELECT pg_catalog.lo_get(p.oid, (p.n + 1) * ${PIECE}, ${PIECE}) AS data OFFSET 0) AS d
          WHERE p.size = ${PIECE})
       SELECT oid::text AS oid, sum(size) || ' bytes, ' ||
              pg_catalog.encode(pg_catalog.sha512(pg_catalog.string_agg(hash, '' ORDER BY n)), 'hex') AS contents
         FROM piece GROUP BY oid`,
      [oids.slice(from, from + AT_ONCE)],
    );
    for (const { oid, contents } of rows) found.set(oid, contents);
  }
  return found;
}

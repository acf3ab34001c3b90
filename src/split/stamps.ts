import type { Session } from '../core/ports.js';
import type { TablePlan } from './plan.js';

/** Which types rows are read by: a label of an enum, or a type that needs no rewrite, changes values and no row. */
const TYPES = `
  SELECT pg_catalog.concat(
      (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()), ';',
      (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attrelid, a.attnum, a.atttypid, a.atttypmod, a.attisdropped), ','
                                    ORDER BY a.attrelid, a.attnum)
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        WHERE a.attrelid >= 16384 AND a.attnum > 0 AND c.relkind IN ('r', 'p', 'c') AND c.relpersistence <> 't'), ';',
      (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', e.enumtypid, e.enumlabel), ',' ORDER BY e.oid)
         FROM pg_catalog.pg_enum e))`;

/**
 * A text for each table that stays the same just as long as nobody writes to it, in the order given: how many rows each
 * transaction has left there, and by which types they are read. Whatever is written since bears the mark of another
 * transaction, and whatever is deleted is missing. Worked out at a fraction of what a digest costs; a table that was
 * restored from a dump has another one, although it holds the same.
 */
export async function stampTables(
  session: Session,
  plans: readonly Pick<TablePlan, 'rows'>[],
): Promise<string[]> {
  if (plans.length === 0) return [];
  const queries = plans.map(
    ({ rows }, i) => `
      SELECT ${i} AS i, pg_catalog.string_agg(pg_catalog.concat_ws(' ', rel, by, n), ',' ORDER BY rel, by::text) AS rows
        FROM (SELECT t.tableoid AS rel, t.xmin AS by, count(*) AS n FROM ${rows} AS t GROUP BY t.tableoid, t.xmin) AS counted`,
  );
  const found = await session.query<{ i: number; stamp: string }>(
    `WITH known (types) AS MATERIALIZED (${TYPES}), tables AS (${queries.join(' UNION ALL ')})
     SELECT i, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat(types, ';', rows), 'UTF8')), 'hex') AS stamp
       FROM tables, known`,
  );
  const stamps = new Map(found.map(({ i, stamp }) => [i, stamp]));
  return plans.map((_, i) => stamps.get(i) ?? '');
}

import type { Session } from '../core/ports.js';

const NEEDED = `
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
      JOIN pg_catalog.pg_proc p ON d.refclassid = 'pg_catalog.pg_proc'::regclass AND p.oid = d.refobjid
      JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname = 'sql'
     WHERE d.objid >= 16384 AND d.classid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_constraint'::regclass)
       AND p.prosqlbody IS NULL
       AND NOT EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) AS c (entry) WHERE c.entry LIKE 'search_path=%')) AS needed`;

/**
 * True where not even a plan for reading a table can be made under an empty search_path: an index, a check or a
 * partition calls a function whose body is SQL text, which the planner reads, and its names may have no schema.
 */
export async function readsByNames(session: Session): Promise<boolean> {
  const [row] = await session.query<{ needed: boolean }>(NEEDED);
  return row?.needed === true;
}

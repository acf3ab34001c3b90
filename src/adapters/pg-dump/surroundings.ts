import type { QualifiedName } from '../../core/identifiers.js';
import type { DumpOptions } from '../../core/ports.js';
import { pgDatabases } from '../pg.js';

export interface Surroundings {
  /** What goes with the tables left out: their partitions and children, and the sequences these own. */
  readonly dependents: readonly QualifiedName[];
  /** Schemas that only extensions need: pg_dump makes the extension there, and not the schema. */
  readonly extensionSchemas: readonly string[];
}

const DEPENDENTS = `
  WITH RECURSIVE gone (oid) AS (
    SELECT c.oid FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS x (schema, name)
           ON x.schema = n.nspname AND x.name = c.relname
    UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN gone ON gone.oid = i.inhparent)
  SELECT n.nspname::text AS schema, c.relname::text AS name
    FROM (SELECT oid FROM gone
          UNION SELECT d.objid FROM pg_catalog.pg_depend d JOIN gone ON gone.oid = d.refobjid
           WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
             AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0) AS o
    JOIN pg_catalog.pg_class c ON c.oid = o.oid AND c.relkind IN ('r', 'p', 'f', 'S')
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   ORDER BY 1, 2`;

const EXTENSION_SCHEMAS = `
  SELECT DISTINCT n.nspname::text AS name
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
   WHERE n.nspname <> 'pg_catalog' AND n.nspname <> ALL ($1::text[])
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = n.oid AND d.deptype = 'e'
                        AND d.classid = 'pg_catalog.pg_namespace'::regclass)
   ORDER BY 1`;

/** What pg_dump does not find out by itself, asked of the database. */
export async function surroundings(url: string, options: DumpOptions): Promise<Surroundings> {
  const session = await pgDatabases.connect(url, { readOnly: true });
  try {
    const dependents = await session.query<{ schema: string; name: string }>(DEPENDENTS, [
      options.excludeTables.map((table) => table.schema),
      options.excludeTables.map((table) => table.name),
    ]);
    const schemas = await session.query<{ name: string }>(EXTENSION_SCHEMAS, [options.schemas]);
    return { dependents, extensionSchemas: schemas.map(({ name }) => name) };
  } finally {
    await session.close();
  }
}

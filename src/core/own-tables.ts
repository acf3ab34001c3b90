import { RunError } from './errors.js';
import type { Session } from './ports.js';

/**
 * What the program keeps in every database that it fills, as a script that can be run again: the receipts of what was
 * copied, the large objects among it with what the application's login and PUBLIC may do with them, and what follows the rows. Templates have it, since making it in hundreds of clinics costs more than cloning it.
 */
export const OWN_TABLES = `
  CREATE SCHEMA IF NOT EXISTS clinic_migrate;
  CREATE TABLE IF NOT EXISTS clinic_migrate.receipts (
    table_schema text NOT NULL, table_name text NOT NULL, rows bigint NOT NULL, digest text NOT NULL,
    snapshot text NOT NULL, fingerprint text NOT NULL, copied_at timestamptz NOT NULL DEFAULT now(),
    parts bytea, stamp text, PRIMARY KEY (table_schema, table_name));
  ALTER TABLE clinic_migrate.receipts ADD COLUMN IF NOT EXISTS parts bytea, ADD COLUMN IF NOT EXISTS stamp text;
  CREATE TABLE IF NOT EXISTS clinic_migrate.large_objects (
    oid oid PRIMARY KEY, bytes bigint NOT NULL, digest text NOT NULL, login text[] NOT NULL, public text[] NOT NULL);
  CREATE TABLE IF NOT EXISTS clinic_migrate.finished (
    fingerprint text PRIMARY KEY, finished_at timestamptz NOT NULL DEFAULT now())`;

export type OwnTable = 'receipts' | 'large_objects' | 'finished' | 'origin';

/**
 * They belong to the clinic's owner, and so may have been put in place by whoever acts as him. What runs code when it is
 * read or written would run it as us: a view, a rule, a trigger, a default, an index or a statistic over an expression.
 * Every clinic is asked this, by a session that knows no catalog yet: so few of them, and each by its index.
 */
const CHANGED = `
  SELECT c.relname::text AS name
    FROM pg_catalog.pg_class c
   WHERE c.relname = ANY ($1::name[]) AND c.relnamespace = pg_catalog.to_regnamespace('clinic_migrate')
     AND NOT (c.relkind = 'r' AND NOT c.relrowsecurity AND NOT c.relispartition
       AND NOT c.relhasrules AND NOT c.relhastriggers AND NOT c.relhassubclass AND c.relchecks = 0
       AND (SELECT count(*) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND NOT i.indisprimary) = 0
       AND (SELECT count(*) FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid) = 0
       AND (SELECT count(*) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid
               AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) <> 'now()') = 0
       AND (SELECT count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
               AND (a.atttypid >= 16384 OR a.attinhcount > 0)) = 0)
   ORDER BY 1`;

/** Those of the program's own tables that are something else than what it made, and must not be read or written. */
export async function changedOwnTables(
  session: Session,
  tables: readonly OwnTable[] = ['receipts', 'large_objects', 'finished', 'origin'],
): Promise<string[]> {
  const rows = await session.query<{ name: string }>(CHANGED, [tables]);
  return rows.map(({ name }) => `clinic_migrate.${name}`);
}

/** RunError where one of them must not be read. */
export async function refuseChangedOwnTables(session: Session, tables?: readonly OwnTable[]): Promise<void> {
  const changed = await changedOwnTables(session, tables);
  if (changed.length === 0) return;
  throw new RunError(
    `${session.label}: ${changed.join(', ')} is not the table that the program made, and using it could run code as whoever does`,
    {
      hint: 'Find out who could act as the owner of the database (`clinic-migrate verify access` names it). While it holds nothing but copies, drop it and run provision and split again; else restore the schema clinic_migrate from a backup.',
    },
  );
}

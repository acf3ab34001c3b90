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
    parts bytea, PRIMARY KEY (table_schema, table_name));
  ALTER TABLE clinic_migrate.receipts ADD COLUMN IF NOT EXISTS parts bytea;
  CREATE TABLE IF NOT EXISTS clinic_migrate.large_objects (
    oid oid PRIMARY KEY, bytes bigint NOT NULL, digest text NOT NULL, login text[] NOT NULL, public text[] NOT NULL);
  CREATE TABLE IF NOT EXISTS clinic_migrate.finished (
    fingerprint text PRIMARY KEY, finished_at timestamptz NOT NULL DEFAULT now())`;

export type OwnTable = 'receipts' | 'large_objects' | 'finished' | 'origin';

/**
 * They belong to the clinic's owner, and so may have been put in place by whoever acts as him. What runs code when it is
 * read or written would run it as us: a view, a rule, a trigger, a default, an expression of an index or a statistic.
 */
const CHANGED = `
  SELECT c.relname::text AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'clinic_migrate'
   WHERE c.relname = ANY ($1::text[])
     AND NOT (c.relkind = 'r' AND NOT c.relrowsecurity AND NOT c.relispartition
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhparent, i.inhrelid))
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype NOT IN ('p', 'u', 'n'))
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid
                          AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) <> 'now()')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                        WHERE a.attrelid = c.oid AND NOT a.attisdropped AND t.typnamespace <> 'pg_catalog'::regnamespace))
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

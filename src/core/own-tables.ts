/**
 * What the program keeps in every database that it fills, as a script that can be run again: the receipts of what was
 * copied, the large objects among it with what the application's login and PUBLIC may do with them, and what follows the rows. Templates have it, since making it in hundreds of clinics costs more than cloning it.
 */
export const OWN_TABLES = `
  CREATE SCHEMA IF NOT EXISTS clinic_migrate;
  CREATE TABLE IF NOT EXISTS clinic_migrate.receipts (
    table_schema text NOT NULL, table_name text NOT NULL, rows bigint NOT NULL, digest text NOT NULL,
    snapshot text NOT NULL, fingerprint text NOT NULL, copied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (table_schema, table_name));
  CREATE TABLE IF NOT EXISTS clinic_migrate.large_objects (
    oid oid PRIMARY KEY, bytes bigint NOT NULL, digest text NOT NULL, login text[] NOT NULL, public text[] NOT NULL);
  CREATE TABLE IF NOT EXISTS clinic_migrate.finished (
    fingerprint text PRIMARY KEY, finished_at timestamptz NOT NULL DEFAULT now())`;

import type { FindingCode } from '../../src/core/finding-codes.js';

/** A fault that verify data finds in a fleet that was provisioned and split. */
export interface After {
  readonly code: FindingCode;
  /** A clinic's key, `central`, `legacy` or `server`. */
  readonly where: string;
  /** `{prefix}_7` is the database of clinic 7. */
  readonly sql: string;
  /** Part of the message. */
  readonly says: string;
}

const drift = (sql: string, says: string, where = '3'): After => ({
  code: 'DATA_SCHEMA_DRIFT',
  where,
  sql,
  says,
});

export const AFTER: readonly After[] = [
  {
    code: 'DATA_ROWS_MISSING',
    where: '1',
    sql: 'DELETE FROM visits WHERE id = (SELECT min(id) FROM visits)',
    says: 'public.visits missing',
  },
  {
    code: 'DATA_ROWS_EXTRA',
    where: '1',
    sql: 'INSERT INTO visits (id, patient_id) SELECT 5000, min(id) FROM patients',
    says: 'public.visits that do not belong there',
  },
  {
    code: 'DATA_ROWS_CHANGED',
    where: '1',
    sql: "UPDATE patients SET name = 'other' WHERE id = (SELECT min(id) FROM patients)",
    says: 'public.patients with other values',
  },
  {
    code: 'DATA_ROWS_CHANGED',
    where: 'central',
    sql: "UPDATE users SET email = 'other' WHERE id = 1",
    says: 'public.users with other values',
  },
  {
    code: 'DATA_SEQUENCE_BEHIND',
    where: '1',
    sql: "SELECT setval('patients_id_seq', 1)",
    says: 'public.patients_id_seq will give 2 next',
  },
  {
    code: 'DATA_FOREIGN_ROWS',
    where: '2',
    sql: "INSERT INTO patients (id, company_id, name) VALUES (2, 2, 'p2')",
    says: 'public.patients of clinic 3',
  },
  {
    code: 'DATA_ORPHANS',
    where: '2',
    sql: `ALTER TABLE visits DISABLE TRIGGER ALL; ALTER TABLE patients DISABLE TRIGGER ALL;
      DELETE FROM patients WHERE id = (SELECT max(id) FROM patients)`,
    says: 'visits_patient_id_fkey',
  },
  drift('SELECT 1', 'foreign-key checks of public.visits are switched off', '2'),
  drift('DROP INDEX visits_kind', 'the index visits_kind is missing'),
  drift("ALTER TABLE visits ALTER kind SET DEFAULT 'other'", 'the default kind is not what it was'),
  drift('DROP TRIGGER touched ON visits', 'the trigger touched is missing'),
  drift('ALTER TABLE visits DROP CONSTRAINT kind_known', 'the check constraint kind_known is missing'),
  drift(
    'ALTER TABLE visits DROP CONSTRAINT visits_patient_id_fkey',
    'the foreign key visits_patient_id_fkey is missing',
  ),
  drift('ALTER TABLE patients ALTER name SET NOT NULL', 'the column name is text NOT NULL'),
  drift('ALTER TABLE patients ADD more int', 'the column more is not in the legacy table'),
  drift('ALTER TABLE drugs DROP CONSTRAINT drugs_pkey', 'the unique key drugs_pkey is missing'),
  drift('ALTER TABLE drugs ENABLE ROW LEVEL SECURITY', 'row security is enabled'),
  drift(
    'ALTER TABLE patients ADD CONSTRAINT short CHECK (length(name) < 99)',
    'the check constraint short is not in',
  ),
  drift('CREATE INDEX extra ON drugs (name)', 'the index extra is not in'),
  drift('CREATE RULE lose AS ON DELETE TO drugs DO INSTEAD NOTHING', 'the rule lose is not in'),
  drift(
    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    'the function touch\\(\\) is not what it was',
    '6',
  ),
  { code: 'DATA_TABLE_MISPLACED', where: '3', sql: 'CREATE TABLE loose (id int)', says: 'public.loose' },
  { code: 'DATA_OBJECT_EXTRA', where: '3', sql: 'CREATE SCHEMA spare', says: 'the schema spare' },
  {
    code: 'DATA_SETTING_DIFFERS',
    where: 'server',
    sql: `ALTER DATABASE "{prefix}_3" SET timezone = 'Asia/Tokyo'`,
    says: 'TimeZone',
  },
  {
    code: 'DATA_DATABASE_MISSING',
    where: 'server',
    sql: 'DROP DATABASE "{prefix}_4"',
    says: 'is not on the server',
  },
  {
    code: 'DATA_DATABASE_CLOSED',
    where: 'server',
    sql: 'ALTER DATABASE "{prefix}_5" WITH ALLOW_CONNECTIONS false',
    says: 'takes no connections',
  },
  {
    code: 'DATA_ANOTHERS_DATABASE',
    where: '7',
    sql: `UPDATE clinic_migrate.origin SET clinic_key = '1'`,
    says: 'is that of clinic 1',
  },
  {
    code: 'DATA_QUARANTINE_DIFFERS',
    where: 'central',
    sql: 'DELETE FROM clinic_migrate_quarantine.patients',
    says: 'belong to no clinic',
  },
  {
    code: 'DATA_NOT_CHECKED',
    where: 'legacy',
    sql: "INSERT INTO companies VALUES (8, 'New')",
    says: '1 clinics have no database of their own yet: 8',
  },
  { code: 'DATA_LARGE_OBJECTS_MISSING', where: '2', sql: 'SELECT lo_unlink(50002)', says: 'are not there' },
  {
    code: 'DATA_LARGE_OBJECTS_CHANGED',
    where: '1',
    sql: `SELECT lo_put(50001, 0, 'x')`,
    says: 'are not what they are',
  },
  {
    code: 'DATA_LARGE_OBJECTS_FOREIGN',
    where: '3',
    sql: `SELECT lo_from_bytea(50001, convert_to('object 1', 'UTF8'))`,
    says: 'are named by rows of others',
  },
  {
    code: 'DATA_LARGE_OBJECTS_EXTRA',
    where: '3',
    sql: `SELECT lo_from_bytea(60000, 'x')`,
    says: 'are named by no row',
  },
];

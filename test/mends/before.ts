import type { FindingCode } from '../../src/core/finding-codes.js';

/** A fault of the legacy database that is found before anything is made. */
export interface Before {
  readonly code: FindingCode;
  /** SQL in the legacy database. */
  readonly plant: string;
  /** What the configuration says of it at first. */
  readonly config?: Record<string, unknown>;
  /** Part of the finding's subject. */
  readonly subject: string;
  /** SQL that does what the hint or the mend says, where it is a change of rows or schema; else the hint has the line of configuration. */
  readonly byHand?: string;
}

export const BEFORE: readonly Before[] = [
  {
    code: 'TENANCY_UNRESOLVED',
    plant: "CREATE TABLE lookups (id int PRIMARY KEY, name text); INSERT INTO lookups VALUES (1, 'x')",
    subject: 'lookups',
  },
  {
    code: 'TENANCY_NOT_A_KEY',
    plant: `CREATE TABLE codes (id int PRIMARY KEY, patient_id int REFERENCES patients, company_id text);
      INSERT INTO codes VALUES (1, 1, 'no clinic')`,
    subject: 'codes',
    byHand: "UPDATE codes SET company_id = '1'",
  },
  {
    code: 'TENANCY_SHARED_POINTS_AT_CLINIC',
    plant:
      "CREATE TABLE holidays (id int PRIMARY KEY, company_id text REFERENCES companies); INSERT INTO holidays VALUES (1, '1')",
    config: { tables: { holidays: { scope: 'shared' } } },
    subject: 'holidays',
  },
  {
    code: 'TENANCY_OTHER_CLINICS',
    plant: `CREATE TABLE referrals (id int PRIMARY KEY, patient_id int REFERENCES patients, to_company text);
      INSERT INTO referrals VALUES (1, 1, 'nobody')`,
    config: { tables: { referrals: { scope: 'clinic', via: 'patient_id', otherClinics: ['to_company'] } } },
    subject: 'referrals',
    byHand: "UPDATE referrals SET to_company = '2'",
  },
  {
    code: 'SPLIT_NO_CLINIC',
    plant: "INSERT INTO patients (id, name) VALUES (90, 'nobody''s')",
    subject: 'patients',
    byHand: "UPDATE patients SET company_id = '1' WHERE id = 90",
  },
  {
    code: 'SPLIT_UNKNOWN_CLINIC',
    plant: `CREATE TABLE invoices (id int PRIMARY KEY, company_id text); INSERT INTO invoices VALUES (1, '1'), (2, 'unknown')`,
    config: { tables: { invoices: { scope: 'clinic', key: 'company_id' } } },
    subject: 'invoices',
    byHand: "UPDATE invoices SET company_id = '2' WHERE id = 2",
  },
  {
    code: 'SPLIT_PATHS_DISAGREE',
    plant: `CREATE TABLE visits (id int PRIMARY KEY, patient_id int REFERENCES patients, company_id text REFERENCES companies);
      INSERT INTO visits VALUES (1, 1, '1'), (2, 1, '2')`,
    config: { tables: { visits: { scope: 'clinic', via: 'patient_id' } } },
    subject: 'visits',
  },
  {
    code: 'SPLIT_DANGLING',
    plant: `CREATE TABLE notes (id int PRIMARY KEY, company_id text REFERENCES companies, patient_id int REFERENCES patients);
      SET session_replication_role = replica; INSERT INTO notes VALUES (1, '1', 1), (2, '1', 777); RESET session_replication_role`,
    subject: 'notes',
    byHand: 'DELETE FROM notes WHERE id = 2',
  },
  {
    code: 'PROVISION_NAME_UNFIT',
    plant: `INSERT INTO companies VALUES (repeat('k', 80), 'Long')`,
    subject: 'kkkk',
  },
  {
    code: 'PROVISION_PARENT_ABSENT',
    plant: `CREATE TABLE base (id int); CREATE TABLE derived (company_id text REFERENCES companies) INHERITS (base)`,
    config: { tables: { base: { scope: 'central' } } },
    subject: 'derived',
    byHand: 'ALTER TABLE derived NO INHERIT base',
  },
  {
    code: 'PROVISION_FOREIGN_TABLE',
    plant: `CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
      CREATE FOREIGN TABLE remote (id int) SERVER far`,
    subject: 'remote',
    byHand: 'DROP FOREIGN DATA WRAPPER nowhere CASCADE',
  },
  {
    code: 'PROVISION_OBJECT_LEFT_BEHIND',
    plant: 'CREATE PUBLICATION news',
    subject: '',
    byHand: 'DROP PUBLICATION IF EXISTS news',
  },
  {
    code: 'PROVISION_FUNCTION_READS_ABSENT',
    plant:
      "CREATE FUNCTION mails() RETURNS SETOF text LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT email FROM users; END'",
    subject: 'mails',
    byHand: 'DROP FUNCTION IF EXISTS mails()',
  },
  {
    code: 'PROVISION_SCHEMA_NEEDED',
    plant: `CREATE SCHEMA "more"; CREATE TYPE "more".kind AS ENUM ('a'); CREATE TABLE kinds (id int PRIMARY KEY,
      company_id text REFERENCES companies, kind "more".kind)`,
    subject: 'more',
  },
  {
    code: 'PROVISION_LARGE_OBJECTS',
    plant: 'SELECT lo_create(4242)',
    subject: 'large objects',
    byHand: 'SELECT count(lo_unlink(oid)) FROM pg_largeobject_metadata WHERE oid = 4242',
  },
  {
    code: 'PROVISION_VIEW_LEFT_OUT',
    plant: 'CREATE VIEW mixed AS SELECT p.name, u.email FROM patients p, users u',
    subject: 'mixed',
    byHand: 'DROP VIEW IF EXISTS mixed',
  },
];

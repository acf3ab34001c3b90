import { pgDatabases } from '../../src/adapters/pg.js';
import { readCatalog } from '../../src/catalog/read-catalog.js';
import type { Progress } from '../../src/core/ports.js';
import type { ClinicState, ClinicTarget } from '../../src/provision/types.js';
import type { Clinic, MappedTable, Reference, Rule, TenancyMap } from '../../src/tenancy/types.js';
import type { VerifyDataOptions } from '../../src/verify/data.js';
import { createDatabase, type TestDatabase, withSession } from '../support/postgres.js';

/** Three clinics, one with an apostrophe; the third has no rows of its own but the shared ones. */
export const CLINICS: readonly Clinic[] = [
  { key: '1', label: 'O\'Neil & "Sons"' },
  { key: '2', label: 'Müller' },
  { key: '30', label: 'Empty' },
];

const SCHEMA = `
  CREATE TYPE kind AS ENUM ('check', 'emergency');
  CREATE TABLE companies (id integer PRIMARY KEY, name text NOT NULL, code text UNIQUE);
  CREATE TABLE users (id serial PRIMARY KEY, company_id integer REFERENCES companies, email text);
  CREATE TABLE drugs (id serial PRIMARY KEY, name text CHECK (name <> ''));
  CREATE TABLE categories (id serial PRIMARY KEY, company_id integer REFERENCES companies, name text);
  CREATE TABLE patients (id serial PRIMARY KEY, company_id integer REFERENCES companies,
    created_by integer REFERENCES users, category_id integer REFERENCES categories, name text,
    twice text GENERATED ALWAYS AS (name || name) STORED);
  CREATE TABLE appointments (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, patient_id integer REFERENCES patients,
    at timestamptz, kind kind DEFAULT 'check');
  CREATE INDEX appointments_at ON appointments (at);
  CREATE TABLE notes (subject_id integer, subject_type text, body text);
  CREATE TABLE badges (patient_id integer REFERENCES patients, company_code text REFERENCES companies (code), no integer,
    PRIMARY KEY (company_code, no));
  CREATE TABLE sessions (id text);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touched BEFORE UPDATE ON patients FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE VIEW patient_names AS SELECT name FROM patients;
  CREATE VIEW user_mails AS SELECT email FROM users;`;

/** Patient 999 has no clinic, and appointment 999 is one of hers. */
const ROWS = `
  INSERT INTO companies VALUES (1, 'O''Neil', 'one'), (2, 'Müller', 'two'), (30, 'Empty', 'none');
  INSERT INTO users (company_id, email) SELECT 1 + i % 2, 'u' || i FROM generate_series(1, 10) i;
  INSERT INTO drugs (name) SELECT 'drug ' || i FROM generate_series(1, 20) i;
  INSERT INTO categories (company_id, name) VALUES (NULL, 'for all'), (1, 'of one'), (2, 'of two');
  INSERT INTO patients (company_id, created_by, category_id, name)
    SELECT 1 + i % 2, i % 10 + 1, CASE i % 3 WHEN 0 THEN 1 WHEN 1 THEN 2 + i % 2 END, 'p' || i FROM generate_series(1, 1200) i;
  INSERT INTO patients (id, name) VALUES (2999, 'nobody''s');
  INSERT INTO appointments (patient_id, at, kind)
    SELECT i, '2024-01-01'::timestamptz + i * interval '1 hour', 'check' FROM generate_series(1, 1200) i;
  INSERT INTO appointments (id, patient_id) OVERRIDING SYSTEM VALUE VALUES (2999, 2999);
  INSERT INTO notes SELECT i, 'Patient', 'note ' || i FROM generate_series(1, 40) i;
  INSERT INTO notes SELECT i, 'Company', 'about the clinic' FROM generate_series(1, 2) i;
  INSERT INTO badges SELECT i, CASE i % 2 WHEN 0 THEN 'one' ELSE 'two' END, i FROM generate_series(1, 40) i;
  INSERT INTO sessions VALUES ('s');
  SELECT setval('patients_id_seq', 3000), setval('appointments_id_seq', 3000);`;

/** By hand, and in another way than the program's: everything that is not the clinic's goes. */
function keepOnly(key: string): string {
  return `
    DROP TABLE users, sessions CASCADE;
    DELETE FROM badges WHERE company_code <> (SELECT code FROM companies WHERE id = ${key});
    DELETE FROM notes WHERE subject_id NOT IN (SELECT id FROM patients WHERE company_id = ${key}) AND subject_type = 'Patient';
    DELETE FROM notes WHERE subject_id <> ${key} AND subject_type = 'Company';
    DELETE FROM appointments WHERE patient_id IN (SELECT id FROM patients WHERE company_id IS DISTINCT FROM ${key});
    DELETE FROM patients WHERE company_id IS DISTINCT FROM ${key};
    DELETE FROM categories WHERE company_id <> ${key};
    DELETE FROM companies WHERE id <> ${key};`;
}

const CENTRAL = `
  CREATE SCHEMA clinic_migrate_quarantine;
  CREATE TABLE clinic_migrate_quarantine.patients AS
    SELECT 'no clinic' AS clinic_migrate_reason, '' AS clinic_migrate_clinic, id, company_id, created_by, category_id, name
      FROM patients WHERE id = 2999;
  CREATE TABLE clinic_migrate_quarantine.appointments AS
    SELECT 'no clinic' AS clinic_migrate_reason, '' AS clinic_migrate_clinic, * FROM appointments WHERE id = 2999;
  DROP TABLE categories, patients, appointments, notes, badges, sessions CASCADE;`;

const table = (name: string) => ({ schema: 'public', name });
const reference = (column: string, to: string, when?: string): Rule => {
  const path: Reference = {
    columns: [column],
    references: table(to),
    referencedColumns: ['id'],
    when,
    constraint: undefined,
  };
  return { kind: 'path', reference: path };
};
const column = (name: string, clinicColumn = 'id'): Rule => ({ kind: 'column', column: name, clinicColumn });
const clinic = (name: string, rules: Rule[], witnesses: Rule[] = [], nullKey?: 'shared'): MappedTable => ({
  ...table(name),
  scope: 'clinic',
  evidence: 'configuration',
  rule: name,
  rules,
  witnesses,
  nullKey,
});
const other = (name: string, scope: 'shared' | 'central' | 'ignored' | 'unresolved'): MappedTable => ({
  ...table(name),
  scope,
  evidence: 'configuration',
  rule: scope,
  copyReferenced: false,
});

export const MAP: TenancyMap = {
  clinicTable: { ...table('companies'), key: 'id', label: 'name' },
  tables: [
    clinic('appointments', [reference('patient_id', 'patients')]),
    clinic('badges', [column('company_code', 'code')], []),
    clinic('categories', [column('company_id')], [], 'shared'),
    clinic('companies', [{ kind: 'self', column: 'id' }]),
    other('drugs', 'shared'),
    clinic('notes', [
      reference('subject_id', 'patients', "subject_type = 'Patient' -- of the patient"),
      reference('subject_id', 'companies', "notes.subject_type = 'Company'"),
    ]),
    clinic('patients', [column('company_id')], [reference('category_id', 'categories')]),
    other('sessions', 'ignored'),
    other('users', 'central'),
  ],
  crossingKeys: [
    {
      table: table('patients'),
      constraint: 'patients_created_by_fkey',
      references: table('users'),
      outcome: 'dropped',
    },
  ],
  findings: [],
};

export const silent: Progress = {
  start: () => ({ advance: () => undefined, done: () => undefined, fail: () => undefined }),
};

/** A legacy database and everything it was taken apart into. */
export interface Fleet {
  readonly legacy: TestDatabase;
  readonly central: TestDatabase;
  /** In the order of CLINICS. */
  readonly clinics: readonly TestDatabase[];
  options(state?: ClinicState): Promise<VerifyDataOptions>;
  drop(): Promise<void>;
}

export async function buildFleet(): Promise<Fleet> {
  const scripts = [ROWS, ROWS + CENTRAL, ...CLINICS.map(({ key }) => ROWS + keepOnly(key))];
  const made = await Promise.all(scripts.map((rows) => createDatabase(SCHEMA + rows)));
  const [legacy, central, ...clinics] = made as [TestDatabase, TestDatabase, ...TestDatabase[]];
  return {
    legacy,
    central,
    clinics,
    options: async (state = 'ready') => ({
      databases: pgDatabases,
      legacyUrl: legacy.url,
      catalog: await withSession(legacy.url, (session) => readCatalog(session, ['public'])),
      map: MAP,
      clinics: CLINICS,
      targets: CLINICS.map((each, i) => targetOf(each, clinics[i] as TestDatabase, state)),
      centralUrl: central.url,
      progress: silent,
      jobs: 2,
      signal: new AbortController().signal,
    }),
    drop: async () => {
      await Promise.all(made.map((database) => database.drop()));
    },
  };
}

function targetOf(each: Clinic, database: TestDatabase, state: ClinicState): ClinicTarget {
  return {
    clinic: each,
    state,
    database: database.name,
    role: 'none',
    owner: 'none',
    adminUrl: database.url,
    roleUrl: database.url,
  };
}

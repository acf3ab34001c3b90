import type { Session } from '../../src/core/ports.js';
import { withDatabase } from '../../src/core/urls.js';
import { readRegistry } from '../../src/provision/registry.js';
import { withSession } from './postgres.js';

const CLINICS = 8;

/** Every scope, rows that have no place, and a table without any key, in which a row may be twice and nobody objects. */
export const SCRIPT = `
  CREATE EXTENSION hstore SCHEMA public;
  CREATE TABLE companies (id int PRIMARY KEY, name text NOT NULL);
  CREATE TABLE users (id serial PRIMARY KEY, boss int REFERENCES users, email text UNIQUE);
  CREATE TABLE drugs (id serial PRIMARY KEY, name text);
  CREATE TABLE categories (id int PRIMARY KEY, company_id int REFERENCES companies, name text);
  CREATE TABLE patients (id serial PRIMARY KEY, company_id int REFERENCES companies, made_by int REFERENCES users,
    name text, born date);
  CREATE TABLE visits (id serial PRIMARY KEY, patient_id int NOT NULL REFERENCES patients, notes text);
  CREATE TABLE readings (patient_id int NOT NULL REFERENCES patients, value text);
  CREATE INDEX ON visits (patient_id);
  INSERT INTO companies SELECT i, 'clinic ' || i FROM generate_series(1, ${CLINICS}) i;
  INSERT INTO users SELECT i, nullif(i / 2, 0), 'u' || i FROM generate_series(1, 300) i;
  INSERT INTO drugs SELECT i, 'drug ' || i FROM generate_series(1, 700) i;
  INSERT INTO categories SELECT i, nullif(i % ${CLINICS + 1}, 0), 'c' || i FROM generate_series(1, 90) i;
  INSERT INTO patients SELECT i, nullif(i % 81, 0) % ${CLINICS} + 1, 1 + i % 300, 'p' || i, date '1950-01-01' + i
    FROM generate_series(1, 3000) i;
  INSERT INTO visits SELECT i, 1 + i % 3000, repeat(md5(i::text), 3) FROM generate_series(1, 12000) i;
  INSERT INTO readings SELECT 1 + i % 3000, md5((i / 2)::text) FROM generate_series(1, 8000) i;
  SELECT setval('users_id_seq', 300), setval('drugs_id_seq', 700), setval('patients_id_seq', 3000), setval('visits_id_seq', 12000);`;

export const CONFIG = {
  unassignable: 'quarantine',
  tables: {
    users: { scope: 'central', copyReferenced: true },
    drugs: { scope: 'shared' },
    categories: { scope: 'clinic', key: 'company_id', nullKey: 'shared' },
  },
};

/** A database as a reader of its own sees it. */
export interface Contents {
  /** Number of rows and a hash over all of them, by table. */
  readonly rows: Readonly<Record<string, string>>;
  /** Keys, extensions, indexes, missing statistics, and where the sequences stand. */
  readonly schema: readonly string[];
}

/** The central database under `central`, each clinic's with its state under its key. */
export type Installation = Readonly<Record<string, Contents & { readonly state?: string }>>;

const TABLES = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'clinic_migrate')
   ORDER BY 1`;

const SCHEMA = `
  SELECT c.conrelid::regclass || ' ' || pg_catalog.pg_get_constraintdef(c.oid) || ' ' || c.convalidated AS line
    FROM pg_catalog.pg_constraint c WHERE c.connamespace = 'public'::regnamespace
  UNION ALL SELECT 'EXTENSION ' || extname FROM pg_catalog.pg_extension
  UNION ALL SELECT indexdef FROM pg_catalog.pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT sequencename || ' ' || coalesce(last_value, 0) FROM pg_catalog.pg_sequences WHERE schemaname = 'public'
  UNION ALL SELECT c.oid::regclass || ' lacks statistics' FROM pg_catalog.pg_class c
   WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relpages > 0
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_statistic WHERE starelid = c.oid)
   ORDER BY 1`;

async function readContents(session: Session): Promise<Contents> {
  const tables = await session.query<{ name: string }>(TABLES);
  const each = tables.map(
    ({ name }) => `SELECT '${name}' AS name,
      count(*) || ' ' || md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C"), '')) AS rows FROM ${name} t`,
  );
  const rows = await session.query<{ name: string; rows: string }>(each.join(' UNION ALL '));
  const schema = await session.query<{ line: string }>(SCHEMA);
  return {
    rows: Object.fromEntries(rows.map((row) => [row.name, row.rows])),
    schema: schema.map(({ line }) => line),
  };
}

/** What a database holds; read with no code of split's or verify's. */
export function contentsOf(url: string): Promise<Contents> {
  return withSession(url, readContents);
}

export async function installationOf(centralUrl: string): Promise<Installation> {
  const found: Record<string, Contents & { state?: string }> = { central: await contentsOf(centralUrl) };
  for (const { key, database, state } of await withSession(centralUrl, readRegistry))
    found[key] = { state, ...(await contentsOf(withDatabase(centralUrl, database))) };
  return found;
}

/** The clinics that hold some of their rows and not all, or are said to be ready and are not. */
export function halfDone(found: Installation, whole: Installation): string[] {
  return Object.entries(found).flatMap(([key, clinic]) => {
    const isEmpty = Object.values(clinic.rows).every((rows) => rows.startsWith('0 '));
    const hasAll = same(clinic.rows, whole[key]?.rows);
    if (key === 'central' || (clinic.state !== 'ready' && (isEmpty || hasAll))) return [];
    return hasAll && same(clinic.schema, whole[key]?.schema) ? [] : [`${key}: ${JSON.stringify(clinic)}`];
  });
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

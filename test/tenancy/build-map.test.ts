import { afterEach, describe, expect, it } from 'vitest';
import { probeColumns } from '../../src/catalog/probe.js';
import { readCatalog } from '../../src/catalog/read-catalog.js';
import type { TableConfig } from '../../src/config/types.js';
import { buildTenancyMap } from '../../src/tenancy/build-map.js';
import { candidateColumns } from '../../src/tenancy/candidates.js';
import { findClinicTable } from '../../src/tenancy/clinic-table.js';
import type { TenancyMap } from '../../src/tenancy/types.js';
import { createDatabase, type TestDatabase, withSession } from '../support/postgres.js';

const made: TestDatabase[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

async function mapOf(
  script: string,
  tables: Record<string, TableConfig> = {},
  table?: string,
): Promise<TenancyMap> {
  const database = await createDatabase(script);
  made.push(database);
  return withSession(database.url, async (session) => {
    const catalog = await readCatalog(session, ['public']);
    const clinics = { table, database: 'c_{key}', server: 'main' };
    const clinicTable = findClinicTable(catalog, clinics);
    const probes = await probeColumns(session, clinicTable, candidateColumns(catalog, clinicTable, tables));
    return buildTenancyMap(catalog, { clinics, tables }, probes);
  });
}

/** `table scope evidence rule` of every table but the clinic table. */
const brief = ({ tables, clinicTable }: TenancyMap): string[] =>
  tables
    .filter(({ name }) => name !== clinicTable.name)
    .map(({ name, scope, evidence, rule }) => `${name}: ${scope} by ${evidence}: ${rule}`);

const CLINICS =
  "CREATE TABLE companies (id int PRIMARY KEY, name text, code text UNIQUE); INSERT INTO companies VALUES (1, 'A', 'a'), (2, 'B', 'b');";

describe('the tenancy map', () => {
  it('takes foreign keys, then columns by their values, then paths', async () => {
    const map = await mapOf(`${CLINICS}
      CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies);
      CREATE TABLE rooms (id int PRIMARY KEY, clinic_id int);
      INSERT INTO rooms VALUES (1, 1), (2, 2), (3, NULL);
      CREATE TABLE visits (id int PRIMARY KEY, patient_id int REFERENCES patients);
      CREATE TABLE bills (visit_id int REFERENCES visits);`);
    expect(brief(map)).toEqual([
      'bills: clinic by path: visit_id → public.visits → patient_id → public.patients → company_id',
      'patients: clinic by foreign key: company_id',
      'rooms: clinic by column values: clinic_id',
      'visits: clinic by path: patient_id → public.patients → company_id',
    ]);
    expect(map.findings).toEqual([]);
  });

  it('follows keys to other unique columns, composite keys and self-references', async () => {
    const map = await mapOf(`${CLINICS}
      CREATE TABLE badges (no int PRIMARY KEY, company_code text REFERENCES companies (code));
      CREATE TABLE folders (a int, b int, company_id int REFERENCES companies, parent_a int, parent_b int,
        PRIMARY KEY (a, b), FOREIGN KEY (parent_a, parent_b) REFERENCES folders);
      CREATE TABLE pages (a int, b int, FOREIGN KEY (a, b) REFERENCES folders);`);
    expect(brief(map)).toEqual([
      'badges: clinic by foreign key: company_code',
      'folders: clinic by foreign key: company_id',
      'pages: clinic by path: a, b → public.folders → company_id',
    ]);
    const folders = map.tables.find(({ name }) => name === 'folders');
    expect(folders?.scope === 'clinic' && folders.witnesses.map(({ kind }) => kind)).toEqual(['path']);
  });

  it('drops the clinic table’s keys to other clinics, and has its own row refer to nobody else’s', async () => {
    const map = await mapOf(`
      CREATE TABLE companies (id int PRIMARY KEY, name text, group_id int REFERENCES companies, admin int);
      CREATE TABLE users (id int PRIMARY KEY, company_id int REFERENCES companies);
      ALTER TABLE companies ADD FOREIGN KEY (admin) REFERENCES users;`);
    expect(map.crossingKeys.map(({ constraint, outcome }) => [constraint, outcome])).toEqual([
      ['companies_group_id_fkey', 'dropped'],
    ]);
    expect(map.findings.map(({ code, message }) => [code, message])).toEqual([
      [
        'TENANCY_CROSSING_KEY',
        'public.companies keeps its values but loses the foreign key companies_group_id_fkey to other clinics, which are in other databases',
      ],
    ]);
    const companies = map.tables.find(({ name }) => name === 'companies');
    expect(companies?.scope === 'clinic' && companies.witnesses).toMatchObject([
      { kind: 'path', reference: { columns: ['admin'], constraint: 'companies_admin_fkey' } },
    ]);
  });

  it('does not take a column for a key because of its name', async () => {
    const map = await mapOf(`${CLINICS}
      CREATE TABLE stock (id int PRIMARY KEY, company_id int); INSERT INTO stock VALUES (1, 1), (2, 99);
      CREATE TABLE drugs (id int PRIMARY KEY, name text);`);
    expect(brief(map)).toEqual(['drugs: unresolved by none: ', 'stock: unresolved by none: ']);
    expect(map.findings.map(({ code, severity, subject }) => [code, severity, subject])).toEqual([
      ['TENANCY_UNRESOLVED', 'error', 'public.drugs'],
      ['TENANCY_UNRESOLVED', 'error', 'public.stock'],
    ]);
  });

  it('lists the foreign keys that would cross databases', async () => {
    const map = await mapOf(
      `${CLINICS} CREATE TABLE users (id int PRIMARY KEY, company_id int REFERENCES companies);
       CREATE TABLE patients (id int, company_id int REFERENCES companies, made_by int REFERENCES users);`,
      { users: { scope: 'central' } },
    );
    expect(map.crossingKeys).toEqual([
      {
        table: { schema: 'public', name: 'patients' },
        constraint: 'patients_made_by_fkey',
        references: { schema: 'public', name: 'users' },
        outcome: 'dropped',
      },
    ]);
    // The path through the central table is no witness: its rows are elsewhere.
    const patients = map.tables.find(({ name }) => name === 'patients');
    expect(patients?.scope === 'clinic' && patients.witnesses).toEqual([]);
  });

  it('keeps the foreign keys of central tables to shared ones, which central has too', async () => {
    const map = await mapOf(
      `${CLINICS} CREATE TABLE drugs (id int PRIMARY KEY); CREATE TABLE users (id int, drug int REFERENCES drugs);`,
      { users: { scope: 'central' }, drugs: { scope: 'shared' } },
    );
    expect(map.crossingKeys).toEqual([]);
    expect(map.findings).toEqual([]);
  });

  it('says for which keys central rows are copied, and which of their own keys they lose there', async () => {
    const map = await mapOf(
      `${CLINICS} CREATE TABLE users (id int PRIMARY KEY, company_id int REFERENCES companies);
       CREATE TABLE patients (id int, company_id int REFERENCES companies, made_by int REFERENCES users);`,
      { users: { scope: 'central', copyReferenced: true } },
    );
    expect(map.findings.map(({ code, severity, subject }) => [code, severity, subject])).toEqual([
      ['TENANCY_COPY_REFERENCED', 'info', 'public.users'],
      ['TENANCY_CROSSING_KEY', 'info', 'public.users'],
    ]);
  });

  it('keeps a shared table from pointing at the rows of one clinic', async () => {
    const map = await mapOf(
      `${CLINICS} CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies);
       CREATE TABLE drugs (id int, favourite_of int REFERENCES patients);`,
      { drugs: { scope: 'shared' } },
    );
    expect(map.findings.map(({ code, severity }) => [code, severity])).toEqual([
      ['TENANCY_SHARED_POINTS_AT_CLINIC', 'error'],
    ]);
  });

  it('takes polymorphic references from the configuration', async () => {
    const map = await mapOf(
      `${CLINICS} CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies);
       CREATE TABLE notes (subject_id int, subject_type text);`,
      {
        notes: {
          scope: 'clinic',
          via: { column: 'subject_id', references: 'patients.id', when: "subject_type = 'Patient'" },
        },
      },
    );
    expect(brief(map)).toContain(
      "notes: clinic by configuration: subject_id → public.patients → company_id (where subject_type = 'Patient')",
    );
  });

  it.each([
    [{ patiens: { scope: 'shared' } }, /patiens/],
    [{ patients: { scope: 'clinic', key: 'compny_id' } }, /compny_id/],
    [{ patients: { scope: 'clinic', via: 'nowhere_id' } }, /nowhere_id/],
  ] as const)('refuses a configuration that names what does not exist: %o', async (tables, message) => {
    const script = `${CLINICS} CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies);`;
    await expect(mapOf(script, tables)).rejects.toThrow(message);
  });
});

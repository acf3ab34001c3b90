import { afterEach, describe, expect, it } from 'vitest';
import { probeColumns } from '../../src/catalog/probe.js';
import { readCatalog } from '../../src/catalog/read-catalog.js';
import type { TableConfig } from '../../src/config/types.js';
import type { TenancyGraph } from '../../src/core/graph.js';
import { buildTenancyMap } from '../../src/tenancy/build-map.js';
import { candidateColumns } from '../../src/tenancy/candidates.js';
import { findClinicTable } from '../../src/tenancy/clinic-table.js';
import { buildGraph } from '../../src/tenancy/graph.js';
import { createDatabase, type TestDatabase, withSession } from '../support/postgres.js';

const made: TestDatabase[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

async function graphOf(script: string, tables: Record<string, TableConfig> = {}): Promise<TenancyGraph> {
  const database = await createDatabase(script);
  made.push(database);
  return withSession(database.url, async (session) => {
    const catalog = await readCatalog(session, ['public', 'other']);
    const clinics = { table: 'companies', database: 'c_{key}', server: 'main' };
    const clinicTable = findClinicTable(catalog, clinics);
    const probes = await probeColumns(session, clinicTable, candidateColumns(catalog, clinicTable, tables));
    return buildGraph(
      catalog,
      buildTenancyMap(catalog, { clinics, tables }, probes),
      ({ name }) => name.length,
    );
  });
}

/** `visits.patient_id → patients: rule` of every edge. */
function brief({ nodes, edges }: TenancyGraph): string[] {
  const names = new Map(nodes.map(({ id, shortName }) => [id, shortName]));
  return edges.map(({ from, to, label, kind }) => `${names.get(from)}.${label} → ${names.get(to)}: ${kind}`);
}

const SCRIPT = `CREATE SCHEMA other;
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TABLE users (id int PRIMARY KEY, company_id int REFERENCES companies);
  CREATE TABLE drugs (id int PRIMARY KEY);
  CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies, parent_id int REFERENCES patients,
    made_by int REFERENCES users, drug_id int REFERENCES drugs);
  CREATE TABLE visits (id int PRIMARY KEY, patient_id int NOT NULL REFERENCES patients,
    other_id int REFERENCES patients);`;
const TABLES = { users: { scope: 'central' }, drugs: { scope: 'shared' } } as const;

describe('the graph of a tenancy map', () => {
  it('has an edge for each way to the clinic and for each other foreign key, and says which is which', async () => {
    expect(brief(await graphOf(SCRIPT, TABLES))).toEqual([
      'patients.company_id → companies: rule',
      'patients.parent_id → patients: witness',
      'patients.drug_id → drugs: key',
      'patients.made_by → users: dropped',
      'users.company_id → companies: key',
      'visits.patient_id → patients: rule',
      'visits.else other_id → patients: rule',
    ]);
  });

  it('says for which keys rows are copied', async () => {
    const graph = await graphOf(SCRIPT, { ...TABLES, users: { scope: 'central', copyReferenced: true } });
    expect(brief(graph)).toContain('patients.made_by → users: copied');
    expect(brief(graph)).toContain('users.company_id → companies: dropped');
    expect(graph.nodes.find(({ shortName }) => shortName === 'users')?.notes).toHaveLength(1);
  });

  it('has every table once, with scope, rows and rule, and marks the clinic table', async () => {
    const { nodes } = await graphOf(SCRIPT, TABLES);
    expect(
      nodes.map(({ name, scope, rows, rule, isClinicTable }) => [name, scope, rows, rule, isClinicTable]),
    ).toEqual([
      ['public.companies', 'clinic', 9, 'id', true],
      ['public.drugs', 'shared', 5, '', false],
      ['public.patients', 'clinic', 8, 'company_id', false],
      ['public.users', 'central', 5, '', false],
      [
        'public.visits',
        'clinic',
        6,
        'patient_id → public.patients → company_id, else other_id → public.patients → company_id',
        false,
      ],
    ]);
  });

  it('shows references that only the configuration knows, with their condition', async () => {
    const graph = await graphOf(`${SCRIPT} CREATE TABLE notes (subject_id int, kind text);`, {
      ...TABLES,
      notes: {
        scope: 'clinic',
        via: [
          { column: 'subject_id', references: 'patients.id', when: "kind = 'p'" },
          { column: 'subject_id', references: 'visits.id', when: "kind = 'v'" },
        ],
      },
    });
    expect(brief(graph).filter((line) => line.startsWith('notes'))).toEqual([
      "notes.subject_id where kind = 'p' → patients: rule",
      "notes.else subject_id where kind = 'v' → visits: rule",
    ]);
  });

  it('tells tables of two schemas apart by the shortest name that does', async () => {
    const { nodes } = await graphOf(`${SCRIPT} CREATE TABLE other.drugs (id int);`, {
      users: TABLES.users,
    });
    expect(nodes.map(({ shortName }) => shortName)).toEqual([
      'other.drugs',
      'companies',
      'public.drugs',
      'patients',
      'users',
      'visits',
    ]);
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
  });

  it('follows a foreign key to a part of a table to the whole table', async () => {
    const graph = await graphOf(
      `${SCRIPT}
      CREATE TABLE logs (id int PRIMARY KEY, company_id int REFERENCES companies) PARTITION BY RANGE (id);
      CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (100);
      CREATE TABLE marks (log_id int REFERENCES logs_1, company_id int NOT NULL REFERENCES companies);`,
      TABLES,
    );
    expect(graph.nodes.map(({ shortName }) => shortName)).not.toContain('logs_1');
    expect(brief(graph).filter((line) => line.startsWith('marks'))).toEqual([
      'marks.company_id → companies: rule',
      'marks.log_id → logs: witness',
    ]);
  });
});

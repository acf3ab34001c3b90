import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InterruptedError } from '../../src/core/errors.js';
import type { Finding } from '../../src/core/finding.js';
import { withDatabase } from '../../src/core/urls.js';
import { type VerifyDataOptions, verifyData } from '../../src/verify/data.js';
import { withSession } from '../support/postgres.js';
import { buildFleet, type Fleet, MAP } from './fleet.js';

let fleet: Fleet;
let options: VerifyDataOptions;

beforeEach(async () => {
  fleet = await buildFleet();
  options = await fleet.options();
});

afterEach(() => fleet.drop());

const [ONE, TWO, EMPTY] = ['clinic 1 (O\'Neil & \\"Sons\\")', 'clinic 2 (Müller)', 'clinic 30 (Empty)'];

/** Runs SQL in the database of the nth clinic, `legacy` or `central`. */
async function plant(where: number | 'legacy' | 'central', sql: string): Promise<void> {
  const database = typeof where === 'number' ? fleet.clinics[where] : fleet[where];
  await withSession(String(database?.url), (session) => session.execute(`SET search_path = public; ${sql}`));
}

async function lines(given: VerifyDataOptions = options): Promise<string[]> {
  return (await verifyData(given)).map(({ code, message }) => `${code} ${message}`);
}

describe('a database for each clinic, as it should be', () => {
  it('has nothing to say', async () => {
    expect(await verifyData(options)).toEqual([]);
  });

  it('knows the legacy database as the central one, under another address too', async () => {
    await plant('legacy', 'CREATE SCHEMA clinic_migrate_quarantine');
    for (const table of ['patients', 'appointments'])
      await plant(
        'legacy',
        `CREATE TABLE clinic_migrate_quarantine.${table} AS SELECT * FROM ${table} WHERE id = 2999`,
      );
    await plant('central', 'DROP SCHEMA clinic_migrate_quarantine CASCADE');
    const centralUrl = options.legacyUrl.replace('127.0.0.1', 'localhost');
    expect(await verifyData({ ...options, centralUrl })).toEqual([]);
  });
});

describe('a planted fault in the rows', () => {
  it('is found where a row was removed', async () => {
    await plant(0, 'DELETE FROM appointments WHERE patient_id = 8');
    expect(await lines()).toEqual([
      `DATA_ROWS_MISSING ${ONE}: 1 row of public.appointments missing, of 600 that belong there: 8`,
      expect.stringMatching(
        /^DATA_NOT_CONSERVED public\.appointments: 1201 rows in the legacy database; 1199 in/,
      ),
    ]);
  });

  it('is found where a row was moved into the database of another clinic', async () => {
    await plant(
      0,
      'DELETE FROM appointments WHERE patient_id = 8; DELETE FROM badges WHERE patient_id = 8; DELETE FROM notes WHERE subject_id = 8; DELETE FROM patients WHERE id = 8',
    );
    await plant(
      1,
      "INSERT INTO companies SELECT 1, 'x', 'y'; INSERT INTO patients (id, company_id, name) VALUES (8, 1, 'p8')",
    );
    const found = await lines();
    expect(found).toContain(
      `DATA_ROWS_MISSING ${ONE}: 1 row of public.patients missing, of 600 that belong there: 8`,
    );
    expect(found).toContain(
      `DATA_FOREIGN_ROWS ${TWO}: its database holds 1 row of public.patients of ${ONE}: 8`,
    );
    expect(found).toContain(
      `DATA_FOREIGN_ROWS ${TWO}: its database holds 1 row of public.companies of ${ONE}: 1`,
    );
  });

  it('is found where a foreign row was disguised by this clinic’s key', async () => {
    await plant(1, "INSERT INTO patients (id, company_id, name) VALUES (8, 2, 'p8')");
    expect(await lines()).toContain(
      `DATA_FOREIGN_ROWS ${TWO}: its database holds 1 row of public.patients of ${ONE}: 8`,
    );
  });

  it('is found by a column that names another clinic, though the map does not know the column and all rows are alike', async () => {
    for (const where of ['legacy', 0, 1, 2] as const)
      await plant(
        where,
        `ALTER TABLE appointments ADD company_id integer; ALTER TABLE drugs ADD company_id integer;
         UPDATE appointments a SET company_id = (SELECT company_id FROM patients p WHERE p.id = a.patient_id);
         UPDATE appointments SET company_id = 2 WHERE id = 8`,
      );
    await plant(
      'central',
      'ALTER TABLE clinic_migrate_quarantine.appointments ADD company_id integer; ALTER TABLE drugs ADD company_id integer',
    );
    expect(await lines(await fleet.options())).toEqual([
      `DATA_FOREIGN_ROWS ${ONE}: its database holds 1 row of public.appointments of another clinic or of none: 8`,
    ]);
    const tables = MAP.tables.map((table) =>
      table.name === 'appointments' ? { ...table, otherClinics: ['company_id'] } : table,
    );
    expect(await lines({ ...(await fleet.options()), map: { ...MAP, tables } })).toEqual([]);
  });

  it('is found where one value changed, and where only a NULL became empty', async () => {
    await plant(0, "UPDATE patients SET name = 'P8' WHERE id = 8");
    await plant(
      1,
      "UPDATE notes SET body = 'x' WHERE subject_id = 7; UPDATE appointments SET kind = 'emergency' WHERE id IN (7, 9)",
    );
    await plant('central', "UPDATE users SET email = '' WHERE id = 3");
    const found = await lines();
    expect(found).toContain(
      'DATA_ROWS_CHANGED the central database: 1 row of public.users with other values than in the legacy database: 3',
    );
    expect(found).toContain(
      `DATA_ROWS_CHANGED ${ONE}: 1 row of public.patients with other values than in the legacy database: 8`,
    );
    expect(found).toContain(
      `DATA_ROWS_CHANGED ${TWO}: 2 rows of public.appointments with other values than in the legacy database: 7, 9`,
    );
    const note = found.find((line) => line.includes('public.notes missing'));
    expect(note, 'a row without a key is named by a hash and never by its values').toMatch(
      /: md5:[0-9a-f]{32}$/,
    );
  });

  it('is found where two values were swapped between rows, which leaves every column’s sum as it was', async () => {
    await plant(
      0,
      `UPDATE patients p SET name = (SELECT name FROM patients q WHERE q.id = 18 - p.id) WHERE id IN (8, 10)`,
    );
    expect((await lines())[0]).toMatch(/^DATA_ROWS_CHANGED .* 2 rows of public\.patients .*: (8, 10|10, 8)$/);
  });

  it('is found where a row without a key is there twice', async () => {
    await plant(1, 'INSERT INTO notes SELECT * FROM notes WHERE subject_id = 7');
    expect((await lines())[0]).toMatch(/^DATA_ROWS_EXTRA .*Müller.* 1 row of public\.notes .*: md5:/);
  });

  it('is found in shared rows of a clinic that has no others', async () => {
    await plant(2, 'DELETE FROM drugs WHERE id = 20; DELETE FROM categories WHERE id = 1');
    expect((await lines()).slice(0, 2).sort()).toEqual([
      `DATA_ROWS_MISSING ${EMPTY}: 1 row of public.categories missing, of 1 that belong there: 1`,
      `DATA_ROWS_MISSING ${EMPTY}: 1 row of public.drugs missing, of 20 that belong there: 20`,
    ]);
  });

  it('is found where quarantine lost a row, or two ways of a legacy row disagree since', async () => {
    await plant('central', 'DELETE FROM clinic_migrate_quarantine.appointments');
    await plant('legacy', 'UPDATE patients SET category_id = 3 WHERE id = 10');
    const found = await lines();
    expect(found).toContain(
      'DATA_QUARANTINE_DIFFERS 2 rows of public.patients in the legacy database belong to no clinic, and quarantine holds 1: 10, 2999',
    );
    expect(found).toContain(
      'DATA_QUARANTINE_DIFFERS 2 rows of public.appointments in the legacy database belong to no clinic, and quarantine holds 0: 10, 2999',
    );
    expect(
      found
        .filter((line) => line.startsWith('DATA_ROWS_EXTRA') || line.startsWith('DATA_FOREIGN'))
        .join('\n'),
    ).toMatch(/public\.patients.*10$/m);
  });

  it('is found by its count alone where too many clinics differ to look for the rows', async () => {
    await plant(0, 'DELETE FROM drugs WHERE id = 20');
    const many = {
      ...options,
      targets: Array.from({ length: 7 }, () => options.targets[0]).flatMap((target) => target ?? []),
    };
    const found = (await lines(many)).filter((line) => line.includes('public.drugs'));
    expect(found).toHaveLength(7);
    expect(found.filter((line) => line.endsWith(': 20'))).toHaveLength(5);
    expect(
      found.filter((line) => line.endsWith('19 rows of public.drugs, and 20 belong there')),
    ).toHaveLength(2);
  });
});

describe('a planted fault in the schema', () => {
  it('is found where a sequence is behind its column', async () => {
    await plant(
      0,
      "SELECT setval('patients_id_seq', 1199); SELECT setval('appointments_id_seq', 1200, false)",
    );
    await plant('central', "SELECT setval('users_id_seq', 9)");
    expect(await lines()).toEqual([
      'DATA_SEQUENCE_BEHIND the central database: the sequence public.users_id_seq will give 10 next, and public.users.id has reached 10',
      `DATA_SEQUENCE_BEHIND ${ONE}: the sequence public.appointments_id_seq will give 1200 next, and public.appointments.id has reached 1200`,
      `DATA_SEQUENCE_BEHIND ${ONE}: the sequence public.patients_id_seq will give 1200 next, and public.patients.id has reached 1200`,
    ]);
  });

  it('is found where rows are orphans behind a constraint that was switched off', async () => {
    await plant(
      0,
      'ALTER TABLE appointments DISABLE TRIGGER ALL; ALTER TABLE patients DISABLE TRIGGER ALL; DELETE FROM patients WHERE id = 1000',
    );
    const found = await lines();
    expect(found).toContain(
      `DATA_ORPHANS ${ONE}: 1 row of public.appointments refer by appointments_patient_id_fkey to rows of public.patients that are not there: 1000`,
    );
    expect(found).toContain(
      `DATA_SCHEMA_DRIFT ${ONE}: the foreign-key checks of public.appointments are switched off`,
    );
    expect(found).toContain(
      `DATA_ROWS_MISSING ${ONE}: 1 row of public.patients missing, of 600 that belong there: 1000`,
    );
  });

  it('is found in columns, keys, foreign keys, triggers and tables', async () => {
    await plant(0, 'ALTER TABLE drugs DROP COLUMN name; ALTER TABLE badges DROP CONSTRAINT badges_pkey');
    await plant(
      1,
      'ALTER TABLE appointments DROP CONSTRAINT appointments_patient_id_fkey; DROP TRIGGER touched ON patients; CREATE TABLE users (id int)',
    );
    await plant(2, 'ALTER TABLE patients ALTER company_id SET NOT NULL; DROP VIEW patient_names');
    const found = await verifyData(options);
    expect(found.map(({ code, message, severity }) => `${severity} ${code} ${message}`)).toEqual([
      `error DATA_SCHEMA_DRIFT ${ONE}: public.badges: the unique key badges_pkey is missing or different`,
      `error DATA_SCHEMA_DRIFT ${ONE}: public.drugs: the column name is missing`,
      `error DATA_SCHEMA_DRIFT ${ONE}: public.drugs: the check constraint drugs_name_check is missing`,
      `error DATA_SCHEMA_DRIFT ${TWO}: public.appointments: the foreign key appointments_patient_id_fkey is missing`,
      `error DATA_TABLE_MISPLACED ${TWO}: public.users: the table is there, and it is central`,
      `error DATA_SCHEMA_DRIFT ${TWO}: public.patients: the trigger touched is missing`,
      `error DATA_SCHEMA_DRIFT ${EMPTY}: public.patients: the column company_id is integer NOT NULL and should be integer`,
      `error DATA_SCHEMA_DRIFT ${EMPTY}: public.patients: the view patient_names is missing`,
    ]);
  });
});

describe('a planted fault in what hangs on a table', () => {
  it('is found where it is missing, different, switched off, or more than the legacy database has', async () => {
    await plant(
      0,
      `ALTER TABLE drugs DROP CONSTRAINT drugs_name_check; DROP INDEX appointments_at;
       ALTER TABLE patients DISABLE TRIGGER touched; ALTER TABLE appointments ALTER kind SET DEFAULT 'emergency'`,
    );
    await plant(
      1,
      `CREATE TRIGGER more BEFORE INSERT ON patients FOR EACH ROW EXECUTE FUNCTION touch();
       CREATE RULE lose AS ON INSERT TO drugs DO INSTEAD NOTHING; ALTER TABLE notes ADD CHECK (body <> 'x');
       CREATE UNIQUE INDEX once ON notes (body) WHERE body > 'x';
       CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
       CREATE OR REPLACE VIEW patient_names AS SELECT name || '!' AS name FROM patients; ALTER TYPE kind ADD VALUE 'third'`,
    );
    await plant(
      'central',
      'CREATE INDEX more ON users (email); CREATE FUNCTION others() RETURNS int RETURN 1',
    );
    const found = await verifyData(options);
    expect(found.map(({ message, severity }) => `${severity} ${message}`)).toEqual([
      'warning the central database: public.users: the index more is not in the legacy database',
      `error ${ONE}: public.drugs: the check constraint drugs_name_check is missing`,
      `error ${ONE}: public.appointments: the default kind is not what it was`,
      `warning ${ONE}: public.appointments: the index appointments_at is missing`,
      `error ${ONE}: public.patients: the trigger touched is not what it was`,
      `error ${TWO}: public.touch(): the function touch() is not what it was`,
      `error ${TWO}: public.kind: the type kind is not what it was`,
      `error ${TWO}: public.patients: the view patient_names is not what it was`,
      `error ${TWO}: public.notes: the check constraint notes_body_check is not in the legacy database`,
      `error ${TWO}: public.notes: the index once is not in the legacy database`,
      `error ${TWO}: public.drugs: the rule lose is not in the legacy database`,
      `error ${TWO}: public.patients: the trigger more is not in the legacy database`,
    ]);
  });
});

describe('what cannot be compared', () => {
  it('is said: clinics without a database, clinics that are served, tables without a scope', async () => {
    const tables = MAP.tables.map((table) =>
      table.name === 'drugs' ? { ...table, scope: 'unresolved' as const, copyReferenced: false } : table,
    );
    const [first, second] = (await fleet.options('active')).targets;
    const given = {
      ...options,
      map: { ...MAP, tables },
      targets: [first, second].flatMap((target) => target ?? []),
    };
    await plant(0, "INSERT INTO patients (company_id, name) VALUES (1, 'new since the cutover')");
    await plant(1, "INSERT INTO patients (name) VALUES ('lost')");
    const found: Finding[] = await verifyData(given);
    const said = found.filter(({ code }) => code !== 'DATA_TABLE_MISPLACED');
    expect(said.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      'error public.drugs: nothing says where its 20 rows belong',
      'warning 1 clinics have no database of their own yet: 30',
      'info 2 clinics are served from their own databases, which may differ from the legacy one: 1, 2',
      `error ${TWO}: its database holds 1 row of public.patients of another clinic or of none: 3001`,
    ]);
  });

  it('is said of a database that is gone, and keeps nothing else from being looked at', async () => {
    const url = String(fleet.clinics[1]?.url);
    await plant(0, 'DELETE FROM appointments WHERE patient_id = 8');
    const targets = options.targets.map((target, i) =>
      i === 1 ? { ...target, adminUrl: withDatabase(url, 'gone') } : target,
    );
    const said = await lines({ ...options, targets });
    expect(said).toContain(`DATA_DATABASE_MISSING ${TWO}: its database gone is not on the server`);
    expect(said).toContain(
      `DATA_ROWS_MISSING ${ONE}: 1 row of public.appointments missing, of 600 that belong there: 8`,
    );
  });

  it('stops when asked', async () => {
    await expect(verifyData({ ...options, signal: AbortSignal.abort() })).rejects.toThrow(InterruptedError);
  });
});

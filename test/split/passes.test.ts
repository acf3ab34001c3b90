import { afterEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import type { Session } from '../../src/core/ports.js';
import { withDatabase, withLogin } from '../../src/core/urls.js';
import type { Report } from '../../src/report/report.js';
import { contextIn, NO_OPTIONS } from '../support/context.js';
import { errorsOf } from '../support/errors-of.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

const made: Legacy[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

async function legacy(script: string, config: object = {}): Promise<Legacy> {
  const result = await legacyDatabase(script, config);
  made.push(result);
  return result;
}

async function migrate(context: Context): Promise<Report> {
  expect(errorsOf(await provisionCommand.run(context, [], NO_OPTIONS))).toEqual([]);
  return splitCommand.run(context, [], NO_OPTIONS);
}

const inClinic = <T>(source: Legacy, key: string, work: (session: Session) => Promise<T>): Promise<T> =>
  withSession(withDatabase(adminUrl(), `${source.prefix}_${key}`), work);

const rowsOf = (source: Legacy, key: string, sql: string): Promise<unknown[]> =>
  inClinic(source, key, (session) => session.query(sql));

const CLINICS = 9;
const SCRIPT = `
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TABLE categories (id int PRIMARY KEY, company_id int REFERENCES companies, name text);
  CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies, name text);
  INSERT INTO companies SELECT i, 'clinic ' || i FROM generate_series(1, ${CLINICS}) i;
  INSERT INTO categories SELECT i, nullif(i % 3, 0), 'c' || i FROM generate_series(1, 30) i;
  INSERT INTO patients SELECT i, nullif(i % (${CLINICS} + 1), 0), 'p' || i FROM generate_series(1, 500) i;`;
const TABLES = { categories: { scope: 'clinic', key: 'company_id', nullKey: 'shared' } };

describe('split', () => {
  it('goes in groups where the server has too few connections, and reads what is everybody’s for each', async () => {
    const source = await legacy(SCRIPT);
    const login = `${source.prefix}_few`;
    await withSession(adminUrl(), (session) =>
      session.execute(`CREATE ROLE ${login} LOGIN SUPERUSER CONNECTION LIMIT 16 PASSWORD 'few'`),
    );
    await source.configured({ tables: TABLES, unassignable: 'quarantine' });
    const few = await contextIn(source.folder, {
      ...source.env,
      SERVER: withLogin(adminUrl(), login, 'few'),
      CENTRAL: withLogin(source.centralUrl, login, 'few'),
    });
    const started: string[] = [];
    const progress: Context['progress'] = {
      start(text) {
        started.push(text);
        return few.progress.start(text);
      },
    };
    const report = await migrate({ ...few, progress });
    expect(errorsOf(report)).toEqual([]);
    const groups = started.filter((text) => text.startsWith('Copying '));
    expect(groups.length).toBeGreaterThan(1);
    expect(report.summary).toMatchObject({ copied: CLINICS, quarantined: 50 });
    expect(errorsOf(await verifyCommand.run(few, ['data'], NO_OPTIONS))).toEqual([]);
  });

  it('gives a clinic that came later its database, and its row in the central directory', async () => {
    const source = await legacy(SCRIPT.replace(/nullif\(i % \(.*?\), 0\)/, `1 + i % ${CLINICS}`), {
      tables: TABLES,
    });
    expect(errorsOf(await migrate(source.context))).toEqual([]);
    await withSession(source.database.url, (session) =>
      session.execute(`INSERT INTO public.companies VALUES (77, 'late');
        INSERT INTO public.patients VALUES (1000, 77, 'new')`),
    );
    const second = await migrate(source.context);
    expect(second).toMatchObject({ ok: true, summary: { copied: 1 } });
    expect(await rowsOf(source, '77', 'SELECT id FROM public.patients')).toEqual([{ id: 1000 }]);
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
  });

  it('copies the central rows that a clinic refers to, directly or not, and no others', async () => {
    const source = await legacy(
      `${SCRIPT.replace(/nullif\(i % \(.*?\), 0\)/, `1 + i % ${CLINICS}`)}
      CREATE TABLE groups (id int PRIMARY KEY, name text);
      CREATE TABLE users (id int PRIMARY KEY, company_id int REFERENCES companies, group_id int REFERENCES groups,
        boss int REFERENCES users, email text);
      INSERT INTO groups SELECT i, 'g' FROM generate_series(1, 5) i;
      INSERT INTO users SELECT i, 1, i, nullif(i - 1, 0), 'u' || i FROM generate_series(1, 5) i;
      ALTER TABLE patients ADD made_by int REFERENCES users;
      ALTER TABLE categories ADD made_by int REFERENCES users;
      UPDATE patients SET made_by = 3 WHERE company_id = 2;
      UPDATE patients SET made_by = 1 WHERE company_id = 3;
      UPDATE categories SET made_by = 1 WHERE id = 3;`,
      {
        tables: {
          ...TABLES,
          users: { scope: 'central', copyReferenced: true },
          groups: { scope: 'central', copyReferenced: true },
        },
      },
    );
    expect(errorsOf(await migrate(source.context))).toEqual([]);
    const ids = (key: string, table: string): Promise<unknown[]> =>
      rowsOf(source, key, `SELECT id FROM public.${table} ORDER BY id`);
    const list = (...numbers: number[]): unknown[] => numbers.map((id) => ({ id }));
    // Clinic 2 needs user 3 and those above; user 1 everyone needs, for a shared category.
    expect(await ids('2', 'users')).toEqual(list(1, 2, 3));
    expect(await ids('2', 'groups')).toEqual(list(1, 2, 3));
    expect(await ids('3', 'users')).toEqual(list(1));
    expect(await ids('4', 'users')).toEqual(list(1));
    await expect(
      inClinic(source, '4', (session) => session.execute('UPDATE public.patients SET made_by = 5')),
    ).rejects.toThrow('patients_made_by_fkey');
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
    await inClinic(source, '4', (session) =>
      session.execute(
        "INSERT INTO public.groups VALUES (5, 'g'); INSERT INTO public.users VALUES (5, 1, 5, NULL, 'u5')",
      ),
    );
    await inClinic(source, '2', (session) =>
      session.execute("UPDATE public.users SET email = 'x' WHERE id = 2"),
    );
    const found = errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS)).join('\n');
    expect(found).toMatch(/DATA_ROWS_EXTRA clinic 4 .*1 row of public.users/);
    expect(found).toMatch(/DATA_ROWS_CHANGED clinic 2 .*public.users.*: 2/);
  });

  it('copies central rows that refer to no others, such as users without groups', async () => {
    const source = await legacy(
      `${SCRIPT.replace(/nullif\(i % \(.*?\), 0\)/, `1 + i % ${CLINICS}`)}
      CREATE TABLE users (id int PRIMARY KEY);
      INSERT INTO users VALUES (1), (2);
      ALTER TABLE patients ADD made_by int REFERENCES users;
      UPDATE patients SET made_by = 2 WHERE company_id = 2;`,
      { tables: { ...TABLES, users: { scope: 'central', copyReferenced: true } } },
    );
    expect(errorsOf(await migrate(source.context))).toEqual([]);
    expect(await rowsOf(source, '2', 'SELECT id FROM public.users')).toEqual([{ id: 2 }]);
    expect(await rowsOf(source, '3', 'SELECT id FROM public.users')).toEqual([]);
  });

  it('copies what the keys of a partition, and keys to one, refer to, and says which of them are lost', async () => {
    const source = await legacy(
      `CREATE TABLE companies (id int PRIMARY KEY, name text); INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
       CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1);
       CREATE TABLE lonely (id int PRIMARY KEY); INSERT INTO lonely VALUES (1);
       CREATE TABLE staff (id int PRIMARY KEY) PARTITION BY RANGE (id);
       CREATE TABLE staff1 PARTITION OF staff FOR VALUES FROM (0) TO (10);
       CREATE TABLE staff2 PARTITION OF staff FOR VALUES FROM (10) TO (20); INSERT INTO staff VALUES (1), (2), (3), (11);
       CREATE TABLE visits (id int PRIMARY KEY, company_id int REFERENCES companies, u int, s int) PARTITION BY LIST (id);
       CREATE TABLE visits1 PARTITION OF visits FOR VALUES IN (1, 2);
       CREATE TABLE visits2 PARTITION OF visits FOR VALUES IN (3, 4);
       ALTER TABLE visits1 ADD FOREIGN KEY (u) REFERENCES users; ALTER TABLE visits2 ADD FOREIGN KEY (s) REFERENCES staff1;
       CREATE TABLE notes (id int PRIMARY KEY, visit int REFERENCES visits1, s int REFERENCES staff1);
       INSERT INTO visits VALUES (1, 1, 1, NULL), (3, 2, NULL, 2); INSERT INTO notes VALUES (1, 1, 1);`,
      {
        tables: {
          users: { scope: 'central' },
          staff: { scope: 'central', copyReferenced: true },
          lonely: { scope: 'central', copyReferenced: true },
        },
      },
    );
    const report = await migrate(source.context);
    expect(errorsOf(report)).toEqual([]);
    const lost = report.findings.filter(({ code }) => code === 'TENANCY_CROSSING_KEY');
    expect(lost.map(({ message }) => message)).toEqual([expect.stringContaining('visits1_u_fkey')]);
    expect(await rowsOf(source, '1', 'SELECT id FROM public.staff')).toEqual([{ id: 1 }]);
    expect(await rowsOf(source, '2', 'SELECT id FROM public.staff')).toEqual([{ id: 2 }]);
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
  });

  it('makes no clinic ready whose rows are not those of the legacy database, and names them', async () => {
    const source = await legacy(SCRIPT.replace(/nullif\(i % \(.*?\), 0\)/, `1 + i % ${CLINICS}`), {
      tables: TABLES,
    });
    await provisionCommand.run(source.context, [], NO_OPTIONS);
    // Pads the names that are shorter.
    await inClinic(source, '5', (session) =>
      session.execute('ALTER TABLE public.patients ALTER name TYPE char(4)'),
    );
    const report = await splitCommand.run(source.context, [], NO_OPTIONS);
    const errors = errorsOf(report).join('\n');
    expect(errors).toMatch(/SPLIT_NOT_CONSERVED public\.patients: .*clinic 5/);
    expect(errors).toMatch(/DATA_ROWS_CHANGED clinic 5 .*: 11 rows of public\.patients .*: 13, 22, 31, 4/);
    const states = await withSession(source.centralUrl, (session) =>
      session.query<{ key: string; state: string }>('SELECT key, state FROM clinic_migrate.clinics'),
    );
    expect(states.filter(({ state }) => state !== 'ready')).toEqual([{ key: '5', state: 'loading' }]);
    await inClinic(source, '5', (session) =>
      session.execute('ALTER TABLE public.patients ALTER name TYPE text'),
    );
    expect(await splitCommand.run(source.context, [], NO_OPTIONS)).toMatchObject({
      ok: true,
      summary: { copied: 1 },
    });
    expect(await rowsOf(source, '5', 'SELECT name FROM public.patients WHERE id = 4')).toEqual([
      { name: 'p4' },
    ]);
  });

  it('follows references that come back to their own table, to any depth', async () => {
    const source = await legacy(`
      CREATE TABLE companies (id int PRIMARY KEY, name text);
      CREATE TABLE folders (id int PRIMARY KEY, company_id int REFERENCES companies, parent int REFERENCES folders);
      CREATE TABLE replies (id int PRIMARY KEY, folder int REFERENCES folders, answers int REFERENCES replies);
      INSERT INTO companies VALUES (1, 'a'), (2, 'b');
      INSERT INTO folders VALUES (1, 1, NULL), (2, 2, NULL), (3, 1, 1), (4, NULL, 3), (5, 1, 4), (6, 1, 5), (7, 1, 3);
      INSERT INTO replies VALUES (1, 1, NULL), (2, NULL, 1), (3, NULL, 2), (4, NULL, NULL), (5, NULL, 4), (6, 2, NULL),
        (7, 1, 6), (8, NULL, 7), (9, 6, NULL);`);
    const context = await source.configured({ unassignable: 'quarantine' });
    expect(errorsOf(await migrate(context))).toEqual([]);
    // A folder without a key may mean something, so 4 is nobody's, and so is what lies in it.
    expect(await rowsOf(source, '1', 'SELECT id FROM public.folders ORDER BY id')).toEqual([
      { id: 1 },
      { id: 3 },
      { id: 7 },
    ]);
    // Replies have no key of their own: they are where what they answer is.
    expect(await rowsOf(source, '1', 'SELECT id FROM public.replies ORDER BY id')).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
    expect(await rowsOf(source, '2', 'SELECT id FROM public.replies ORDER BY id')).toEqual([{ id: 6 }]);
    expect(errorsOf(await verifyCommand.run(context, ['data'], NO_OPTIONS))).toEqual([]);
  });

  it('lets a clinic’s own row name other clinics, and refuses one that refers to their rows', async () => {
    const source = await legacy(
      `
      CREATE TABLE companies (id int PRIMARY KEY, name text, group_id int REFERENCES companies, admin int);
      CREATE TABLE users (id int PRIMARY KEY, company_id int REFERENCES companies, name text);
      INSERT INTO companies VALUES (1, 'a', NULL, NULL), (2, 'b', 1, NULL), (3, 'c', 3, NULL);
      INSERT INTO users VALUES (1, 1, 'anna'), (2, 2, 'bert'), (3, 2, 'bea');
      UPDATE companies SET admin = nullif(id, 3);
      ALTER TABLE companies ADD FOREIGN KEY (admin) REFERENCES users;`,
      { unassignable: 'quarantine' },
    );
    const legacyRun = (sql: string): Promise<void> =>
      withSession(source.database.url, (session) => session.execute(sql));
    await legacyRun('UPDATE public.companies SET admin = 3 WHERE id = 1');
    expect(errorsOf(await provisionCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
    expect(errorsOf(await splitCommand.run(source.context, [], NO_OPTIONS))).toEqual([
      'SPLIT_PATHS_DISAGREE 1 of 3 rows of public.companies reach one clinic by one way and another clinic by another way: 1',
    ]);
    await legacyRun('UPDATE public.companies SET admin = 1 WHERE id = 1');
    expect(errorsOf(await splitCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
    const keys = `SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = 'public.companies'::regclass`;
    expect(await rowsOf(source, '2', keys)).toEqual([{ conname: 'companies_admin_fkey' }]);
    expect(await rowsOf(source, '2', 'SELECT id, group_id, admin FROM public.companies')).toEqual([
      { id: 2, group_id: 1, admin: 2 },
    ]);
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
  });
});

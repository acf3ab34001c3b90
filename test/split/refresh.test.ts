import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import { readTargets } from '../../src/provision/targets.js';
import type { Report } from '../../src/report/report.js';
import { NO_OPTIONS } from '../support/context.js';
import { errorsOf } from '../support/errors-of.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

const uuid = (sql: string): string => `md5(${sql})::uuid`;

/** Keys of every kind, tables that refer to themselves and to one another, and whatever has a say when rows are written. */
const SCRIPT = `
  CREATE TABLE clinics (key text PRIMARY KEY, name text, "ownerId" int);
  CREATE TABLE drugs (code text PRIMARY KEY, price numeric(8,2));
  CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE);
  ALTER TABLE clinics ADD FOREIGN KEY ("ownerId") REFERENCES users;
  CREATE TABLE patients (id uuid PRIMARY KEY, clinic text REFERENCES clinics, code text UNIQUE, name text,
    shout text GENERATED ALWAYS AS (upper(name)) STORED, guardian uuid REFERENCES patients ON DELETE SET NULL);
  CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, patient uuid NOT NULL REFERENCES patients ON DELETE CASCADE,
    patient_code text REFERENCES patients (code) ON UPDATE CASCADE, note text);
  CREATE TABLE visit_drugs (visit bigint REFERENCES visits ON DELETE CASCADE, drug text REFERENCES drugs, dose real, PRIMARY KEY (visit, drug));
  CREATE TABLE readings (patient uuid REFERENCES patients ON DELETE CASCADE, value text);
  CREATE TABLE rooms (id int PRIMARY KEY, clinic text NOT NULL REFERENCES clinics, bed int);
  CREATE TABLE beds (id int PRIMARY KEY, room int NOT NULL REFERENCES rooms, "position" int, UNIQUE (room, "position"));
  ALTER TABLE rooms ADD FOREIGN KEY (bed) REFERENCES beds;
  CREATE TABLE logs (clinic text REFERENCES clinics, no int GENERATED ALWAYS AS IDENTITY, at date, text text) PARTITION BY RANGE (at);
  CREATE TABLE logs_old PARTITION OF logs FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
  CREATE TABLE logs_new PARTITION OF logs FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
  CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN RETURN NULL; END IF; NEW.name := 'meddled'; RETURN NEW; END $$;
  CREATE TRIGGER meddle BEFORE INSERT OR UPDATE OR DELETE ON patients FOR EACH ROW EXECUTE FUNCTION meddle();
  ALTER TABLE patients DISABLE TRIGGER meddle;
  CREATE RULE keep AS ON DELETE TO readings DO INSTEAD NOTHING;
  ALTER TABLE readings DISABLE RULE keep;
  CREATE MATERIALIZED VIEW names AS SELECT name FROM patients;
  INSERT INTO users (email) SELECT 'u' || i FROM generate_series(1, 20) i;
  INSERT INTO clinics VALUES ('a', 'A', 1), ('b', 'B', 2), ('c', 'C', NULL);
  INSERT INTO drugs SELECT 'd' || i, i FROM generate_series(1, 40) i;
  INSERT INTO patients SELECT ${uuid(`'p' || i`)}, (ARRAY['a','b','c'])[1 + i % 3], 'c' || i, 'p' || i FROM generate_series(1, 300) i;
  INSERT INTO patients VALUES (${uuid(`'lost'`)}, NULL, 'lost', 'lost');
  UPDATE patients p SET guardian = g.id FROM patients g WHERE g.clinic = p.clinic AND g.code = 'c' || (substr(p.code, 2)::int - 3) AND p.code <> 'lost';
  INSERT INTO visits (patient, patient_code, note) SELECT ${uuid(`'p' || (1 + i % 300)`)}, CASE WHEN i % 2 = 0 THEN 'c' || (1 + i % 300) END, 'v' || i FROM generate_series(1, 900) i;
  INSERT INTO visit_drugs SELECT i, 'd' || (1 + i % 40), 0.1 * i FROM generate_series(1, 900) i;
  INSERT INTO readings SELECT ${uuid(`'p' || (1 + i % 300)`)}, CASE WHEN i % 5 > 0 THEN (i % 7)::text END FROM generate_series(1, 2000) i;
  INSERT INTO rooms SELECT i, (ARRAY['a','b','c'])[1 + i % 3] FROM generate_series(1, 12) i;
  INSERT INTO beds SELECT i, 1 + (i - 1) % 12, (i - 1) / 12 FROM generate_series(1, 48) i;
  UPDATE rooms SET bed = id;
  INSERT INTO logs (clinic, at, text) SELECT (ARRAY['a','b','c'])[1 + i % 3], date '2019-06-01' + i, 'l' || i FROM generate_series(1, 400) i`;

const CONFIG = {
  unassignable: 'quarantine',
  tables: { drugs: { scope: 'shared' }, users: { scope: 'central' } },
};

let source: Legacy;
let context: Context;
beforeAll(async () => {
  source = await legacyDatabase(SCRIPT, CONFIG);
  const config = {
    ...CONFIG,
    clinics: { table: 'clinics', key: 'key', label: 'name', database: `${source.prefix}_{key}` },
  };
  context = await source.configured(config);
  await withSession(source.database.url, (session) =>
    session.execute(
      `ALTER TABLE public.patients ENABLE TRIGGER meddle; ALTER TABLE public.readings ENABLE RULE keep`,
    ),
  );
  expect(errorsOf(await provisionCommand.run(context, [], NO_OPTIONS))).toEqual([]);
  expect(errorsOf(await splitCommand.run(context, [], NO_OPTIONS))).toEqual([]);
});
afterAll(() => source?.drop());

/** As if nobody had a say: what the application does with triggers and rules is not what is looked at here. */
const change = (sql: string): Promise<void> =>
  withSession(source.database.url, (session) =>
    session.execute(`SET search_path = public; SET session_replication_role = replica; ${sql}`),
  );
const refresh = (args: string[] = [], options: object = {}): Promise<Report> =>
  splitCommand.run(context, args, { ...NO_OPTIONS, refresh: true, ...options });
const differences = async (): Promise<string[]> =>
  errorsOf(await verifyCommand.run(context, ['data'], NO_OPTIONS));
const urlOf = (key: string): string => withDatabase(adminUrl(), `${source.prefix}_${key}`);
const read = (url: string, sql: string): Promise<Record<string, unknown>[]> =>
  withSession(url, (session) => session.query(sql));
const outcomes = ({ data }: Report): Record<string, unknown> =>
  Object.fromEntries(
    (data as { clinics: { key: string; outcome: string }[] }).clinics.map(({ key, outcome }) => [
      key,
      outcome,
    ]),
  );

describe('split --refresh', () => {
  it('leaves copies alone that are what the legacy database has, and makes them as old as its snapshot', async () => {
    const age = 'SELECT DISTINCT snapshot FROM clinic_migrate.receipts';
    const [before] = await read(urlOf('a'), age);
    const report = await refresh();
    expect(errorsOf(report)).toEqual([]);
    expect(outcomes(report)).toEqual({ a: 'up to date', b: 'up to date', c: 'up to date' });
    const after = await read(urlOf('a'), age);
    expect(after).toHaveLength(1);
    expect(after).not.toEqual([before]);
  });

  it('brings rows of every kind of key up to date, and whatever follows them', async () => {
    await change(`
      UPDATE patients SET name = 'new name' WHERE code IN ('c3', 'c4');
      UPDATE patients SET clinic = 'b', guardian = NULL WHERE code = 'c9';
      UPDATE patients SET guardian = NULL WHERE guardian = ${uuid(`'p9'`)};
      UPDATE patients SET clinic = 'c', code = 'found' WHERE code = 'lost';
      INSERT INTO patients VALUES (${uuid(`'later'`)}, NULL, 'later', 'later'), (${uuid(`'n1'`)}, 'a', 'n1', 'n1'), (${uuid(`'n2'`)}, 'a', 'n2', E'\\\\N\\t"x"');
      UPDATE patients SET guardian = ${uuid(`'n2'`)} WHERE code = 'c30';
      DELETE FROM visit_drugs WHERE visit % 90 = 7; INSERT INTO visit_drugs VALUES (7, 'new', 'NaN');
      INSERT INTO drugs VALUES ('new', NULL); UPDATE drugs SET price = 1.10 WHERE code = 'd2';
      UPDATE visit_drugs SET dose = -dose WHERE visit % 90 = 8;
      DELETE FROM readings WHERE ctid = (SELECT min(ctid) FROM readings WHERE value = '3');
      INSERT INTO readings SELECT * FROM readings WHERE value = '4' LIMIT 3;
      UPDATE users SET email = 'moved' WHERE id = 3; DELETE FROM users WHERE id = 20;
      INSERT INTO visits (patient, note) SELECT id, 'later' FROM patients WHERE code IN ('c1', 'c2', 'n1');
      INSERT INTO beds VALUES (100, 1, 9); UPDATE rooms SET bed = 100 WHERE id = 1;
      UPDATE logs SET text = 'other', at = '2019-01-01' WHERE no = 350; DELETE FROM logs WHERE no = 10;
      INSERT INTO logs (clinic, at) VALUES ('a', '2024-01-01'), ('a', '2024-01-01')`);
    const report = await refresh();
    expect(errorsOf(report)).toEqual([]);
    expect(outcomes(report)).toEqual({ a: 'refreshed', b: 'refreshed', c: 'refreshed' });
    expect(report.summary).toMatchObject({ refreshed: 3, quarantined: 1 });
    expect(await differences()).toEqual([]);
    expect(await read(urlOf('a'), `SELECT count(*)::int AS n FROM public.names WHERE name = 'n1'`)).toEqual([
      { n: 1 },
    ]);
    expect(await read(urlOf('a'), `SELECT nextval('public.visits_id_seq')::int AS next`)).toEqual([
      { next: 904 },
    ]);
    const states = `SELECT tgenabled AS trigger, (SELECT ev_enabled FROM pg_rewrite WHERE rulename = 'keep') AS rule FROM pg_trigger WHERE tgname = 'meddle'`;
    expect(await read(urlOf('a'), states)).toEqual([{ trigger: 'O', rule: 'O' }]);
    expect((await splitCommand.run(context, [], NO_OPTIONS)).ok).toBe(true);
  });

  it('does what no order of rows allows: exchanged values, new parents, keys that were changed', async () => {
    await change(`
      UPDATE patients SET code = '-' WHERE code = 'c6'; UPDATE patients SET code = 'c6' WHERE code = 'c12';
      UPDATE patients SET code = 'c12' WHERE code = '-';
      UPDATE visits SET patient = ${uuid(`'p6'`)} WHERE patient = ${uuid(`'p15'`)};
      UPDATE readings SET patient = ${uuid(`'p6'`)} WHERE patient = ${uuid(`'p15'`)};
      UPDATE patients SET guardian = NULL WHERE guardian = ${uuid(`'p15'`)};
      DELETE FROM patients WHERE id = ${uuid(`'p15'`)};
      UPDATE visits SET patient_code = 'n1' WHERE patient_code = 'c15';
      UPDATE beds SET "position" = "position" + 50 WHERE room = 3; UPDATE beds SET "position" = 53 - "position" WHERE room = 3;
      DELETE FROM beds WHERE room = 6; DELETE FROM rooms WHERE id = 6;
      INSERT INTO rooms VALUES (60, 'a', 600); INSERT INTO beds VALUES (600, 60, 0)`);
    expect(errorsOf(await refresh())).toEqual([]);
    expect(await differences()).toEqual([]);
  });

  it('says what was written into a copy, and gives it up only when told to', async () => {
    await read(urlOf('b'), `INSERT INTO public.rooms VALUES (77, 'b')`);
    await change(`UPDATE rooms SET clinic = clinic; UPDATE visits SET note = 'x' WHERE id = 2`);
    const refused = await refresh();
    expect(errorsOf(refused)).toEqual([
      `SPLIT_COPY_WRITTEN ${source.prefix}_b was written to after it was copied: public.rooms hold rows that no receipt explains; nothing in it was changed`,
    ]);
    expect(outcomes(refused)).toMatchObject({
      a: expect.stringMatching(/refreshed|up to date/),
      b: 'was ready',
    });
    expect(await read(urlOf('b'), 'SELECT id FROM public.rooms WHERE id = 77')).toEqual([{ id: 77 }]);
    await read(source.centralUrl, 'DELETE FROM public.users WHERE id = 7');
    expect(errorsOf(await refresh(['b'], { yes: true }))).toEqual([
      expect.stringMatching(/^SPLIT_COPY_WRITTEN .*_central was written to .*: public\.users hold/),
    ]);
    expect(errorsOf(await refresh([], { yes: true }))).toEqual([]);
    expect(await differences()).toEqual([]);
  });

  it('leaves a copy alone that somebody uses, and refuses one that is in service', async () => {
    const { targets } = await withSession(source.centralUrl, (session) => readTargets(context, session));
    const login = targets.find(({ clinic }) => clinic.key === 'c')?.roleUrl ?? '';
    await change(`UPDATE visits SET note = 'y' WHERE id < 10`);
    await withSession(login, async () => {
      expect(errorsOf(await refresh(['c']))).toEqual([
        expect.stringMatching(/^SPLIT_COPY_IN_USE .*_c is in use: its login has 1 open session;/),
      ]);
    });
    await withSession(urlOf('c'), async (session) => {
      await session.execute('BEGIN; LOCK TABLE public.visits IN ROW EXCLUSIVE MODE');
      expect(errorsOf(await refresh(['c']))).toEqual([
        expect.stringMatching(/^SPLIT_COPY_IN_USE .*_c is in use: another transaction/),
      ]);
    });
    await read(source.centralUrl, `UPDATE clinic_migrate.clinics SET state = 'active' WHERE key = 'c'`);
    await expect(refresh(['c'])).rejects.toThrow('is active');
    const others = await refresh();
    expect(errorsOf(others)).toEqual([]);
    expect(Object.keys(outcomes(others))).toEqual(['a', 'b']);
    await read(source.centralUrl, `UPDATE clinic_migrate.clinics SET state = 'ready' WHERE key = 'c'`);
    expect(errorsOf(await refresh())).toEqual([]);
    expect(await differences()).toEqual([]);
  });

  it('gives central the row of a clinic that came later with whatever it refers to, and names one that went', async () => {
    await change(`INSERT INTO users (email) VALUES ('late'); INSERT INTO clinics VALUES ('z', 'Z', (SELECT id FROM users WHERE email = 'late'));
      INSERT INTO rooms VALUES (900, 'z'); UPDATE visits SET note = 'z' WHERE id = 5`);
    expect(errorsOf(await provisionCommand.run(context, ['z'], NO_OPTIONS))).toEqual([]);
    expect(errorsOf(await splitCommand.run(context, ['z'], NO_OPTIONS))).toEqual([]);
    expect(await read(source.centralUrl, `SELECT name FROM public.clinics WHERE key = 'z'`)).toEqual([
      { name: 'Z' },
    ]);
    expect(errorsOf(await refresh())).toEqual([]);
    expect(await differences()).toEqual([]);

    await change(`DELETE FROM rooms WHERE clinic = 'z'; DELETE FROM clinics WHERE key = 'z'`);
    expect(errorsOf(await refresh())).toEqual([expect.stringMatching(/^SPLIT_CLINIC_GONE clinic "Z" \(z\)/)]);
    expect(await read(source.centralUrl, `SELECT FROM public.clinics WHERE key = 'z'`)).toEqual([]);
    expect(await read(urlOf('z'), 'SELECT id FROM public.rooms')).toEqual([{ id: 900 }]);
    expect((await differences()).filter((line) => !line.includes('clinic z (Z)'))).toEqual([]);
  });
});

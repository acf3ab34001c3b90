import { afterEach, expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import type { Finding } from '../../src/core/finding.js';
import { NO_OPTIONS } from '../support/context.js';
import { follow } from '../support/follow-hint.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { type Maker, makerOf } from '../support/maker.js';
import { withSession } from '../support/postgres.js';

const SCHEMA = `
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TYPE kind AS ENUM ('pill', 'drop');
  CREATE TABLE drugs (id serial PRIMARY KEY, name text UNIQUE, kind kind, instead_of int REFERENCES drugs, touched bool);
  CREATE TABLE prices (drug_id int REFERENCES drugs, year int, euros numeric, PRIMARY KEY (drug_id, year))
    PARTITION BY RANGE (year);
  CREATE TABLE prices_old PARTITION OF prices FOR VALUES FROM (2000) TO (2020);
  CREATE TABLE prices_new PARTITION OF prices FOR VALUES FROM (2020) TO (2100);
  CREATE INDEX ON prices (euros);
  CREATE TABLE users (id serial PRIMARY KEY, email text, favourite int REFERENCES drugs);
  CREATE TABLE patients (id serial PRIMARY KEY, company_id int REFERENCES companies, drug_id int REFERENCES drugs);
  CREATE VIEW cheap AS SELECT d.name FROM drugs d JOIN prices p ON p.drug_id = d.id WHERE p.euros < 5;
  CREATE MATERIALIZED VIEW years AS SELECT count(DISTINCT year)::int AS years FROM prices;
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.touched := true; RETURN NEW; END';
  CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON drugs FOR EACH ROW EXECUTE FUNCTION touch();
  ALTER TABLE drugs DISABLE TRIGGER touched;
  INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
  INSERT INTO drugs (name, kind, instead_of) VALUES ('a', 'pill', 3), ('b', 'drop', NULL), ('c', 'pill', 1);
  ALTER TABLE drugs ENABLE TRIGGER touched;
  INSERT INTO prices VALUES (1, 2010, 4), (1, 2024, 6), (2, 2024, 2);
  INSERT INTO users (email, favourite) VALUES ('a', 1), ('b', 3);
  REFRESH MATERIALIZED VIEW years;
  INSERT INTO patients (company_id, drug_id) VALUES (1, 1), (1, 2), (2, 3);`;

const TABLES = {
  drugs: { scope: 'shared' },
  prices: { scope: 'shared' },
  users: { scope: 'central' },
};

/** What a version that copied shared tables only to clinics would have left out. */
const AS_BEFORE = `
  DROP TABLE drugs, prices CASCADE;
  DROP FUNCTION touch();
  DROP TYPE kind;
  DELETE FROM clinic_migrate.receipts WHERE table_name IN ('drugs', 'prices');
  UPDATE clinic_migrate.receipts SET fingerprint = 'older';
  UPDATE clinic_migrate.installation SET central_fingerprint = 'older'`;

let legacy: Legacy;
let maker: Maker | undefined;
afterEach(async () => {
  await legacy.drop();
  await maker?.drop();
  maker = undefined;
});

const inCentral = (sql: string): Promise<void> =>
  withSession(legacy.centralUrl, (session) => session.execute(`SET search_path = public; ${sql}`));

const centralRows = (sql: string): Promise<Record<string, unknown>[]> =>
  withSession(legacy.centralUrl, (session) => session.query(sql));

/** Whose the tables are, and who may do what with them. */
const holders = (): Promise<Record<string, unknown>[]> =>
  centralRows(
    `SELECT DISTINCT relowner::regrole::text AS owner, relacl::text AS acl FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')`,
  );

async function said(what: 'provision' | 'split' | 'verify'): Promise<readonly Finding[]> {
  const command = { provision: provisionCommand, split: splitCommand, verify: verifyCommand }[what];
  return (await command.run((maker ?? legacy).context, what === 'verify' ? ['data'] : [], NO_OPTIONS))
    .findings;
}

async function migrated(tables: object = TABLES, isPoor = false): Promise<void> {
  legacy = await legacyDatabase(SCHEMA, { tables });
  maker = isPoor ? await makerOf(legacy) : undefined;
  await said('provision');
  await said('split');
}

it.each([false, true])(
  'gives a central database of an earlier version the shared tables, and split their rows (no superuser: %s)',
  async (isPoor) => {
    await migrated(TABLES, isPoor);
    await inCentral(AS_BEFORE);
    await expect(said('split')).rejects.toMatchObject({
      hint: expect.stringContaining('clinic-migrate provision'),
    });
    expect(await said('provision')).toEqual([]);
    expect(await holders()).toHaveLength(1);
    // Killed here, the next runs of both go on.
    expect(await said('provision')).toEqual([]);
    expect(await said('split')).toEqual([]);
    expect(await said('verify')).toEqual([]);
    expect(await centralRows('SELECT id, touched FROM public.drugs ORDER BY id')).toEqual([
      { id: 1, touched: null },
      { id: 2, touched: null },
      { id: 3, touched: null },
    ]);
    expect(await centralRows(`SELECT nextval('public.drugs_id_seq')::int AS next`)).toEqual([{ next: 4 }]);
    expect(await said('split')).toEqual([]);
  },
);

it('does the same before any row was copied', async () => {
  legacy = await legacyDatabase(SCHEMA, { tables: TABLES });
  await said('provision');
  await inCentral(
    `DROP TABLE drugs, prices CASCADE; UPDATE clinic_migrate.installation SET central_fingerprint = 'older'`,
  );
  expect(await said('provision')).toEqual([]);
  expect(await said('split')).toEqual([]);
  expect(await said('verify')).toEqual([]);
});

it('leaves what clinics in service have written beside what it fills', async () => {
  await migrated();
  await inCentral(
    `${AS_BEFORE};
     UPDATE clinic_migrate.clinics SET state = 'active' WHERE key = '1';
     UPDATE users SET email = 'written in service' WHERE id = 1;
     SELECT setval('users_id_seq', 77)`,
  );
  expect(await said('provision')).toEqual([]);
  // What the application has written there already is not taken away.
  await inCentral(`INSERT INTO drugs (name) VALUES ('new here')`);
  const split = () => splitCommand.run(legacy.context, ['2'], NO_OPTIONS);
  await expect(split()).rejects.toThrow('public.drugs is to be filled, and holds rows already');
  expect(await centralRows('SELECT name FROM public.drugs')).toEqual([{ name: 'new here' }]);
  await inCentral('DELETE FROM drugs');
  expect((await split()).findings).toEqual([]);
  expect(await centralRows('SELECT email FROM public.users ORDER BY id')).toEqual([
    { email: 'written in service' },
    { email: 'b' },
  ]);
  expect(
    await centralRows(
      `SELECT (SELECT count(*)::int FROM public.prices) AS prices, (SELECT years FROM public.years) AS years, (SELECT count(*)::int FROM public.drugs WHERE touched) AS touched,
              (SELECT count(*)::int FROM pg_constraint WHERE contype = 'f' AND convalidated AND confrelid = 'public.drugs'::regclass
                  AND conparentid = 0) AS keys,
              nextval('public.users_id_seq')::int AS next_user, nextval('public.drugs_id_seq')::int AS next_drug`,
    ),
  ).toEqual([{ prices: 3, years: 2, touched: 0, keys: 3, next_user: 78, next_drug: 4 }]);
  // A clinic that comes later gets its row in central beside them.
  await withSession(legacy.database.url, (session) =>
    session.execute(`INSERT INTO public.companies VALUES (3, 'Three')`),
  );
  await provisionCommand.run(legacy.context, ['3'], NO_OPTIONS);
  expect((await splitCommand.run(legacy.context, ['3'], NO_OPTIONS)).ok).toBe(true);
  expect(await centralRows('SELECT id FROM public.companies ORDER BY id')).toEqual([
    { id: 1 },
    { id: 2 },
    { id: 3 },
  ]);
});

it('takes in what a new configuration gives to central', async () => {
  await migrated({ ...TABLES, prices: { scope: 'ignored' } });
  const context = await legacy.configured({ tables: TABLES });
  const stale = (await provisionCommand.run(context, [], NO_OPTIONS)).findings;
  expect(new Set(stale.map(({ subject }) => subject))).toEqual(
    new Set([`${legacy.prefix}_1`, `${legacy.prefix}_2`]),
  );
  for (const finding of stale) await follow(finding, { context });
  for (const command of [provisionCommand, splitCommand])
    expect((await command.run(context, [], NO_OPTIONS)).findings).toEqual([]);
  expect((await verifyCommand.run(context, ['data'], NO_OPTIONS)).findings).toEqual([]);
});

it('names what it cannot change without losing rows, and changes nothing', async () => {
  await migrated();
  await inCentral(`${AS_BEFORE}; ALTER TABLE users ADD older text; CREATE TABLE patients (id int)`);
  const found = await said('provision');
  expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
    expect.stringMatching(/^PROVISION_SCHEMA_STALE .*: the table public.users differs$/),
    expect.stringMatching(
      /^PROVISION_SCHEMA_STALE .* has the table public.patients, which .* does not go there/,
    ),
  ]);
  expect(await centralRows(`SELECT to_regclass('public.drugs') AS drugs`)).toEqual([{ drugs: null }]);
  await inCentral('ALTER TABLE users DROP older');
  await follow(found[1], legacy);
  expect(await said('provision')).toEqual([]);
  expect(await said('split')).toEqual([]);
  expect(await said('verify')).toEqual([]);
});

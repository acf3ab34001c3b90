import { afterEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import type { Report } from '../../src/report/report.js';
import { NO_OPTIONS } from '../support/context.js';
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
  const provisioned = await provisionCommand.run(context, [], NO_OPTIONS);
  expect(errorsOf(provisioned)).toEqual([]);
  return splitCommand.run(context, [], NO_OPTIONS);
}

/** Where each clinic's database is, as the registry says it. */
async function databases({ centralUrl }: Legacy): Promise<Map<string, string>> {
  const rows = await withSession(centralUrl, (session) =>
    session.query<{ key: string; database: string }>('SELECT key, database FROM clinic_migrate.clinics'),
  );
  return new Map(rows.map(({ key, database }) => [key, withDatabase(adminUrl(), database)]));
}

const read = (url: string | undefined, sql: string): Promise<Record<string, unknown>[]> =>
  withSession(url ?? '', (session) => session.query(sql));

const TABLE = `"pa""tients'; DROP TABLE x; --"`;
const HOSTILE = `
  CREATE TABLE clinics (key text PRIMARY KEY, name text);
  CREATE TYPE mood AS ENUM ('a,b', 'c"d', 'é\\f');
  CREATE TABLE ${TABLE} (
    "id;" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Clinic ""Key""" text NOT NULL REFERENCES clinics,
    body text, raw bytea, doc jsonb, list text[], number double precision, "when" timestamptz, feel mood,
    doubled text GENERATED ALWAYS AS (body || body) STORED);
  CREATE TABLE items (patient bigint REFERENCES ${TABLE}, no int, PRIMARY KEY (patient, no));
  INSERT INTO clinics VALUES ('1; DROP TABLE clinics', 'Robert''); --'), ('Ünï "quoted" \\ key', E'a\\tb\\nc'), ('', 'no key at all'),
    ('EMPTY', NULL);
  INSERT INTO ${TABLE} ("Clinic ""Key""", body, raw, doc, list, number, "when", feel)
    SELECT (ARRAY['1; DROP TABLE clinics', 'Ünï "quoted" \\ key', ''])[1 + i % 3], v.body, v.raw, v.doc, v.list, v.number, v.at, v.feel
      FROM generate_series(0, 8) i,
      (VALUES (E'tab\\tnew\\nline\\rback\\\\slash', '\\x000a5c2e09'::bytea, '{"a": "\\\\n\\t"}'::jsonb, ARRAY['a,b', NULL, '\\N', '"'], 'NaN'::float8, 'infinity'::timestamptz, 'a,b'::mood),
              ('\\N', NULL, 'null', '{}', '-Infinity', '4713-01-01 BC', 'c"d'), (NULL, '', NULL, NULL, 1e-307, NULL, 'é\\f'), ('\\.', '\\x5c2e', '"\\\\."', ARRAY[E'\\n'], 0.1, now(), NULL)
      ) AS v (body, raw, doc, list, number, at, feel);
  INSERT INTO items SELECT "id;", n FROM ${TABLE}, generate_series(-1, 1) n;`;

describe('split', () => {
  it('carries any bytes, under any names, to the clinic whose they are', async () => {
    const source = await legacy(HOSTILE);
    const context = await source.configured({
      clinics: { table: 'clinics', key: 'key', label: 'name', database: `${source.prefix}_{key}` },
    });
    expect(errorsOf(await migrate(context))).toEqual([]);
    expect(errorsOf(await verifyCommand.run(context, ['data', 'access'], NO_OPTIONS))).toEqual([]);
    const found = await databases(source);
    expect(found.size).toBe(4);
    for (const [key, url] of found) {
      const literal = `'${key.replaceAll("'", "''")}'`;
      const rows = `SELECT t::text AS row FROM public.${TABLE} t`;
      expect(await read(url, `${rows} ORDER BY "id;"`)).toEqual(
        await read(source.database.url, `${rows} WHERE "Clinic ""Key""" = ${literal} ORDER BY "id;"`),
      );
    }
    expect(
      await read(
        found.get('EMPTY'),
        `SELECT (SELECT count(*)::int FROM public.${TABLE}) AS own, (SELECT count(*)::int FROM public.clinics) AS clinics`,
      ),
    ).toEqual([{ own: 0, clinics: 1 }]);
  });

  const TROUBLED = `
    CREATE TABLE companies (id int PRIMARY KEY, name text);
    CREATE TABLE patients (id int PRIMARY KEY, company_id int, name text);
    CREATE TABLE visits (id int PRIMARY KEY, patient_id int REFERENCES patients, company_id int);
    INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
    INSERT INTO patients SELECT i, 1 + i % 2, 'p' || i FROM generate_series(1, 100) i;
    INSERT INTO patients VALUES (201, NULL, 'nobody''s'), (202, 77, 'of no clinic that is');
    INSERT INTO visits SELECT i, i, 1 + i % 2 FROM generate_series(1, 100) i;
    INSERT INTO visits VALUES (301, 1, 1), (302, 2, 2), (303, 201, NULL);`;
  const REASONS = ['301 paths disagree', '302 paths disagree', '303 no clinic'];
  const TABLES = {
    patients: { scope: 'clinic', key: 'company_id' },
    visits: { scope: 'clinic', key: 'company_id', via: 'patient_id' },
  };

  it('refuses rows that have no place, by table, reason and key, and writes nothing', async () => {
    const source = await legacy(TROUBLED, { tables: TABLES });
    const report = await migrate(source.context);
    expect(report.ok).toBe(false);
    const errors = errorsOf(report).join('\n');
    expect(errors).toMatch(/SPLIT_NO_CLINIC.*public\.patients.*201/);
    expect(errors).toMatch(/SPLIT_UNKNOWN_CLINIC.*public\.patients.*202/);
    expect(errors).toMatch(/SPLIT_PATHS_DISAGREE.*public\.visits.*301/);
    for (const url of (await databases(source)).values())
      expect(await read(url, 'SELECT FROM public.patients')).toEqual([]);
  });

  it('puts them aside with the reason where that is wanted, and loses none', async () => {
    const source = await legacy(TROUBLED);
    const context = await source.configured({ tables: TABLES, unassignable: 'quarantine' });
    const report = await migrate(context);
    expect(errorsOf(report)).toEqual([]);
    expect(report.summary).toMatchObject({ quarantined: 5, 'rows copied': 2 + 100 + 100 });
    const aside = await read(
      source.centralUrl,
      'SELECT id, clinic_migrate_reason AS reason FROM clinic_migrate_quarantine.visits ORDER BY id',
    );
    expect(aside.map(({ id, reason }) => `${id} ${reason}`)).toEqual(REASONS);
    expect(errorsOf(await verifyCommand.run(context, ['data'], NO_OPTIONS))).toEqual([]);
  });

  it('leaves a clinic alone that is served, and one that is ready', async () => {
    const source = await legacy(TROUBLED.replace(/INSERT INTO (patients|visits) VALUES.*;/g, ''), {
      tables: TABLES,
    });
    expect(errorsOf(await migrate(source.context))).toEqual([]);
    const one = (await databases(source)).get('1');
    await withSession(one ?? '', (session) =>
      session.execute("UPDATE public.patients SET name = 'newer' WHERE id = 2"),
    );
    expect((await splitCommand.run(source.context, [], NO_OPTIONS)).summary).toMatchObject({ copied: 0 });
    await withSession(source.centralUrl, (session) =>
      session.execute("UPDATE clinic_migrate.clinics SET state = 'active' WHERE key = '1'"),
    );
    await expect(splitCommand.run(source.context, [], NO_OPTIONS)).rejects.toThrow('is active');
    expect(await read(one, "SELECT id FROM public.patients WHERE name = 'newer'")).toEqual([{ id: 2 }]);
  });

  it('stops where a table was added after the databases were made', async () => {
    const source = await legacy(TROUBLED.replace(/INSERT INTO (patients|visits) VALUES.*;/g, ''), {
      tables: TABLES,
    });
    await provisionCommand.run(source.context, [], NO_OPTIONS);
    await withSession(source.database.url, (session) =>
      session.execute('CREATE TABLE public.late (id int, company_id int REFERENCES public.companies)'),
    );
    expect(errorsOf(await splitCommand.run(source.context, [], NO_OPTIONS)).join()).toContain(
      'PROVISION_SCHEMA_STALE',
    );
  });

  it('copies nothing for a clinic that is in the legacy database no more', async () => {
    const source = await legacy(
      `CREATE TABLE companies (id int PRIMARY KEY, name text); CREATE TABLE drugs (id int);
       INSERT INTO companies VALUES (1, 'One'), (2, 'Two'); INSERT INTO drugs VALUES (1)`,
      { tables: { drugs: { scope: 'shared' } } },
    );
    expect(errorsOf(await provisionCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
    await read(source.database.url, 'DELETE FROM public.companies WHERE id = 2');
    const stopped = await splitCommand.run(source.context, [], NO_OPTIONS);
    expect(errorsOf(stopped)).toEqual([expect.stringMatching(/^SPLIT_CLINIC_GONE clinic "Two" \(2\)/)]);
    expect(errorsOf(await splitCommand.run(source.context, ['1'], NO_OPTIONS))).toEqual([]);
    const found = await databases(source);
    expect(await read(found.get('1'), 'SELECT id FROM public.drugs')).toEqual([{ id: 1 }]);
    expect(await read(found.get('2'), 'SELECT id FROM public.drugs')).toEqual([]);
  });

  it('copies shared tables into the central database too, where verify holds them against the legacy ones', async () => {
    const source = await legacy(
      `CREATE TABLE countries (code text PRIMARY KEY);
       CREATE TABLE companies (id int PRIMARY KEY, name text, country text REFERENCES countries);
       CREATE TABLE plans (id serial PRIMARY KEY, price numeric(6,2), country text REFERENCES countries);
       CREATE TABLE accounts (id int PRIMARY KEY, plan_id int REFERENCES plans);
       CREATE VIEW prices AS SELECT id, price FROM plans;
       INSERT INTO countries VALUES ('fr'), ('de'); INSERT INTO companies VALUES (1, 'One', 'fr'), (2, 'Two', 'de');
       INSERT INTO plans (price, country) VALUES (1.50, 'fr'), (NULL, NULL); INSERT INTO accounts VALUES (7, 2)`,
      {
        tables: {
          countries: { scope: 'shared' },
          plans: { scope: 'shared' },
          accounts: { scope: 'central' },
        },
      },
    );
    expect(errorsOf(await migrate(source.context))).toEqual([]);
    const verify = async () => errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS));
    expect(await verify()).toEqual([]);
    expect(await read(source.centralUrl, 'SELECT id, price FROM public.prices ORDER BY id')).toEqual([
      { id: 1, price: '1.50' },
      { id: 2, price: null },
    ]);
    expect(
      await read(
        source.centralUrl,
        `SELECT conrelid::regclass || ' ' || conname AS key FROM pg_constraint WHERE contype = 'f' ORDER BY 1`,
      ),
    ).toEqual([
      { key: 'public.accounts accounts_plan_id_fkey' },
      { key: 'public.companies companies_country_fkey' },
      { key: 'public.plans plans_country_fkey' },
    ]);
    expect(await read(source.centralUrl, `SELECT nextval('public.plans_id_seq')::int AS next`)).toEqual([
      { next: 3 },
    ]);
    await read(source.centralUrl, 'UPDATE public.plans SET price = 2 WHERE id = 1');
    expect(await verify()).toEqual([
      expect.stringMatching(/^DATA_ROWS_CHANGED the central database: .* public\.plans/),
    ]);
  });

  it('blocks on a table that nothing speaks of, with the line that settles it', async () => {
    const source = await legacy(
      `${TROUBLED} CREATE TABLE settings (name text); INSERT INTO settings VALUES ('x');`,
      { tables: TABLES },
    );
    const report = await provisionCommand.run(source.context, [], NO_OPTIONS);
    expect(report.ok).toBe(false);
    expect(report.findings.find(({ code }) => code === 'TENANCY_UNRESOLVED')?.hint).toMatch(
      /settings.*scope/,
    );
  });
});

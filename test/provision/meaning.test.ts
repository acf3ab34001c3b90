import { afterEach, describe, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import type { Report } from '../../src/report/report.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

const made: Legacy[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

async function legacy(script: string, config: object = {}): Promise<Legacy> {
  const source = await legacyDatabase(script, config);
  made.push(source);
  return source;
}

const errorsOf = ({ findings }: Report): string[] =>
  findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code} ${message}`);

/** Inspects, provisions, splits and verifies; none of them may have an error to tell. */
async function migrate({ context }: Legacy): Promise<void> {
  for (const [command, ...args] of [
    [inspectCommand],
    [provisionCommand],
    [splitCommand],
    [verifyCommand, 'data'],
  ] as const)
    expect(errorsOf(await command.run(context, args, NO_OPTIONS)), command.name).toEqual([]);
}

const clinicUrl = ({ prefix }: Legacy, key: string): string =>
  withDatabase(adminUrl(), `${prefix}_${key.replaceAll('-', '_')}`);

/** The same query in the legacy database and in a clinic's, as its application would ask it. */
async function both(source: Legacy, query: string, path = 'public', key = '1'): Promise<[unknown, unknown]> {
  const ask = (url: string): Promise<unknown> =>
    withSession(url, async (session) => {
      await session.execute(`SET search_path = ${path}`);
      return session.query(query);
    });
  return [await ask(source.database.url), await ask(clinicUrl(source, key))];
}

const UUID = '00000000-0000-0000-0000-000000000001';

const TENANTS = `
  CREATE TABLE public.clinics (id int PRIMARY KEY, name text NOT NULL); INSERT INTO public.clinics VALUES (1, 'A'), (2, 'B');`;

describe('operators that no name is written for', () => {
  it('are those of citext in CASE, NULLIF, IS DISTINCT FROM and JOIN USING', async () => {
    const source = await legacy(`
      CREATE EXTENSION citext; ${TENANTS}
      CREATE TABLE u (id serial PRIMARY KEY, clinic_id int REFERENCES clinics, email citext, alias citext,
        kind text GENERATED ALWAYS AS (CASE email WHEN 'ADMIN@X' THEN 'admin' ELSE 'user' END) STORED,
        other citext GENERATED ALWAYS AS (NULLIF(email, 'ADMIN@X')) STORED, flag boolean DEFAULT 'a'::citext IS DISTINCT FROM 'A');
      CREATE VIEW vjoin AS SELECT email, count(*) FROM u JOIN (SELECT DISTINCT alias AS email FROM u) a USING (email) GROUP BY email;
      CREATE VIEW vcase AS SELECT id, CASE email WHEN 'ADMIN@X' THEN 'admin' ELSE 'user' END AS kind FROM u;
      CREATE MATERIALIZED VIEW mjoin AS SELECT * FROM vjoin;
      CREATE INDEX distinct_ones ON u ((email IS DISTINCT FROM alias)) WHERE NULLIF(email, 'ADMIN@X') IS NULL;
      CREATE TABLE codes (id serial PRIMARY KEY, clinic_id int REFERENCES clinics, c citext,
        CONSTRAINT ok CHECK (CASE c WHEN 'YES' THEN true WHEN 'NO' THEN true ELSE false END));
      CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.alias := 'touched'; RETURN NEW; END $$;
      CREATE TRIGGER touch BEFORE UPDATE ON u FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email) EXECUTE FUNCTION touch();
      CREATE POLICY own ON codes USING (NULLIF(c, 'YES') IS NULL); 
      INSERT INTO u (clinic_id, email, alias) VALUES (1, 'admin@x', 'ADMIN@X'), (1, 'b@x', 'c@x'), (2, 'Q@x', 'q@X');
      INSERT INTO codes (clinic_id, c) VALUES (1, 'yes'), (2, 'No');
      REFRESH MATERIALIZED VIEW mjoin;`);
    await migrate(source);
    for (const query of [
      'SELECT id, kind, other, flag FROM u WHERE clinic_id = 1 ORDER BY id',
      'SELECT v.* FROM vcase v JOIN u USING (id) WHERE clinic_id = 1 ORDER BY id',
      "SELECT email::text, count FROM vjoin WHERE email = 'admin@x'",
      "SELECT email::text, count FROM mjoin WHERE email = 'admin@x'",
      "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'touch'",
    ]) {
      const [before, after] = await both(source, query);
      expect(after, query).toEqual(before);
      expect(before).not.toEqual([]);
    }
    // Under text's operator the email would have changed.
    const touched = await withSession(clinicUrl(source, '1'), (session) =>
      session.query("UPDATE public.u SET email = 'B@X' WHERE email = 'b@x' RETURNING alias::text"),
    );
    expect(touched).toEqual([{ alias: 'c@x' }]);
  });

  it('are those of extensions wherever they are, with uuid and composite keys and several schemas', async () => {
    const kinds = [
      ['ltree', `"it's ""far"""`, "'a.b'", "'a.c'"],
      ['hstore', 'public', "'a=>1, b=>2'", "'b=>3'"],
      ['citext', 'exts', "'x'", "'Y'"],
    ] as const;
    const table = ([type, schema, value, other]: (typeof kinds)[number]): string => `
      CREATE SCHEMA IF NOT EXISTS ${schema}; CREATE EXTENSION ${type} SCHEMA ${schema}; SET search_path = app, public, ${schema};
      CREATE TABLE app."${type} items" ("clinicId" uuid NOT NULL REFERENCES app."Clinics", nr int, v ${type}, w ${type},
        kind text GENERATED ALWAYS AS (CASE v WHEN ${value}::${type} THEN 'one' ELSE 'other' END) STORED,
        nothing boolean GENERATED ALWAYS AS (NULLIF(v, w) IS NULL) STORED, PRIMARY KEY ("clinicId", nr));
      CREATE VIEW app."${type} unlike" AS SELECT nr, v IS DISTINCT FROM w AS unlike FROM app."${type} items";
      INSERT INTO app."${type} items" ("clinicId", nr, v, w) SELECT id, i, ${value}, CASE i WHEN 1 THEN ${value} ELSE ${other} END::${type}
        FROM app."Clinics", generate_series(1, 3) i;`;
    const source = await legacy(`
      CREATE SCHEMA app; CREATE TABLE app."Clinics" (id uuid PRIMARY KEY, name text);
      INSERT INTO app."Clinics" VALUES ('${UUID}', 'A'), ('00000000-0000-0000-0000-000000000002', 'B');
      ${kinds.map(table).join('')}`);
    const context = await source.configured({
      legacy: { url: '${LEGACY}', schemas: ['app', 'public'] },
      clinics: { database: `${source.prefix}_{key}`, table: 'app.Clinics', key: 'id', label: 'name' },
    });
    await migrate({ ...source, context });
    for (const [type] of kinds)
      for (const query of [
        `SELECT nr, kind, nothing FROM app."${type} items" WHERE "clinicId" = '${UUID}' ORDER BY nr`,
        `SELECT DISTINCT nr, unlike FROM app."${type} unlike" ORDER BY nr`,
      ]) {
        const [before, after] = await both(source, query, 'app', UUID);
        expect(after, query).toEqual(before);
        expect(before).toHaveLength(3);
      }
  });
});

describe('names without a schema in function bodies', () => {
  const BODIES = `
    CREATE FUNCTION public.b58(b bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT encode(b, 'hex') $$;
    CREATE FUNCTION public.b58(u uuid) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT b58(decode(replace(u::text, '-', ''), 'hex')) $$;`;

  it('are found in generated columns and checks', async () => {
    const source = await legacy(`${TENANTS} ${BODIES}
      CREATE TABLE things (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), clinic_id int NOT NULL REFERENCES clinics,
        short text GENERATED ALWAYS AS (public.b58(id)) STORED, CHECK (public.b58(id) <> ''));
      INSERT INTO things (clinic_id) SELECT 1 + g % 2 FROM generate_series(1, 20) g;`);
    await migrate(source);
    const [before, after] = await both(
      source,
      'SELECT id, short FROM things WHERE clinic_id = 1 ORDER BY id',
    );
    expect(after).toEqual(before);
  });
});

describe('a generated value that comes out differently', () => {
  const PEOPLE = `${TENANTS}
    CREATE FUNCTION public.shout(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper(t) $$;
    CREATE TABLE people (nr int, clinic_id int REFERENCES clinics, name text, PRIMARY KEY (clinic_id, nr),
      loud text GENERATED ALWAYS AS (public.shout(name)) STORED);
    CREATE TABLE notes (clinic_id int REFERENCES clinics, body text, loud text GENERATED ALWAYS AS (upper(body)) STORED);
    INSERT INTO notes (clinic_id, body) VALUES (1, 'x'), (2, 'y'), (NULL, 'z'), (NULL, 'zz');
    INSERT INTO people SELECT i, 1 + i % 2, 'p' || i FROM generate_series(1, 6) i;`;
  const QUIETLY = `
    CREATE OR REPLACE FUNCTION public.shout(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(t) || '!' $$;`;
  const verify = async ({ context }: Legacy): Promise<string[]> =>
    errorsOf(await verifyCommand.run(context, ['data'], NO_OPTIONS));

  it('is found by verify, and quarantine holds what it can', async () => {
    const source = await legacy(PEOPLE, { unassignable: 'quarantine' });
    await migrate(source);
    await withSession(clinicUrl(source, '2'), (session) =>
      session.execute(`BEGIN; ${QUIETLY} UPDATE public.people SET name = name WHERE nr = 3;
        CREATE OR REPLACE FUNCTION public.shout(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT upper(t) $$; COMMIT`),
    );
    expect(await verify(source)).toEqual([
      'DATA_ROWS_CHANGED clinic 2 (B): 1 row of public.people with other values than in the legacy database: (2,3)',
      expect.stringMatching(/^DATA_NOT_CONSERVED public\.people: as many rows/),
    ]);
  });

  it('is found by split, where the legacy database has values that its own function no longer gives', async () => {
    const source = await legacy(`${PEOPLE} DELETE FROM notes WHERE clinic_id IS NULL; ${QUIETLY}`);
    expect(errorsOf(await provisionCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
    const found = errorsOf(await splitCommand.run(source.context, [], NO_OPTIONS));
    expect(found).toContain(
      'DATA_ROWS_CHANGED clinic 2 (B): 3 rows of public.people with other values than in the legacy database: (2,1), (2,3), (2,5)',
    );
    expect(found).toContainEqual(expect.stringMatching(/^SPLIT_NOT_CONSERVED public\.people/));
  });
});

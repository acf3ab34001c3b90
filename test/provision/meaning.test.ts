import { afterEach, describe, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { errorsOf } from '../support/errors-of.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

/** From 17 on, indexes are made under a path of the server's own, where such functions fail in the legacy database too. */
const version = await withSession(adminUrl(), async (session) => {
  const [row] = await session.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS version",
  );
  return row?.version ?? 0;
});

const made: Legacy[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

async function legacy(script: string, config: object = {}): Promise<Legacy> {
  const source = await legacyDatabase(script, config);
  made.push(source);
  return source;
}

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
      SET search_path = '';
      CREATE VIEW public.bare AS SELECT id, CASE email WHEN 'ADMIN@X' THEN 'admin' ELSE 'user' END AS kind FROM public.u;
      CREATE TABLE public.bare_codes (id int, clinic_id int REFERENCES public.clinics, c public.citext,
        yes boolean GENERATED ALWAYS AS (CASE c WHEN 'YES' THEN true ELSE false END) STORED);
      CREATE INDEX bare_ones ON public.u ((email IS DISTINCT FROM alias));
      SET search_path = public;
      INSERT INTO bare_codes (id, clinic_id, c) VALUES (1, 1, 'yes'), (2, 1, 'YES');
      INSERT INTO u (clinic_id, email, alias) VALUES (1, 'admin@x', 'ADMIN@X'), (1, 'b@x', 'c@x'), (2, 'Q@x', 'q@X');
      INSERT INTO codes (clinic_id, c) VALUES (1, 'yes'), (2, 'No');
      REFRESH MATERIALIZED VIEW mjoin;`);
    await migrate(source);
    for (const query of [
      'SELECT id, kind, other, flag FROM u WHERE clinic_id = 1 ORDER BY id',
      'SELECT v.* FROM vcase v JOIN u USING (id) WHERE clinic_id = 1 ORDER BY id',
      'SELECT v.* FROM bare v JOIN u USING (id) WHERE clinic_id = 1 ORDER BY id',
      'SELECT id, yes FROM bare_codes ORDER BY id',
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
    await withSession(clinicUrl(source, '2'), (session) =>
      session.execute(
        `CREATE OR REPLACE VIEW public.vcase AS SELECT id, CASE email WHEN 'ADMIN@X' THEN 'admin' ELSE 'user' END AS kind FROM public.u`,
      ),
    );
    const found = await verifyCommand.run(source.context, ['data'], NO_OPTIONS);
    expect(found.ok).toBe(false);
    expect(errorsOf(found).filter((line) => line.includes('vcase'))).toEqual([
      'DATA_SCHEMA_DRIFT clinic 2 (B): the view public.vcase does not mean what it means in the legacy database: it uses only what PostgreSQL brings along here, and operator public.=(public.citext,public.citext), type public.citext there',
    ]);
  });

  const MOODS = `${TENANTS} CREATE SCHEMA ops; CREATE TYPE ops.mood AS ENUM ('bad', 'BAD', 'fine');
    CREATE FUNCTION ops.same(ops.mood, ops.mood) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT lower($1::text) = lower($2::text) $$;
    CREATE OPERATOR ops.= (FUNCTION = ops.same, LEFTARG = ops.mood, RIGHTARG = ops.mood);`;

  it('are found where the object found them, though nobody looks there now', async () => {
    const source = await legacy(
      `${MOODS}
      CREATE TABLE u (id int, clinic_id int REFERENCES clinics, m ops.mood); SET search_path = ops, public;
      ALTER TABLE u ADD same boolean GENERATED ALWAYS AS (CASE m WHEN 'BAD' THEN true ELSE false END) STORED;
      CREATE INDEX same_ones ON u ((NULLIF(m, 'bad')));
      SET search_path = public;
      CREATE VIEW equal AS SELECT id, CASE m WHEN 'BAD' THEN true ELSE false END AS equal FROM u;
      INSERT INTO u VALUES (1, 1, 'bad'), (2, 1, 'BAD'), (3, 2, 'bad');`,
      { legacy: { url: '${LEGACY}', schemas: ['public', 'ops'] } },
    );
    await migrate(source);
    const [before, after] = await both(
      source,
      'SELECT same, equal FROM u JOIN equal e USING (id) WHERE clinic_id = 1 ORDER BY id',
    );
    expect(after).toEqual(before);
    expect(before).toEqual([
      { same: true, equal: false },
      { same: true, equal: true },
    ]);
  });

  it('are named, and nothing is made, where one table was made under two search paths', async () => {
    const source = await legacy(
      `${MOODS}
      CREATE TABLE u (id int, clinic_id int REFERENCES clinics, m ops.mood);
      SET search_path = ops, public;
      ALTER TABLE u ADD same boolean GENERATED ALWAYS AS (CASE m WHEN 'BAD' THEN true ELSE false END) STORED;
      SET search_path = public;
      ALTER TABLE u ADD equal boolean GENERATED ALWAYS AS (CASE m WHEN 'BAD' THEN true ELSE false END) STORED;`,
      {
        legacy: { url: '${LEGACY}', schemas: ['public', 'ops'] },
      },
    );
    const found = await provisionCommand.run(source.context, [], NO_OPTIONS);
    expect(errorsOf(found)).toEqual([
      'PROVISION_MEANING_DIFFERS the default or generated column public.u.equal would not mean in clinic databases what it means in the legacy database: there it uses nothing but what PostgreSQL has from the start, here the operator ops.=(ops.mood,ops.mood)',
    ]);
    const databases = await withSession(adminUrl(), (session) =>
      session.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1) OR datname ~ $2', [
        `${source.prefix}_1`,
        '^clinic_migrate_making',
      ]),
    );
    expect(databases).toEqual([]);
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

  it('are found in generated columns, checks and indexes, where tables cannot be read without them', async () => {
    const source = await legacy(`${TENANTS} ${BODIES}
      CREATE TABLE things (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), clinic_id int NOT NULL REFERENCES clinics,
        short text GENERATED ALWAYS AS (public.b58(id)) STORED, CHECK (public.b58(id) <> ''));
      CREATE TABLE parts (id uuid, clinic_id int NOT NULL REFERENCES clinics, CHECK (public.b58(id) <> '')) PARTITION BY LIST (clinic_id);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1); CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
      INSERT INTO parts SELECT gen_random_uuid(), 1 + g % 2 FROM generate_series(1, 20) g;
      ${version < 17 ? "CREATE INDEX by_short ON things (public.b58(id)) WHERE public.b58(id) <> 'x';" : ''}
      INSERT INTO things (clinic_id) SELECT 1 + g % 2 FROM generate_series(1, 20) g;`);
    await migrate(source);
    const [before, after] = await both(
      source,
      'SELECT id, short FROM things WHERE clinic_id = 1 ORDER BY id',
    );
    expect(after).toEqual(before);
  });
});

describe('functions and types', () => {
  const SCOPES = `${TENANTS}
    CREATE TABLE documents (id serial PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics, title text);
    INSERT INTO documents (clinic_id, title) SELECT 1 + g % 2, 'doc ' || g FROM generate_series(1, 6) g;
    CREATE TABLE plans (id int PRIMARY KEY, name text); INSERT INTO plans VALUES (1, 'free');`;
  const config = { tables: { plans: { scope: 'central' } } };

  it('go where all that they need is, and are named where that is nowhere', async () => {
    const source = await legacy(
      `${SCOPES}
      CREATE FUNCTION clinic_documents() RETURNS SETOF documents LANGUAGE sql STABLE AS $$ SELECT * FROM documents $$;
      CREATE FUNCTION document_count() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM documents; END;
      CREATE FUNCTION all_plans() RETURNS SETOF plans LANGUAGE sql STABLE AS $$ SELECT * FROM plans $$;
      COMMENT ON FUNCTION all_plans() IS 'one; two';
      CREATE VIEW listed AS SELECT * FROM clinic_documents();
      CREATE VIEW counted AS SELECT document_count() AS n;
      CREATE FUNCTION "show it"(p plans) RETURNS text LANGUAGE sql AS $$ SELECT ($1).name $$;
      CREATE FUNCTION "show it"(d documents[]) RETURNS text LANGUAGE sql AS $$ SELECT ($1)[1].title $$;
      CREATE FUNCTION same_plan(a plans, b plans) RETURNS boolean LANGUAGE sql AS $$ SELECT ($1).id = ($2).id $$;
      CREATE OPERATOR === (FUNCTION = same_plan, LEFTARG = plans, RIGHTARG = plans);
      CREATE OPERATOR === (FUNCTION = date_eq, LEFTARG = date, RIGHTARG = date);
      CREATE PROCEDURE of_both(d documents, p plans) LANGUAGE sql AS $$ SELECT 1 $$;
      CREATE TYPE pair AS (document documents, plan plans);
      CREATE FUNCTION of_pair(VARIADIC pairs pair[]) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
      CREATE VIEW of_neither AS SELECT of_pair(NULL::pair) AS n;
      CREATE DOMAIN counted_name AS text CHECK (document_count() >= 0);
      CREATE CAST (plans AS date) WITH INOUT;`,
      config,
    );
    await migrate(source);
    const inspected = await inspectCommand.run(source.context, [], NO_OPTIONS);
    const named = inspected.findings.filter(
      ({ code }) => code.startsWith('PROVISION_') && !code.includes('READS_ABSENT'),
    );
    expect(named.map(({ code, severity, subject }) => `${severity} ${code} ${subject}`).sort()).toEqual([
      'warning PROVISION_FUNCTION_LEFT_OUT public.of_both(IN d public.documents, IN p public.plans)',
      'warning PROVISION_FUNCTION_LEFT_OUT public.of_pair(VARIADIC pairs public.pair[])',
      'warning PROVISION_OBJECT_LEFT_BEHIND public.pair',
      'warning PROVISION_VIEW_LEFT_OUT public.of_neither',
    ]);
    const objects = (url: string): Promise<unknown> =>
      withSession(url, async (session) => {
        const [row] = await session.query<{ all: string[] }>(
          `SELECT array_agg(name ORDER BY name COLLATE "C") AS all FROM (
             SELECT oid::regprocedure::text AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace
              UNION ALL SELECT oid::regoperator::text FROM pg_operator WHERE oprnamespace = 'public'::regnamespace
              UNION ALL SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'
              UNION ALL SELECT oid::regtype::text FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'd') AS o`,
        );
        return row?.all;
      });
    expect(await objects(clinicUrl(source, '1'))).toEqual([
      'public."show it"(public.documents[])',
      'public.===(date,date)',
      'public.clinic_documents()',
      'public.counted',
      'public.counted_name',
      'public.document_count()',
      'public.listed',
    ]);
    expect(await objects(source.centralUrl)).toEqual([
      'public."show it"(public.plans)',
      'public.===(date,date)',
      'public.===(public.plans,public.plans)',
      'public.all_plans()',
      'public.same_plan(public.plans,public.plans)',
    ]);
  });

  it('that a table needs and cannot have are an error before anything is made', async () => {
    const source = await legacy(
      `${SCOPES}
      CREATE FUNCTION has_plan(t text) RETURNS boolean LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT EXISTS (SELECT FROM plans WHERE name = t); END;
      ALTER TABLE documents ADD CHECK (has_plan(title) IS NOT NULL);
      ALTER TABLE documents ADD old plans;`,
      config,
    );
    for (const command of [inspectCommand, provisionCommand])
      expect(errorsOf(await command.run(source.context, [], NO_OPTIONS)).sort(), command.name).toEqual([
        'PROVISION_FUNCTION_LEFT_OUT public.documents needs public.plans, which clinic databases do not have',
        'PROVISION_FUNCTION_LEFT_OUT public.documents needs the function public.has_plan(t text), which clinic databases do not have, since that needs public.plans',
      ]);
  });
});

describe('a statement that fails', () => {
  it('is named with its object and what ends it', async () => {
    const source = await legacy(`${TENANTS}
      CREATE SCHEMA hidden; CREATE FUNCTION hidden.helper(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
      CREATE FUNCTION public.by_helper(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN helper(i); END';
      CREATE TABLE things (id int PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics);
      CREATE INDEX "by helper" ON things (by_helper(id));
      SET search_path = public, hidden; INSERT INTO things VALUES (1, 1), (2, 2);`);
    expect(errorsOf(await provisionCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
    const split = splitCommand.run(source.context, [], NO_OPTIONS);
    await expect(split).rejects.toThrow(
      /^the index public\.by helper could not be made in a clinic database: .*function helper\(integer\) does not exist/,
    );
    await expect(split).rejects.toHaveProperty(
      'hint',
      expect.stringMatching(/ALTER FUNCTION … SET search_path/),
    );
    await withSession(source.database.url, (session) =>
      session.execute('ALTER FUNCTION public.by_helper(int) SET search_path = hidden'),
    );
  });
});

describe('what follows the rows', () => {
  it.each([
    ['an index', 'CREATE INDEX "by helper" ON things (by_helper(id))', 'index public.by helper'],
    [
      'what an index asks',
      'CREATE UNIQUE INDEX "few Things" ON things (id) WHERE by_helper(id) > 0',
      'index public.few Things',
    ],
    [
      'an exclusion constraint',
      'ALTER TABLE things ADD CONSTRAINT once EXCLUDE (by_helper(id) WITH =)',
      'constraint public.things once',
    ],
  ])('is tried before any clinic’s database is made: %s', async (_, sql, named) => {
    const script = `${TENANTS}
      CREATE SCHEMA hidden; CREATE FUNCTION hidden.helper(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
      SET search_path = public, hidden;
      CREATE FUNCTION public.by_helper(i int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT i';
      CREATE TABLE public.things (id int PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics); ${sql};
      -- From 17 on an index sees no schema but pg_catalog while it is made: the function came to this later.
      CREATE OR REPLACE FUNCTION public.by_helper(i int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT helper(i)';
      INSERT INTO things VALUES (1, 1), (2, 2);`;
    const source = await legacy(script, { legacy: { url: '${LEGACY}', schemas: ['public', 'hidden'] } });
    const run = provisionCommand.run(source.context, [], NO_OPTIONS);
    await expect(run).rejects.toThrow(`the ${named} could not be made in a clinic database: `);
    await expect(run).rejects.toHaveProperty(
      'hint',
      expect.stringMatching(/ALTER FUNCTION … SET search_path/),
    );
    const left = await withSession(adminUrl(), (session) =>
      session.query('SELECT FROM pg_database WHERE datname LIKE $1', [`${source.prefix}_%`]),
    );
    expect(left).toHaveLength(1); // central
    await withSession(source.database.url, (session) =>
      session.execute('ALTER FUNCTION public.by_helper(int) SET search_path = hidden'),
    );
    expect(errorsOf(await provisionCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
    expect(errorsOf(await splitCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
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

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { pgDatabases } from '../../src/adapters/pg.js';
import { cleanDump } from '../../src/adapters/pg-dump/clean.js';
import { pgDumper } from '../../src/adapters/pg-dump.js';
import { readCatalog } from '../../src/catalog/read-catalog.js';
import { withDatabase, withLogin } from '../../src/core/urls.js';
import { adminUrl, createDatabase, type TestDatabase, uniqueName, withSession } from '../support/postgres.js';
import { temporaryFolder } from './temporary-folder.js';

const SCHEMA = `
  CREATE SCHEMA "sché ma; --";
  CREATE EXTENSION pgcrypto WITH SCHEMA public;
  CREATE TYPE public.mood AS ENUM ('it''s', 'ö"k', 'x\\y');
  CREATE DOMAIN public.positive AS integer CHECK (VALUE > 0);
  CREATE TABLE public.companies (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);
  CREATE TABLE public."Pa""tients'; DROP TABLE x; --" (
    id serial PRIMARY KEY, company_id integer NOT NULL REFERENCES public.companies ON DELETE CASCADE,
    "select" public.mood DEFAULT 'ö"k', age public.positive, "née" text COLLATE "C",
    double integer GENERATED ALWAYS AS (company_id * 2) STORED);
  CREATE INDEX "in""dex" ON public."Pa""tients'; DROP TABLE x; --" (lower("née")) WHERE age > 3;
  CREATE VIEW "sché ma; --"."v$iew" AS SELECT id, "née" FROM public."Pa""tients'; DROP TABLE x; --";
  CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS $body$
  BEGIN
    -- a body that looks like a dump
    EXECUTE '
SET transaction_timeout = 0;
CREATE SCHEMA public;';
    RETURN NEW;
  END $body$;
  CREATE TRIGGER "tr""igger" BEFORE INSERT ON public.companies FOR EACH ROW EXECUTE FUNCTION public.stamp();
  CREATE TABLE public.logs (id bigint NOT NULL, at date NOT NULL, company_id integer) PARTITION BY RANGE (at);
  CREATE TABLE public.logs_2024 PARTITION OF public.logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  ALTER TABLE public.logs ADD PRIMARY KEY (id, at);
  ALTER TABLE public.companies ENABLE ROW LEVEL SECURITY;
  CREATE POLICY "po'licy" ON public.companies USING (id > 0);
  CREATE TABLE public.users (id serial PRIMARY KEY, email text);
`;

const SCHEMAS = ['public', 'sché ma; --'];
const made: TestDatabase[] = [];

async function database(script = ''): Promise<TestDatabase> {
  const result = await createDatabase(script);
  made.push(result);
  return result;
}

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const each of made.splice(0)) await each.drop();
});

async function catalogOf(url: string, schemas = SCHEMAS) {
  return withSession(url, (session) => readCatalog(session, schemas));
}

it('carries a schema with hostile names into an empty database unchanged', async () => {
  const source = await database(SCHEMA);
  const target = await database();
  for (const section of ['pre-data', 'post-data'] as const) {
    const script = await pgDumper.dump(source.url, { section, schemas: SCHEMAS, excludeTables: [] });
    expect(script).not.toMatch(/^\\|OWNER TO|GRANT /m);
    await withSession(target.url, (session) => session.execute(script));
  }
  const [before, after] = [await catalogOf(source.url), await catalogOf(target.url)];
  expect(after).toEqual(before);
  expect(after.tables.map(({ name }) => name)).toContain(`Pa"tients'; DROP TABLE x; --`);
  const body = `SELECT pg_get_functiondef('public.stamp'::regproc) AS sql`;
  expect(await withSession(target.url, (session) => session.query(body))).toEqual(
    await withSession(source.url, (session) => session.query(body)),
  );
});

it('keeps indexes, foreign keys and triggers out of pre-data', async () => {
  const source = await database(SCHEMA);
  const target = await database();
  const options = { section: 'pre-data', schemas: SCHEMAS, excludeTables: [] } as const;
  const script = await pgDumper.dump(source.url, options);
  await withSession(target.url, (session) => session.execute(script));
  const { tables, objects } = await catalogOf(target.url);
  expect(tables.length).toBeGreaterThan(3);
  expect(tables.flatMap((table) => [...table.keys, ...table.foreignKeys])).toEqual([]);
  expect(objects.filter(({ kind }) => kind === 'trigger')).toEqual([]);
});

it('leaves out tables with their partitions and their sequences, and nothing else', async () => {
  const source = await database(SCHEMA);
  const target = await database();
  const excludeTables = ['users', 'logs'].map((name) => ({ schema: 'public', name }));
  for (const section of ['pre-data', 'post-data'] as const)
    await withSession(target.url, async (session) =>
      session.execute(await pgDumper.dump(source.url, { section, schemas: SCHEMAS, excludeTables })),
    );
  const { tables, sequences } = await catalogOf(target.url);
  expect(tables.map(({ name }) => name)).toEqual([`Pa"tients'; DROP TABLE x; --`, 'companies']);
  expect(sequences.map(({ name }) => name)).toEqual([
    `Pa"tients'; DROP TABLE x; --_id_seq`,
    'companies_id_seq',
  ]);
});

it('makes the schema of an extension that none of the chosen schemas holds', async () => {
  const source = await database('CREATE SCHEMA ext; CREATE EXTENSION pgcrypto WITH SCHEMA ext;');
  const target = await database();
  const options = { section: 'pre-data', schemas: ['public'], excludeTables: [] } as const;
  const script = await pgDumper.dump(source.url, options);
  await withSession(target.url, (session) => session.execute(script));
  expect((await catalogOf(target.url, ['public'])).objects).toEqual([
    { kind: 'extension', schema: 'ext', name: 'pgcrypto', dependsOn: [] },
  ]);
});

it('takes a schema of hundreds of tables, whose statements and answers come in many pieces', async () => {
  const tables = Array.from(
    { length: 300 },
    (_, i) =>
      `CREATE TABLE public.t${i} (id int PRIMARY KEY, ${'x'.repeat(50)} text DEFAULT '${'y'.repeat(500)}');`,
  );
  const source = await database(tables.join('\n'));
  const dump = await pgDumper.dump(source.url, {
    section: 'pre-data',
    schemas: ['public'],
    excludeTables: [],
  });
  expect(dump.match(/^CREATE TABLE public\.t\d+ \(/gm)).toHaveLength(300);
});

it('says in one line what pg_dump complains of, without a password', async () => {
  const source = await database('CREATE TABLE public.secret (id int)');
  const role = uniqueName('reader');
  await withSession(adminUrl(), (session) =>
    session.execute(
      `CREATE ROLE ${role} LOGIN PASSWORD 'p4ss w0rd'; GRANT CONNECT ON DATABASE ${source.name} TO PUBLIC`,
    ),
  );
  try {
    const url = withLogin(source.url, role, 'p4ss w0rd');
    const options = { section: 'pre-data', schemas: ['public'], excludeTables: [] } as const;
    const error: Error = await pgDumper.dump(url, options).then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error.message).toMatch(
      /^cannot read the schema of reader_.*: pg_dump: error: .*permission denied for table secret/,
    );
    expect(error.message).not.toMatch(/\n|p4ss/);
    await expect(pgDumper.dump(withLogin(source.url, role, 'wrong'), options)).rejects.toThrow(
      /^cannot connect to reader_/,
    );
  } finally {
    await withSession(adminUrl(), (session) => session.execute(`DROP ROLE ${role}`));
  }
});

it('stops when the server ends the connection in the middle', async () => {
  const source = await database('CREATE TABLE public.held (id int)');
  const holder = await pgDatabases.connect(source.url);
  await holder.execute('BEGIN; LOCK TABLE public.held IN ACCESS EXCLUSIVE MODE');
  const options = { section: 'pre-data', schemas: ['public'], excludeTables: [] } as const;
  const dump = pgDumper.dump(source.url, options).then(
    () => 'dumped',
    (error: Error) => error.message,
  );
  const blocked = `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
    WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`;
  await withSession(source.url, async (session) => {
    while ((await session.query(blocked)).length === 0) await new Promise((resolve) => setImmediate(resolve));
  });
  await holder.close();
  expect(await dump).toMatch(/terminating connection|was lost/);
});

it('uses the program that PG_DUMP names, with the password in its environment and not in its arguments', async () => {
  const folder = await temporaryFolder();
  const program = join(folder, 'pg_dump');
  await writeFile(program, '#!/bin/sh\nprintf "%s\\n" "-- $PGPASSWORD" "$@"\n', { mode: 0o755 });
  vi.stubEnv('PG_DUMP', program);
  const source = await database();
  const options = { section: 'post-data', schemas: ['public'], excludeTables: [] } as const;
  const printed = (await pgDumper.dump(source.url, options)).split('\n');
  const password = new URL(adminUrl()).password;
  expect(printed).toContain(`-- ${decodeURIComponent(password)}`);
  expect(printed).toContain('--section=post-data');
  expect(printed.slice(1).join('\n')).not.toContain(password);
  vi.stubEnv('PG_DUMP', join(folder, 'none'));
  await expect(pgDumper.dump(withDatabase(adminUrl(), source.name), options)).rejects.toThrow(
    /cannot run .*none, which PG_DUMP names: ENOENT/,
  );
});

it('removes what only psql or a newer server understands, in the preamble and the last line alone', () => {
  const text = `--\n-- dump\n--\n\n\\restrict k3y\n\nSET statement_timeout = 0;\nSET transaction_timeout = 0;\n\n--\n-- Name: f; Type: FUNCTION; Schema: public; Owner: -\n--\n\nSET transaction_timeout = 0;\n\\restrict x\nCREATE SCHEMA public;\n\n\\unrestrict k3y\n\n`;
  expect(cleanDump(text, ['e"x'])).toBe(
    `--\n-- dump\n--\n\n\nSET statement_timeout = 0;\n\nCREATE SCHEMA IF NOT EXISTS "e""x";\n\n--\n-- Name: f; Type: FUNCTION; Schema: public; Owner: -\n--\n\nSET transaction_timeout = 0;\n\\restrict x\nCREATE SCHEMA public;\n\n`,
  );
});

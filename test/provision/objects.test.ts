import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pgDumper } from '../../src/adapters/pg-dump.js';
import type { Context } from '../../src/commands/command.js';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import { splitStatements } from '../../src/provision/sql-text.js';
import type { Report } from '../../src/report/report.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { makerOf } from '../support/maker.js';
import { adminUrl, withSession } from '../support/postgres.js';

const SCRIPT = readFileSync(join(import.meta.dirname, '../../fixtures/schemas/everything.sql'), 'utf8');
const SCHEMAS = ['public', 'tools'];
const TABLES = { users: { scope: 'central' }, addresses: { scope: 'shared' } };
/** What a clinic database lacks on purpose: the foreign key into the central database, and the comment on it. */
const ADAPTED = /CONSTRAINT patients_made_by_fkey/;

const version = await withSession(adminUrl(), async (session) => {
  const [row] = await session.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS version",
  );
  return row?.version ?? 0;
});

let legacy: Legacy;
let context: Context;
beforeAll(async () => {
  legacy = await legacyDatabase(SCRIPT, { legacy: { url: '${LEGACY}', schemas: SCHEMAS }, tables: TABLES });
  context = legacy.context;
});
afterAll(() => legacy?.drop());

const clinicUrl = (key: string): string => withDatabase(adminUrl(), `${legacy.prefix}_${key}`);
const codes = ({ findings }: Report, severity: string): string[] =>
  findings
    .filter((finding) => finding.severity === severity)
    .map(({ code, subject }) => `${code} ${subject}`)
    .sort();

/** The schema as statements, in a fixed order; one for each object, constraint and comment. */
async function schemaOf(url: string): Promise<string[]> {
  const excludeTables = [
    { schema: 'public', name: 'users' },
    { schema: 'public', name: 'makers' },
  ];
  const statements: string[] = [];
  for (const section of ['pre-data', 'post-data'] as const)
    for (const { text } of splitStatements(
      await pgDumper.dump(url, { section, schemas: SCHEMAS, excludeTables }),
    ))
      if (!/^(SET|SELECT pg_catalog.set_config)/.test(text)) statements.push(text);
  return statements.sort();
}

describe('every kind of object', () => {
  it('is carried into clinic databases, or said to be left', async () => {
    const inspected = await inspectCommand.run(context, [], NO_OPTIONS);
    expect(codes(inspected, 'error')).toEqual([]);
    expect(codes(inspected, 'warning')).toEqual([
      'PROVISION_OBJECT_LEFT_BEHIND everything',
      'PROVISION_VIEW_LEFT_OUT public.makers',
    ]);
    for (const command of [provisionCommand, splitCommand])
      expect(codes(await command.run(context, [], NO_OPTIONS), 'error')).toEqual([]);
    const before = (await schemaOf(legacy.database.url)).filter((text) => !ADAPTED.test(text));
    expect(before.length).toBeGreaterThan(80);
    // Beside what the legacy database has, the login gets back the rows that its policies did not keep from the application's.
    const made = await schemaOf(clinicUrl('1'));
    expect(made.filter((text) => !text.startsWith('CREATE POLICY clinic_migrate_login '))).toEqual(before);
    expect(codes(await verifyCommand.run(context, ['data'], NO_OPTIONS), 'error')).toEqual([]);
  });

  it('keeps each row in the very table that it was in', async () => {
    const rows = await withSession(clinicUrl('2'), (session) =>
      session.query<Record<string, string>>(`SELECT
        (SELECT string_agg(id::text, ' ' ORDER BY id) FROM ONLY public.notes) AS notes,
        (SELECT string_agg(id || ' ' || until, ' ' ORDER BY id) FROM public.urgent_notes WHERE id < 4) AS urgent,
        (SELECT count(*)::text FROM public.visits_old) AS old, (SELECT count(*)::text FROM public.visits) AS visits,
        (SELECT last_value::text FROM public.receipt_numbers) AS receipt, (SELECT n::text FROM public.counts) AS counted`),
    );
    expect(rows).toEqual([
      {
        notes: '1 3 5',
        urgent: '1 2030-01-01 3 2030-01-01',
        old: '3',
        visits: '10',
        receipt: '1154',
        counted: '10',
      },
    ]);
  });

  it('is found by verify in whatever else it is not like', async () => {
    const faults = [
      ['ALTER TABLE public.lines SET UNLOGGED', 'public.lines: the table … persistence u, and p there'],
      [
        'ALTER TABLE public.patients DISABLE TRIGGER ALL',
        'public.patients: the table … switched-off keys D, and none there',
      ],
      [
        'ALTER TABLE public.urgent_notes NO INHERIT public.notes',
        'public.urgent_notes: the table … parents none, and public.notes there',
      ],
      [
        'ALTER TABLE public.notes REPLICA IDENTITY NOTHING',
        'public.notes: the table … replica identity n, and d there',
      ],
      [
        'ALTER SEQUENCE public.receipt_numbers INCREMENT 1',
        'public.receipt_numbers: the sequence … seqincrement 1, and 7 there',
      ],
      [
        'ALTER SEQUENCE public.rooms_id_seq CYCLE',
        'public.rooms_id_seq: the sequence … seqcycle true, and false there',
      ],
      ['ALTER DOMAIN public.percent SET DEFAULT 5', 'public.percent: the type … default 5, and 0 there'],
      [
        'ALTER DOMAIN public.email DROP CONSTRAINT has_at',
        'public.email: the type … checks none, and has_at CHECK',
      ],
      [
        'ALTER VIEW public.names SET (security_invoker = true)',
        'public.names: the view … options security_invoker=true, and none there',
      ],
      [
        'ALTER VIEW public.long_names SET (security_barrier = false)',
        'public.long_names: the view … options check_option=cascaded, security_barrier=false, and',
      ],
      [
        'ALTER FUNCTION public.next_receipt() PARALLEL SAFE',
        'public.next_receipt(): the function … parallel s, and u there',
      ],
      [
        'CREATE OR REPLACE FUNCTION public.twice(n int) RETURNS int IMMUTABLE BEGIN ATOMIC SELECT CASE WHEN n IS NULL THEN 0 ELSE n * 3 END; END',
        'public.twice(n integer): the function … body BEGIN ATOMIC',
      ],
    ] as const;
    const found = await withSession(clinicUrl('2'), async (session) => {
      for (const [fault] of faults) await session.execute(fault);
      return verifyCommand.run(context, ['data'], NO_OPTIONS);
    });
    const says = found.findings
      .map(({ severity, message }) =>
        `${severity} ${message}`.replace('is not what it is in the legacy database:', '…'),
      )
      .filter((text) => text.includes('…'));
    for (const [fault, message] of faults)
      expect(
        says.filter((text) => text.startsWith(`error clinic 2 (two): ${message}`)),
        fault,
      ).toHaveLength(1);
    expect(says).toHaveLength(faults.length);
  });

  it.each([
    ['DROP TRIGGER touch ON public.patients', /trigger touch/],
    ['DROP POLICY own ON public.rooms', /policy own/],
    ['DROP RULE keep ON public.drafts', /rule keep/],
    ['DROP STATISTICS public.patients_stats', /statistics patients_stats/],
    ['DROP VIEW public.long_names', /view long_names/],
    ['DROP MATERIALIZED VIEW public.counts', /materialized view counts/],
    ['DROP PROCEDURE public.nothing()', /function nothing/],
    ['DROP AGGREGATE public.total (bigint)', /function total/],
    ['DROP OPERATOR public.=== (date, date)', /operator ===/],
    ['DROP TYPE public.span', /type span/],
    [
      "ALTER COLLATION public.by_bytes RENAME TO by_others; CREATE COLLATION public.by_bytes (provider = icu, locale = 'en')",
      /collation by_bytes is not what it was/,
    ],
    [
      'ALTER TEXT SEARCH DICTIONARY public.plain (ACCEPT = false)',
      /text search dictionary plain is not what it was/,
    ],
    [
      'ALTER TEXT SEARCH CONFIGURATION public.medical DROP MAPPING FOR email',
      /text search configuration medical is not what it was/,
    ],
    ['DROP TEXT SEARCH CONFIGURATION public.medical', /text search configuration medical/],
    ['ALTER TABLE public.rooms DISABLE ROW LEVEL SECURITY', /row security/],
  ])('is missed by verify: %s', async (fault, message) => {
    const found = await withSession(clinicUrl('1'), async (session) => {
      await session.execute('CREATE SCHEMA IF NOT EXISTS planted');
      await session.execute(fault);
      return verifyCommand.run(context, ['data'], NO_OPTIONS);
    });
    const drift = found.findings.filter(({ code }) => code === 'DATA_SCHEMA_DRIFT');
    expect(drift.map(({ message: text }) => text).join('\n')).toMatch(message);
  });
});

describe('what cannot be split', () => {
  const base = 'CREATE TABLE companies (id int PRIMARY KEY, name text); INSERT INTO companies VALUES (1);';
  it.each([
    [
      'clinics that are not there',
      'CREATE TABLE companies (id int PRIMARY KEY, name text);',
      {},
      'TENANCY_NO_CLINICS public.companies',
    ],
    [
      'a table with a part on another server',
      `${base} CREATE EXTENSION postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
       CREATE TABLE logs (id int, company_id int) PARTITION BY RANGE (id);
       CREATE FOREIGN TABLE old_logs PARTITION OF logs FOR VALUES FROM (MINVALUE) TO (0) SERVER elsewhere;`,
      { logs: { scope: 'clinic', key: 'company_id' } },
      'PROVISION_FOREIGN_TABLE public.old_logs',
    ],
    [
      'an heir of a table that stays',
      `${base} CREATE TABLE logs (id int PRIMARY KEY); CREATE TABLE own_logs (company_id int REFERENCES companies) INHERITS (logs);`,
      { logs: { scope: 'central' } },
      'PROVISION_PARENT_ABSENT public.own_logs',
    ],
    [
      'large objects that a row may name',
      `${base} CREATE TABLE scans (id int, company_id int REFERENCES companies, image oid);
       INSERT INTO scans SELECT 1, 1, lo_from_bytea(0, 'x');`,
      {},
      'PROVISION_LARGE_OBJECTS 1 large objects',
    ],
  ])('is refused: %s', async (_, script, tables, finding) => {
    const own = await legacyDatabase(script, { tables });
    try {
      const report = await provisionCommand.run(own.context, [], NO_OPTIONS);
      expect(codes(report, 'error')).toEqual([finding]);
    } finally {
      await own.drop();
    }
  });
});

describe('a foreign table', () => {
  const script = `
    CREATE EXTENSION postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname 'nowhere');
    CREATE TABLE companies (id int PRIMARY KEY, name text); INSERT INTO companies VALUES (1, 'A'), (2, 'B');
    CREATE TABLE patients (id serial PRIMARY KEY, company_id int NOT NULL REFERENCES companies);
    INSERT INTO patients (company_id) VALUES (1), (2);
    CREATE FOREIGN TABLE "ra""tes" (id int, company_id int, patient_id int) SERVER elsewhere;
    CREATE FOREIGN TABLE heirs () INHERITS (patients) SERVER elsewhere;
    CREATE VIEW both_of AS SELECT p.id FROM patients p JOIN "ra""tes" r USING (id);
    CREATE TABLE parts (id int) PARTITION BY RANGE (id);
    CREATE FOREIGN TABLE old_parts PARTITION OF parts FOR VALUES FROM (MINVALUE) TO (0) SERVER elsewhere;`;
  const parts = { parts: { scope: 'ignored' } };

  it.each([
    ['named, never read, and left where it is', parts, ['public.heirs', 'public.ra"tes']],
    [
      'whatever the configuration would do with it',
      { ...parts, 'ra"tes': { scope: 'central' } },
      ['public.heirs', 'public.ra"tes'],
    ],
    [
      'in silence where the configuration says so',
      { ...parts, 'ra"tes': { scope: 'ignored' }, heirs: { scope: 'ignored' } },
      [],
    ],
  ])('is %s', async (_, tables, named) => {
    const own = await legacyDatabase(script, { tables });
    try {
      const inspected = await inspectCommand.run(own.context, [], NO_OPTIONS);
      expect(codes(inspected, 'error')).toEqual([]);
      expect(codes(inspected, 'warning')).toEqual([
        'PROVISION_EXTENSION_REACHES_OUT postgres_fdw',
        ...named.map((name) => `PROVISION_FOREIGN_TABLE ${name}`),
        'PROVISION_OBJECT_LEFT_BEHIND elsewhere',
        'PROVISION_VIEW_LEFT_OUT public.both_of',
      ]);
      for (const command of [provisionCommand, splitCommand])
        expect(codes(await command.run(own.context, [], NO_OPTIONS), 'error')).toEqual([]);
      expect(codes(await verifyCommand.run(own.context, ['data'], NO_OPTIONS), 'error')).toEqual([]);
      const [there] = await withSession(withDatabase(adminUrl(), `${own.prefix}_2`), (session) =>
        session.query(`SELECT (SELECT count(*)::int FROM public.patients) AS patients,
          (SELECT count(*)::int FROM pg_foreign_table) AS "foreign"`),
      );
      expect(there).toEqual({ patients: 1, foreign: 0 });
    } finally {
      await own.drop();
    }
  });
});

describe('casts', () => {
  const script = `
    CREATE SCHEMA "it's"; CREATE SCHEMA far;
    CREATE TYPE mood AS ENUM ('fine', 'bad'); CREATE TYPE "it's"."po""int" AS (x int, y int); CREATE TYPE far.thing AS ENUM ('x');
    CREATE TABLE companies (id int PRIMARY KEY, name text); INSERT INTO companies VALUES (1, 'A'), (2, 'B');
    CREATE TABLE users (id int PRIMARY KEY, name text);
    CREATE FUNCTION "it's".to_point(mood) RETURNS "it's"."po""int" IMMUTABLE LANGUAGE sql AS $$ SELECT ROW(length($1::text), 1)::"it's"."po""int" $$;
    CREATE FUNCTION mood_number(mood) RETURNS int IMMUTABLE LANGUAGE sql AS $$ SELECT CASE $1 WHEN 'fine' THEN 1 ELSE 2 END $$;
    CREATE CAST (mood AS "it's"."po""int") WITH FUNCTION "it's".to_point(mood) AS ASSIGNMENT;
    CREATE CAST (mood AS int) WITH FUNCTION mood_number(mood) AS ASSIGNMENT;
    CREATE CAST ("it's"."po""int" AS text) WITH INOUT;
    CREATE CAST (bigint AS mood) WITH INOUT AS ASSIGNMENT;
    CREATE CAST (users AS text) WITH INOUT;
    CREATE CAST (far.thing AS int) WITH INOUT;
    CREATE TABLE patients (id serial PRIMARY KEY, company_id int NOT NULL REFERENCES companies, feel mood,
      number int GENERATED ALWAYS AS (feel::int + 1) STORED, place "it's"."po""int");
    CREATE VIEW feelings AS SELECT feel::int AS number, (feel::"it's"."po""int").x FROM patients;
    INSERT INTO patients (company_id, feel, place) VALUES (1, 'fine', '(1,2)'), (2, 'bad', NULL);`;
  const config = {
    legacy: { url: '${LEGACY}', schemas: ['public', "it's"] },
    tables: { users: { scope: 'central' } },
  };

  it('are carried to where their types are, before what uses them; the others are named', async () => {
    const own = await legacyDatabase(script, config);
    try {
      const inspected = await inspectCommand.run(own.context, [], NO_OPTIONS);
      expect(codes(inspected, 'error')).toEqual([]);
      expect(codes(inspected, 'warning')).toEqual(['PROVISION_OBJECT_LEFT_BEHIND far.thing AS integer']);
      for (const command of [provisionCommand, splitCommand])
        expect(codes(await command.run(own.context, [], NO_OPTIONS), 'error')).toEqual([]);
      const verify = (): Promise<Report> => verifyCommand.run(own.context, ['data'], NO_OPTIONS);
      expect(codes(await verify(), 'error')).toEqual([]);
      const clinic = withDatabase(adminUrl(), `${own.prefix}_2`);
      const casts = (url: string): Promise<unknown[]> =>
        withSession(url, (session) =>
          session.query(`SELECT castsource::regtype::text AS source, casttarget::regtype::text AS target, castcontext, castmethod,
            nullif(castfunc, 0)::regprocedure::text AS function FROM pg_cast WHERE oid >= 16384
              AND 'far.thing'::text <> castsource::regtype::text ORDER BY 1, 2`),
        );
      const legacyCasts = await casts(own.database.url);
      expect(legacyCasts).toHaveLength(5);
      expect(await casts(own.centralUrl)).toEqual(legacyCasts);
      expect(await casts(clinic)).toEqual(
        legacyCasts.filter((cast) => (cast as { source: string }).source !== 'public.users'),
      );
      const plant = (sql: string): Promise<void> => withSession(clinic, (session) => session.execute(sql));
      for (const [fault, message] of [
        ['DROP CAST (bigint AS public.mood)', /the cast bigint AS public.mood is missing/],
        [
          'DROP CAST (bigint AS public.mood); CREATE CAST (bigint AS public.mood) WITH INOUT',
          /the cast bigint AS public.mood is WITH INOUT, not WITH INOUT AS ASSIGNMENT/,
        ],
        [
          'CREATE CAST (public.mood AS bigint) WITH INOUT',
          /the cast public.mood AS bigint is not in the legacy database/,
        ],
      ] as const) {
        await plant(fault);
        const found = await verify();
        expect(found.ok).toBe(false);
        const [drift, ...more] = found.findings.filter(({ severity }) => severity === 'error');
        expect(more).toEqual([]);
        expect(drift?.message).toMatch(message);
        await plant(/In database "[^"]+": (.*)$/s.exec(drift?.hint ?? '')?.[1] ?? 'no hint');
        expect(codes(await verify(), 'error')).toEqual([]);
      }
    } finally {
      await own.drop();
    }
  });

  // From 18 on, ranges are no more taken for one another, which leaves types that are written in C.
  it.runIf(version < 18)(
    'are made by a provisioning login that is no superuser, but for one without a function, which is named',
    async () => {
      const own = await legacyDatabase(
        `CREATE TYPE a AS RANGE (subtype = int); CREATE TYPE b AS RANGE (subtype = int); CREATE CAST (a AS b) WITHOUT FUNCTION; CREATE CAST (a AS text) WITH INOUT;
       CREATE TABLE companies (id int PRIMARY KEY, name text); INSERT INTO companies VALUES (1, 'A');`,
      );
      const maker = await makerOf(own);
      try {
        const report = await provisionCommand.run(maker.context, [], NO_OPTIONS);
        expect(codes(report, 'error')).toEqual([]);
        expect(codes(report, 'warning')).toContain('PROVISION_OBJECT_LEFT_BEHIND public.a AS public.b');
        const [casts] = await withSession(withDatabase(adminUrl(), `${own.prefix}_1`), (session) =>
          session.query(
            `SELECT array_agg(castsource::regtype || ' AS ' || casttarget::regtype) AS made FROM pg_cast WHERE oid >= 16384 AND castfunc = 0`,
          ),
        );
        expect(casts).toEqual({ made: ['public.a AS text'] });
      } finally {
        await own.drop();
        await maker.drop();
      }
    },
  );
});

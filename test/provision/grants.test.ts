import { afterEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import { withDatabase, withLogin } from '../../src/core/urls.js';
import type { AccessRecord } from '../../src/provision/types.js';
import type { Report } from '../../src/report/report.js';
import { contextIn, NO_OPTIONS } from '../support/context.js';
import { errorsOf } from '../support/errors-of.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, uniqueName, withSession } from '../support/postgres.js';

const made: { drop(): Promise<void> }[] = [];
const roles: string[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
  for (const role of roles.splice(0)) await admin(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
});

const admin = (script: string): Promise<void> =>
  withSession(adminUrl(), (session) => session.execute(script));

async function role(attributes = 'NOLOGIN'): Promise<string> {
  const name = uniqueName('r');
  roles.push(name);
  await admin(`CREATE ROLE ${name} ${attributes}`);
  return name;
}

async function legacy(script: string, schemas = ['public'], login?: string): Promise<Legacy> {
  const source = await legacyDatabase(script, { legacy: { url: '${LEGACY}', schemas, login } });
  made.push(source);
  return source;
}

const saidOf = ({ findings }: Report, code: string): string[] =>
  findings.filter((each) => each.code === code).map(({ severity, message }) => `${severity}: ${message}`);

async function runs(context: Context, ...commands: (typeof provisionCommand)[]): Promise<Report[]> {
  const reports: Report[] = [];
  for (const command of commands) {
    const report = await command.run(context, [], NO_OPTIONS);
    expect(errorsOf(report), command.name).toEqual([]);
    reports.push(report);
  }
  return reports;
}

const holds = async (context: Context): Promise<void> =>
  expect(errorsOf(await verifyCommand.run(context, ['data'], NO_OPTIONS))).toEqual([]);

const clinicUrl = ({ prefix }: Legacy, key: number | string): string =>
  withDatabase(adminUrl(), `${prefix}_${key}`);

/** Runs a script as the clinic's login, or answers with the SQLSTATE. */
async function asLogin(own: Legacy, key: number | string, sql: string): Promise<unknown> {
  const name = `${own.prefix}_${key}`;
  return withSession(clinicUrl(own, key), async (session) => {
    await session.execute(`SET row_security = on; SET SESSION AUTHORIZATION ${quoteIdent(name)}`);
    try {
      return await session.query(sql);
    } catch (error) {
      return (error as { sqlState?: string }).sqlState;
    }
  });
}

/** Everything in the clinic's database that PUBLIC or a role but the owner may do, in pg_catalog's words. */
async function grantsIn(own: Legacy, key: number | string): Promise<Record<string, string>> {
  const name = `${own.prefix}_${key}`;
  const rows = await withSession(clinicUrl(own, key), (session) =>
    session.query<{ object: string; grants: string }>(
      `WITH acls (object, acl, owner) AS (
         SELECT oid::regclass::text, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)), relowner
           FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND oid >= 16384
          UNION ALL SELECT attrelid::regclass || '.' || attname, attacl, relowner FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE attacl IS NOT NULL AND c.oid >= 16384
          UNION ALL SELECT oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)), proowner FROM pg_proc WHERE oid >= 16384
          UNION ALL SELECT 'type ' || t.oid::regtype, coalesce(typacl, acldefault('T', typowner)), typowner FROM pg_type t LEFT JOIN pg_class c ON c.oid = typrelid
                     WHERE t.oid >= 16384 AND (c.oid IS NULL OR c.relkind = 'c') AND typcategory <> 'A'
          UNION ALL SELECT 'schema ' || nspname, coalesce(nspacl, acldefault('n', nspowner)), nspowner FROM pg_namespace WHERE nspname !~ '^pg_|^information'
          UNION ALL SELECT 'language ' || lanname, coalesce(lanacl, acldefault('l', lanowner)), lanowner FROM pg_language WHERE lanpltrusted
          UNION ALL SELECT 'database', coalesce(datacl, acldefault('d', datdba)), datdba FROM pg_database WHERE datname = current_database()
          UNION ALL SELECT 'later', defaclacl, 0 FROM pg_default_acl)
       SELECT object, string_agg(CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END || '=' || privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END,
                ' ' ORDER BY grantee = 0, grantee::regrole::text, privilege_type) AS grants
         FROM acls CROSS JOIN LATERAL aclexplode(acl) WHERE grantee <> owner GROUP BY 1`,
    ),
  );
  return Object.fromEntries(rows.map(({ object, grants }) => [object, grants.replaceAll(name, 'login')]));
}

const ROWS = 'login=DELETE login=INSERT login=SELECT login=UPDATE';
const DRAWS = 'login=SELECT login=USAGE';
const LANGUAGES = { 'language sql': 'PUBLIC=USAGE', 'language plpgsql': 'PUBLIC=USAGE' };

describe('grants of the legacy database', () => {
  it('on a function for some are no grant for everybody, and the roles are named before anything is made', async () => {
    const [reader, staff] = [await role(), await role()];
    const own = await legacy(`
      CREATE TABLE clinics (id int PRIMARY KEY, name text);
      CREATE TABLE patients (id serial PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics, name text);
      INSERT INTO clinics VALUES (1, 'A'), (2, 'B'); INSERT INTO patients (clinic_id, name) SELECT 1 + g % 2, 'P' || g FROM generate_series(1, 20) g;
      GRANT SELECT ON clinics, patients TO ${reader};
      CREATE FUNCTION run_report(q text) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN QUERY EXECUTE q; END $$;
      ALTER FUNCTION run_report OWNER TO ${reader}; REVOKE ALL ON FUNCTION run_report FROM PUBLIC; GRANT EXECUTE ON FUNCTION run_report TO ${staff};
      CREATE VIEW all_patients AS SELECT * FROM patients;`);
    const named = [
      `warning: what the role ${reader} was granted in the legacy database is not carried: SELECT on 2 tables (public.clinics, public.patients)`,
      `warning: what the role ${staff} was granted in the legacy database is not carried: EXECUTE on 1 function (public.run_report(pg_catalog.text))`,
    ].sort();
    for (const report of [
      await inspectCommand.run(own.context, [], NO_OPTIONS),
      await provisionCommand.run(own.context, [], { ...NO_OPTIONS, dryRun: true }),
      ...(await runs(own.context, provisionCommand)),
    ])
      expect(saidOf(report, 'PROVISION_GRANT_LEFT_BEHIND').sort()).toEqual(named);
    await runs(own.context, splitCommand);
    expect(await grantsIn(own, 1)).toEqual({
      ...LANGUAGES,
      'public.clinics': ROWS,
      'public.patients': ROWS,
      'public.all_patients': ROWS,
      'public.patients_id_seq': DRAWS,
      // The application is a superuser there, and may call it.
      'public.run_report(text)': 'login=EXECUTE',
      'schema public': 'login=USAGE PUBLIC=USAGE',
      database: 'login=CONNECT',
    });
    const report = (q: string): Promise<unknown> =>
      asLogin(own, 1, `SELECT public.run_report('${q.replaceAll("'", "''")}')`);
    expect(await report('SELECT name FROM public.patients')).toHaveLength(10);
    expect(await report("SELECT pg_catalog.pg_read_file('PG_VERSION')")).toBe('42501');
    await holds(own.context);
  });

  it('are the login’s as far as they were the application’s: tables, columns, functions, types, domains, schemas', async () => {
    const [app, group, other] = [await role('LOGIN'), await role(), await role('LOGIN')];
    await admin(`GRANT ${group} TO ${app}`);
    const own = await legacy(
      `CREATE SCHEMA "Front Desk"; CREATE SCHEMA hidden; CREATE SCHEMA numbers;
       CREATE TABLE clinics (id uuid PRIMARY KEY, name text);
       INSERT INTO clinics VALUES ('00000000-0000-0000-0000-000000000001', 'A'), ('00000000-0000-0000-0000-000000000002', 'B');
       CREATE SEQUENCE numbers.global; CREATE SEQUENCE numbers."Camel";
       CREATE TABLE "Front Desk"."Patients" ("patientId" bigint PRIMARY KEY DEFAULT nextval('numbers.global'), "clinicId" uuid REFERENCES clinics, "fullName" text, "secretNote" text);
       CREATE TABLE "Front Desk"."Wards" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "clinicId" uuid REFERENCES clinics);
       CREATE TABLE hidden.visits (id serial PRIMARY KEY, clinic_id uuid REFERENCES clinics, day date);
       CREATE VIEW "Front Desk".names AS SELECT "fullName" FROM "Front Desk"."Patients";
       CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM "Front Desk"."Patients";
       CREATE TYPE "Front Desk".mood AS ENUM ('good'); CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TYPE hidden.span AS RANGE (subtype = int);
       CREATE FUNCTION "Front Desk".greet("Front Desk".mood, text DEFAULT 'x', VARIADIC int[] DEFAULT '{}') RETURNS text LANGUAGE sql AS 'SELECT $2';
       CREATE FUNCTION open_to_all() RETURNS int LANGUAGE sql AS 'SELECT 1';
       CREATE FUNCTION closed() RETURNS int LANGUAGE sql AS 'SELECT 1';
       CREATE PROCEDURE tidy(INOUT x int) LANGUAGE plpgsql AS 'BEGIN END'; CREATE AGGREGATE many(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
       REVOKE ALL ON SCHEMA public FROM PUBLIC;
       REVOKE ALL ON FUNCTION "Front Desk".greet, closed, many FROM PUBLIC; REVOKE ALL ON PROCEDURE tidy FROM PUBLIC;
       REVOKE ALL ON TYPE "Front Desk".mood FROM PUBLIC; REVOKE ALL ON DOMAIN positive FROM PUBLIC; REVOKE ALL ON LANGUAGE sql FROM PUBLIC;
       GRANT USAGE ON SCHEMA "Front Desk", public TO ${app}; GRANT CREATE, USAGE ON SCHEMA numbers TO ${group}; GRANT USAGE ON SCHEMA "Front Desk" TO ${other};
       GRANT EXECUTE ON FUNCTION "Front Desk".greet TO ${app}; GRANT EXECUTE ON PROCEDURE tidy TO ${group}; GRANT EXECUTE ON FUNCTION many TO ${app} WITH GRANT OPTION;
       GRANT USAGE ON TYPE "Front Desk".mood TO ${app};
       GRANT SELECT ON clinics TO ${group}; GRANT SELECT, INSERT, TRUNCATE ON "Front Desk"."Wards" TO ${app};
       GRANT SELECT ("patientId", "fullName"), UPDATE ("fullName"), INSERT ("clinicId", "fullName") ON "Front Desk"."Patients" TO ${app};
       GRANT SELECT ("clinicId") ON "Front Desk"."Patients" TO PUBLIC; GRANT SELECT ("secretNote") ON "Front Desk"."Patients" TO ${other};
       GRANT SELECT ON "Front Desk".names TO PUBLIC; GRANT SELECT ON counted TO ${group};
       ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${other};`,
      ['public', 'Front Desk', 'hidden', 'numbers'],
    );
    const [provisioned] = await runs(own.context, provisionCommand, splitCommand);
    const key = '00000000_0000_0000_0000_000000000002';
    expect(await grantsIn(own, key)).toEqual({
      'language plpgsql': 'PUBLIC=USAGE',
      database: 'login=CONNECT',
      'schema public': 'login=USAGE',
      'schema Front Desk': 'login=USAGE',
      'schema numbers': 'login=USAGE',
      'public.clinics': 'login=SELECT',
      '"Front Desk"."Wards"': 'login=INSERT login=SELECT',
      '"Front Desk"."Patients".patientId': 'login=SELECT',
      '"Front Desk"."Patients".fullName': 'login=INSERT login=SELECT login=UPDATE',
      '"Front Desk"."Patients".clinicId': 'login=INSERT login=SELECT PUBLIC=SELECT',
      '"Front Desk".names': 'login=SELECT PUBLIC=SELECT',
      'public.counted': 'login=SELECT',
      'numbers.global': DRAWS,
      'numbers."Camel"': DRAWS,
      'hidden.visits_id_seq': DRAWS,
      '"Front Desk"."Wards_id_seq"': DRAWS,
      '"Front Desk".greet("Front Desk".mood,text,integer[])': 'login=EXECUTE',
      'public.open_to_all()': 'PUBLIC=EXECUTE',
      'public.tidy(integer)': 'login=EXECUTE',
      'public.many()': 'login=EXECUTE',
      'type "Front Desk".mood': 'login=USAGE',
      'type hidden.span': 'PUBLIC=USAGE',
      'type hidden.span_multirange': 'PUBLIC=USAGE',
      'hidden.span(integer,integer)': 'PUBLIC=EXECUTE',
      'hidden.span(integer,integer,text)': 'PUBLIC=EXECUTE',
      'hidden.span_multirange()': 'PUBLIC=EXECUTE',
      'hidden.span_multirange(hidden.span)': 'PUBLIC=EXECUTE',
      'hidden.span_multirange(hidden.span[])': 'PUBLIC=EXECUTE',
    });
    expect(saidOf(provisioned as Report, 'PROVISION_GRANT_LEFT_BEHIND')).toEqual([
      `warning: what the role ${other} was granted in the legacy database is not carried: USAGE on 1 schema ("Front Desk"); SELECT on 1 table ("Front Desk"."Patients"); default privileges`,
      expect.stringMatching(
        `^info: of what the application's login ${app} was granted, clinics' logins do not get CREATE on 1 schema \\(numbers\\); TRUNCATE on 1 table`,
      ),
    ]);
    await holds(own.context);
    const [again] = await runs(own.context, provisionCommand);
    expect(again?.summary).toEqual({ clinics: 2, made: 0, kept: 2 });
  });

  it('are everything that an application does to rows where it owns the tables, and nothing that it does to the schema', async () => {
    const app = await role('LOGIN');
    const own = await legacy(
      `CREATE TABLE clinics (id int PRIMARY KEY); INSERT INTO clinics VALUES (1), (2);
       CREATE TABLE p (id serial PRIMARY KEY, clinic_id int REFERENCES clinics); INSERT INTO p (clinic_id) VALUES (1), (2), (2);
       GRANT ALL ON SCHEMA public TO ${app}; ALTER TABLE clinics OWNER TO ${app}; ALTER TABLE p OWNER TO ${app};`,
    );
    await runs(own.context, provisionCommand, splitCommand);
    expect(await grantsIn(own, 2)).toEqual({
      ...LANGUAGES,
      'public.clinics': ROWS,
      'public.p': ROWS,
      'public.p_id_seq': DRAWS,
      'schema public': 'login=USAGE PUBLIC=USAGE',
      database: 'login=CONNECT',
    });
    expect(await asLogin(own, 2, 'INSERT INTO public.p (clinic_id) VALUES (2) RETURNING id')).toEqual([
      { id: 4 },
    ]);
    expect(await asLogin(own, 2, 'TRUNCATE public.p')).toBe('42501');
    expect(await asLogin(own, 2, 'CREATE TABLE public.t ()')).toBe('42501');
    expect(await asLogin(own, 2, 'CREATE TEMP TABLE t ()')).toBe('42501');
  });

  it('on a sequence in a schema of its own let the login draw from it', async () => {
    const own = await legacy(
      `CREATE SCHEMA numbers; CREATE SEQUENCE numbers.global_id START 1000;
       CREATE TABLE clinics (id int PRIMARY KEY, name text); INSERT INTO clinics VALUES (1, 'A'), (2, 'B');
       CREATE TABLE letters (id bigint PRIMARY KEY DEFAULT nextval('numbers.global_id'), clinic_id int REFERENCES clinics);
       INSERT INTO letters (clinic_id) SELECT 1 + g % 2 FROM generate_series(1, 6) g;`,
      ['public', 'numbers'],
    );
    await runs(own.context, provisionCommand, splitCommand);
    expect(
      await asLogin(own, 1, 'INSERT INTO public.letters (clinic_id) VALUES (1) RETURNING id::int'),
    ).toEqual([{ id: 1006 }]);
  });

  it('are carried by a login that is no superuser, and what it may not do is said', async () => {
    const maker = await role("LOGIN CREATEDB CREATEROLE PASSWORD 'maker'");
    const own = await legacy(
      `CREATE TABLE clinics (id int PRIMARY KEY); INSERT INTO clinics VALUES (1), (2);
       CREATE TABLE p (id serial PRIMARY KEY, clinic_id int REFERENCES clinics, x text); INSERT INTO p (clinic_id) VALUES (1), (2);
       CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION f FROM PUBLIC;
       ALTER TABLE p ENABLE ROW LEVEL SECURITY;`,
    );
    const context = await contextIn(own.folder, {
      ...own.env,
      SERVER: withLogin(adminUrl(), maker, 'maker'),
      CENTRAL: withLogin(own.centralUrl, maker, 'maker'),
    });
    await runs(context, provisionCommand, splitCommand);
    expect((await grantsIn(own, 1))['public.f()']).toBe('login=EXECUTE');
    expect(await asLogin(own, 1, 'SELECT id FROM public.p')).toHaveLength(1);
    await holds(context);
    const fault = `REVOKE ALL ON FUNCTION public.f FROM ${own.prefix}_1; GRANT SELECT ON public.p TO PUBLIC;
      ALTER ROLE ${own.prefix}_1 NOLOGIN CONNECTION LIMIT 3 PASSWORD 'other'; DROP POLICY clinic_migrate_login ON public.p`;
    await withSession(clinicUrl(own, 1), (session) => session.execute(fault));
    for (const state of ['CONNECTION LIMIT 0', 'IS_TEMPLATE true', 'ALLOW_CONNECTIONS false'])
      await admin(`ALTER DATABASE ${own.prefix}_1 WITH ${state}`);
    await admin(`ALTER DATABASE ${own.prefix}_1 SET default_transaction_read_only = on`);
    await admin(`ALTER ROLE ${own.prefix}_1 SET work_mem = '8MB'`);
    const [mended] = await runs(context, provisionCommand);
    expect(mended?.summary).toMatchObject({ mended: 1, kept: 1 });
    expect(await grantsIn(own, 1)).toMatchObject({ 'public.f()': 'login=EXECUTE', 'public.p': ROWS });
    const verified = await verifyCommand.run(context, ['access'], NO_OPTIONS);
    expect(
      errorsOf(verified).filter(
        (text) => text.includes(own.prefix) || !/^ACCESS_(CROSS_CONNECT|STRANGER|PASSWORD)/.test(text),
      ),
    ).toEqual([]);
    await admin(`ALTER ROLE ${own.prefix}_2 BYPASSRLS SUPERUSER`);
    const refused = await provisionCommand.run(context, [], NO_OPTIONS);
    expect(
      refused.findings.filter(({ code }) => code === 'PROVISION_ACCESS_NOT_MENDED').map(({ hint }) => hint),
    ).toEqual(
      ['NOSUPERUSER', 'NOBYPASSRLS', 'PASSWORD …'].map((attribute) =>
        expect.stringContaining(`ALTER ROLE "${own.prefix}_2" WITH ${attribute};`),
      ),
    );
    // What only an administrator may do; of the rest, the password, provision takes care again.
    await admin(
      `ALTER ROLE "${own.prefix}_2" WITH NOSUPERUSER; ALTER ROLE "${own.prefix}_2" WITH NOBYPASSRLS`,
    );
    expect(errorsOf(await provisionCommand.run(context, [], NO_OPTIONS))).toEqual([]);
    await own.drop();
    made.splice(0);
  });

  it('are written down in the central database', async () => {
    const own = await legacy(
      `CREATE TABLE clinics (id int PRIMARY KEY); INSERT INTO clinics VALUES (1);
       CREATE TABLE p (id int PRIMARY KEY, clinic_id int REFERENCES clinics); GRANT SELECT (id) ON p TO PUBLIC;`,
    );
    await admin(`ALTER DATABASE ${own.database.name} SET timezone TO 'Asia/Kolkata'`);
    await runs(own.context, provisionCommand);
    const read = (): Promise<AccessRecord | undefined> =>
      withSession(own.centralUrl, async (session) => {
        const [row] = await session.query<{ access: AccessRecord }>(
          'SELECT access FROM clinic_migrate.installation',
        );
        return row?.access;
      });
    const record = await read();
    expect(record?.settings).toEqual({ database: [{ name: 'TimeZone', value: 'Asia/Kolkata' }], login: [] });
    expect(record?.objects).toContainEqual({
      kind: 'table',
      identity: 'public.p',
      login: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
      public: [],
      publicColumns: { id: ['SELECT'] },
    });
    // As an earlier version left it.
    await withSession(own.centralUrl, (session) =>
      session.execute('ALTER TABLE clinic_migrate.installation DROP COLUMN access'),
    );
    await runs(own.context, provisionCommand);
    expect(await read()).toEqual(record);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { quoteIdent, quoteLiteral } from '../../src/core/identifiers.js';
import { databaseOf, withDatabase, withLogin } from '../../src/core/urls.js';
import type { Report } from '../../src/report/report.js';
import { contextIn, NO_OPTIONS } from '../support/context.js';
import { errorsOf } from '../support/errors-of.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, uniqueName, withSession } from '../support/postgres.js';

const made: Legacy[] = [];
const roles: string[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
  await withSession(adminUrl(), async (session) => {
    for (const role of roles.splice(0)) await session.execute(`DROP ROLE ${quoteIdent(role)}`);
  });
});

const TABLES = `
  CREATE SCHEMA app; CREATE SCHEMA "it's ""mine""";
  CREATE TEXT SEARCH CONFIGURATION app.medical (COPY = pg_catalog.english);
  CREATE TABLE app.clinics (id int PRIMARY KEY, name text);
  CREATE TABLE app.patients (id serial PRIMARY KEY, clinic_id int NOT NULL REFERENCES app.clinics,
    seen timestamp DEFAULT localtimestamp, money money, raw bytea, doc xml, f float8, span interval, list text[]);
  INSERT INTO app.clinics VALUES (1, 'A'), (2, 'B''\\');
  INSERT INTO app.patients (clinic_id, seen, money, raw, doc, f, span, list)
    SELECT 1 + i % 2, '2024-06-01', i, '\\x00ff5c', '<a/>', 0.1 + i, '1 year 2 days', ARRAY['NULL', NULL, '\\'] FROM generate_series(1, 6) i;
  CREATE TABLE app.users (id int PRIMARY KEY, name text); INSERT INTO app.users VALUES (1, 'x');`;
const CONFIG = {
  legacy: { url: '${LEGACY}', schemas: ['app', 'public', 'it\'s "mine"'] },
  tables: { 'app.users': { scope: 'central' } },
};

/** `settings` are clauses of ALTER DATABASE. */
async function legacy(settings: readonly string[], config: object = CONFIG): Promise<Legacy> {
  const source = await legacyDatabase(TABLES, config);
  made.push(source);
  const name = quoteIdent(source.database.name);
  await withSession(adminUrl(), async (session) => {
    for (const clause of settings) await session.execute(`ALTER DATABASE ${name} ${clause}`);
  });
  return source;
}

const leftIn = ({ findings }: Report): string[] =>
  findings
    .filter(({ code }) => code === 'PROVISION_SETTING_LEFT_BEHIND')
    .map(({ severity, subject }) => `${severity} ${subject}`)
    .sort();

const settingsOf = (database: string, role?: string): Promise<string[]> =>
  withSession(adminUrl(), async (session) => {
    const rows = await session.query<{ setting: string }>(
      `SELECT unnest(setconfig) AS setting FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
         LEFT JOIN pg_roles r ON r.oid = s.setrole
        WHERE datname = $1 AND r.rolname IS NOT DISTINCT FROM $2 ORDER BY 1`,
      [database, role ?? null],
    );
    return rows.map(({ setting }) => setting);
  });

async function loginRole(attributes: string): Promise<string> {
  const role = uniqueName('app');
  roles.push(role);
  await withSession(adminUrl(), (session) => session.execute(`CREATE ROLE ${role} ${attributes}`));
  return role;
}

const CARRIED = [
  `SET timezone TO 'Asia/Kolkata'`,
  `SET search_path TO "$user", app, 'it''s "mine"', public`,
  `SET datestyle TO 'German, DMY'`,
  `SET statement_timeout TO '90s'`,
  `SET work_mem TO 8192`,
  `SET default_text_search_config TO 'app.medical'`,
  `SET default_transaction_read_only TO on`,
  `SET "app.name" TO E'O''Neil \\\\ "x" = $1; --'`,
  `SET intervalstyle TO iso_8601`,
];

describe('settings of the legacy database', () => {
  it('are carried to central and to each clinic, in the same words', async () => {
    const login = await loginRole('LOGIN');
    const source = await legacy(CARRIED, { ...CONFIG, legacy: { ...CONFIG.legacy, login } });
    await withSession(adminUrl(), (session) =>
      session.execute(`ALTER ROLE ${login} SET lock_timeout TO '3s'; ALTER ROLE ${login} SET timezone TO 'Europe/Paris';
        ALTER ROLE ${login} IN DATABASE ${source.database.name} SET timezone TO 'America/Lima'`),
    );
    for (const command of [inspectCommand, provisionCommand, splitCommand]) {
      const report = await command.run(source.context, [], NO_OPTIONS);
      expect(errorsOf(report), command.name).toEqual([]);
      expect(leftIn(report)).toEqual([]);
    }
    const expected = await settingsOf(source.database.name);
    expect(expected).toHaveLength(CARRIED.length);
    for (const key of ['1', '2']) {
      const name = `${source.prefix}_${key}`;
      expect(await settingsOf(name)).toEqual(expected);
      expect(await settingsOf(name, name)).toEqual(['TimeZone=America/Lima', 'lock_timeout=3s']);
    }
    expect(await settingsOf(databaseOf(source.centralUrl))).toEqual(expected);
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
  });

  it.each([
    ['changed', `ALTER DATABASE % SET timezone TO 'UTC'`, /is not set to TimeZone = Asia\/Kolkata/],
    ['dropped', 'ALTER DATABASE % RESET search_path', /is not set to search_path = "\$user", app/],
    ['added', `ALTER DATABASE % SET "x""y.z" TO 'secret 123'`, /has a setting .* not: x"y\.z/],
    [
      'of the login',
      `ALTER ROLE % IN DATABASE % SET timezone TO 'UTC'`,
      /its login has a setting .* TimeZone/,
    ],
  ])(
    'are found by verify where they are %s, and mended by the statement of its hint and by provision',
    async (_, fault, message) => {
      const source = await legacy(CARRIED);
      for (const command of [provisionCommand, splitCommand])
        expect(errorsOf(await command.run(source.context, [], NO_OPTIONS))).toEqual([]);
      const name = `${source.prefix}_1`;
      const plant = (sql: string): Promise<void> =>
        withSession(adminUrl(), (session) => session.execute(sql.replaceAll('%', quoteIdent(name))));
      const verify = (): Promise<Report> => verifyCommand.run(source.context, ['data'], NO_OPTIONS);
      await plant(fault.replace('"x""y.z"', '"x_y"."z"'));
      const found = await verify();
      expect(found.ok).toBe(false);
      expect(errorsOf(found)).toEqual([
        expect.stringMatching(message.source.includes('x"y') ? /not: x_y\.z/ : message),
      ]);
      expect(JSON.stringify(found)).not.toContain('secret 123');
      await plant(/or: In database "postgres": (.*)$/.exec(found.findings[0]?.hint ?? '')?.[1] ?? 'no hint');
      expect(errorsOf(await verify())).toEqual([]);
      await plant(fault.replace('"x""y.z"', '"x_y"."z"'));
      expect(errorsOf(await provisionCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
      expect(errorsOf(await verify())).toEqual([]);
    },
  );

  it('are named where they are the server’s, a superuser’s, a secret, or about what is not there', async () => {
    const other = await loginRole('LOGIN');
    const source = await legacy([
      `SET "app.jwt_secret" TO 'hush-hush'`,
      `SET "app.upstream" TO 'https://user:hush-hush@host/'`,
      `SET session_preload_libraries TO 'auto_explain'`,
      `SET log_statement TO 'all'`,
      `SET role TO 'postgres'`,
      `SET temp_tablespaces TO 'pg_default'`,
      `SET "app.kept" TO '1'`,
    ]);
    await withSession(adminUrl(), (session) =>
      session.execute(`ALTER ROLE ${other} IN DATABASE ${source.database.name} SET work_mem TO '9MB'`),
    );
    const expected = [
      `info ${other}`,
      ...[
        'app.jwt_secret',
        'app.upstream',
        'log_statement',
        'role',
        'session_preload_libraries',
        'temp_tablespaces',
      ].map((name) => `warning ${name}`),
    ];
    for (const command of [inspectCommand, provisionCommand]) {
      const report = await command.run(source.context, [], NO_OPTIONS);
      expect(leftIn(report)).toEqual(expected);
      expect(JSON.stringify(report)).not.toContain('hush-hush');
    }
    expect(await settingsOf(`${source.prefix}_1`)).toEqual(['app.kept=1']);
    expect(errorsOf(await splitCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
    // What only a superuser may set can be set by hand, to the same value.
    await withSession(adminUrl(), (session) =>
      session.execute(`ALTER DATABASE ${source.prefix}_1 SET log_statement TO 'all'`),
    );
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
    await provisionCommand.run(source.context, [], NO_OPTIONS);
    expect(await settingsOf(`${source.prefix}_1`)).toEqual(['app.kept=1', 'log_statement=all']);
  });

  it('are carried as far as a login that is no superuser may, and the rest is said before anything is made', async () => {
    const maker = await loginRole("LOGIN CREATEDB CREATEROLE PASSWORD 'maker'");
    const source = await legacy([`SET timezone TO 'Asia/Kolkata'`, `SET "app.mode" TO 'x'`]);
    const context = await contextIn(source.folder, {
      ...source.env,
      SERVER: withLogin(adminUrl(), maker, 'maker'),
      CENTRAL: withLogin(source.centralUrl, maker, 'maker'),
    });
    const dry = await provisionCommand.run(context, [], { ...NO_OPTIONS, dryRun: true });
    expect(leftIn(dry)).toEqual(['warning app.mode']);
    for (const command of [provisionCommand, splitCommand])
      expect(errorsOf(await command.run(context, [], NO_OPTIONS)), command.name).toEqual([]);
    expect(await settingsOf(`${source.prefix}_1`)).toEqual(['TimeZone=Asia/Kolkata']);
    expect(errorsOf(await verifyCommand.run(context, ['data'], NO_OPTIONS))).toEqual([]);
    await source.drop();
    made.splice(0);
  });
});

describe('sessions of the program', () => {
  it('are not disturbed by what the legacy database, the server’s role or the clinics’ databases are set to', async () => {
    const source = await legacy([
      'SET default_transaction_read_only TO on',
      `SET statement_timeout TO '1ms'`,
      `SET lock_timeout TO '1ms'`,
      `SET idle_in_transaction_session_timeout TO '1ms'`,
      'SET row_security TO off',
      `SET client_encoding TO 'LATIN1'`,
      'SET search_path TO nowhere',
      `SET session_replication_role TO 'replica'`,
      `SET datestyle TO 'SQL, DMY'`,
      `SET lc_monetary TO 'C'`,
      'SET xmloption TO document',
      'SET xmlbinary TO hex',
      'SET bytea_output TO escape',
      `SET default_tablespace TO ''`,
      'SET standard_conforming_strings TO off',
      'SET array_nulls TO off',
      'SET extra_float_digits TO -15',
      'SET intervalstyle TO sql_standard',
      `SET timezone TO 'Asia/Kolkata'`,
      'SET transform_null_equals TO on',
      'SET quote_all_identifiers TO on',
      `SET default_transaction_isolation TO serializable`,
      'SET default_transaction_deferrable TO on',
      'SET jit TO on',
    ]);
    for (const command of [inspectCommand, provisionCommand, splitCommand]) {
      const report = await command.run(source.context, [], NO_OPTIONS);
      expect(errorsOf(report), command.name).toEqual([]);
    }
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
    const rows = (url: string): Promise<unknown[]> =>
      withSession(url, (session) =>
        session.query(
          'SELECT id, money::text, raw, doc::text, f, span::text, list, seen::text FROM app.patients WHERE clinic_id = 2 ORDER BY id',
        ),
      );
    const clinic = withDatabase(adminUrl(), `${source.prefix}_2`);
    expect(await rows(clinic)).toEqual(await rows(source.database.url));
    expect(await rows(clinic)).toHaveLength(3);
    const label = await withSession(source.centralUrl, (session) =>
      session.query(`SELECT label FROM clinic_migrate.clinics WHERE label = ${quoteLiteral("B'\\")}`),
    );
    expect(label).toHaveLength(1);
  });

  it('have their text in the encoding of the database: in another one it would be read as other characters', async () => {
    const source = await legacyDatabase(TABLES, CONFIG, "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
    made.push(source);
    const name = quoteIdent(source.database.name);
    await withSession(source.database.url, (session) =>
      session.execute(
        `ALTER DATABASE ${name} SET "app.greeting" TO 'Grüß Gott'; ALTER DATABASE ${name} SET timezone TO 'Asia/Kolkata'`,
      ),
    );
    for (const command of [provisionCommand, provisionCommand, splitCommand])
      expect(errorsOf(await command.run(source.context, [], NO_OPTIONS))).toEqual([]);
    for (const url of [source.centralUrl, withDatabase(adminUrl(), `${source.prefix}_1`)]) {
      const [found] = await withSession(url, (session) =>
        session.query<{ settings: string[] }>(
          `SELECT setconfig AS settings FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
            WHERE d.datname = current_database() AND s.setrole = 0`,
        ),
      );
      expect(found?.settings.sort()).toEqual(['TimeZone=Asia/Kolkata', 'app.greeting=Grüß Gott']);
    }
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { errorsOf } from '../support/errors-of.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, uniqueName, withSession } from '../support/postgres.js';

const made: Legacy[] = [];
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

async function legacy(script: string, login?: string): Promise<Legacy> {
  const source = await legacyDatabase(script, { legacy: { url: '${LEGACY}', login } });
  made.push(source);
  return source;
}

async function migrate(own: Legacy): Promise<void> {
  for (const command of [provisionCommand, splitCommand])
    expect(errorsOf(await command.run(own.context, [], NO_OPTIONS)), command.name).toEqual([]);
}

/** Errors about these clinics; the server, which access is about, may have databases of others, open to everybody. */
const verify = async (own: Legacy, check: string): Promise<string[]> =>
  errorsOf(await verifyCommand.run(own.context, [check], NO_OPTIONS)).filter(
    (text) => text.includes(own.prefix) || !/^ACCESS_(CROSS_CONNECT|STRANGER|PASSWORD)/.test(text),
  );

/** How many rows of a table a role sees in a database. */
const sees = (url: string, role: string, table: string): Promise<number> =>
  withSession(url, async (session) => {
    await session.execute(`SET row_security = on; SET SESSION AUTHORIZATION ${quoteIdent(role)}`);
    const [row] = await session.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`);
    return row?.rows ?? -1;
  });

const clinic = (own: Legacy, key: number): { url: string; login: string } => ({
  url: withDatabase(adminUrl(), `${own.prefix}_${key}`),
  login: `${own.prefix}_${key}`,
});

const ROWS = `
  CREATE TABLE clinics (id int PRIMARY KEY, name text); INSERT INTO clinics VALUES (1, 'A'), (2, 'B');
  CREATE TABLE p (id serial PRIMARY KEY, clinic_id int REFERENCES clinics, x text);
  INSERT INTO p (clinic_id, x) SELECT 1 + g % 2, 'v' || g FROM generate_series(1, 10) g;`;

const rights = (app: string): string =>
  `GRANT USAGE ON SCHEMA public TO ${app}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${app};
   GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${app};`;

describe('row security policies', () => {
  it('for the application’s login are the clinic’s login’s, and those for others stay behind', async () => {
    const [app, group, staff] = [await role('LOGIN'), await role(), await role()];
    await admin(`GRANT ${group} TO ${app}`);
    const own = await legacy(`${ROWS} ${rights(app)}
      CREATE TABLE "Odd ""t" (id int PRIMARY KEY, clinic_id int REFERENCES clinics); INSERT INTO "Odd ""t" VALUES (1, 1), (2, 1), (3, 2);
      GRANT SELECT ON "Odd ""t" TO ${app};
      ALTER TABLE p ENABLE ROW LEVEL SECURITY; ALTER TABLE "Odd ""t" ENABLE ROW LEVEL SECURITY; ALTER TABLE "Odd ""t" FORCE ROW LEVEL SECURITY;
      CREATE POLICY app ON p TO ${app} USING (true) WITH CHECK (true);
      CREATE POLICY "for; staff" ON p AS RESTRICTIVE FOR SELECT TO ${staff} USING (x <> 'v2'); COMMENT ON POLICY "for; staff" ON p IS 'seldom';
      CREATE POLICY "of ""group" ON "Odd ""t" FOR SELECT TO ${staff}, ${group} USING (id <> 2); COMMENT ON POLICY "of ""group" ON "Odd ""t" IS 'often';
      CREATE MATERIALIZED VIEW mv AS SELECT count(*) n FROM p; ALTER MATERIALIZED VIEW mv OWNER TO ${app};`);
    const said = [
      `the policy for; staff on public.p is for ${staff}, and clinic databases have no such role: it is left out`,
    ];
    for (const command of [inspectCommand, provisionCommand]) {
      const report = await command.run(own.context, [], NO_OPTIONS);
      expect(errorsOf(report)).toEqual([]);
      expect(
        report.findings
          .filter(({ code }) => code === 'PROVISION_POLICY_LEFT_OUT')
          .map(({ message }) => message),
      ).toEqual(said);
    }
    await migrate(own);
    const { url, login } = clinic(own, 1);
    expect(await sees(url, login, 'public.p')).toBe(5);
    expect(await sees(url, login, 'public."Odd ""t"')).toBe(1);
    expect(await sees(url, login, 'public.mv')).toBe(1);
    const policies = await withSession(url, (session) =>
      session.query(
        `SELECT polname::text AS name, polroles::regrole[]::text[] AS roles FROM pg_policy ORDER BY 1`,
      ),
    );
    expect(policies).toEqual([
      { name: 'app', roles: [login] },
      { name: 'of "group', roles: [login] },
    ]);
    expect(await verify(own, 'data')).toEqual([]);
    expect(await verify(own, 'access')).toEqual([]);
    // A policy that was turned away from the login is turned back.
    await withSession(url, (session) => session.execute('ALTER POLICY app ON public.p TO CURRENT_USER'));
    expect(await sees(url, login, 'public.p')).toBe(0);
    expect(await verify(own, 'access')).not.toEqual([]);
    expect(errorsOf(await provisionCommand.run(own.context, [], NO_OPTIONS))).toEqual([]);
    expect(await sees(url, login, 'public.p')).toBe(5);
  });

  it.each([
    [
      'owns the tables',
      (app: string) => `ALTER TABLE p OWNER TO ${app}; ALTER TABLE clinics OWNER TO ${app};`,
    ],
    ['bypasses row security', (app: string) => `${rights(app)} ALTER ROLE ${app} BYPASSRLS;`],
    ['is a superuser', (app: string) => `ALTER ROLE ${app} SUPERUSER;`],
  ])('hide nothing from a clinic where the application’s login %s', async (_, how) => {
    const app = await role('LOGIN');
    const own = await legacy(
      `${ROWS} ALTER TABLE p ENABLE ROW LEVEL SECURITY; CREATE POLICY part ON p USING (x = 'v1'); CREATE POLICY fewer ON p AS RESTRICTIVE USING (x = 'v2');
       ${how(app)}`,
      app,
    );
    expect(await sees(own.database.url, app, 'public.p')).toBe(10);
    await migrate(own);
    for (const key of [1, 2]) {
      const { url, login } = clinic(own, key);
      expect(await sees(url, login, 'public.p')).toBe(5);
    }
    expect(await verify(own, 'data')).toEqual([]);
    expect(await verify(own, 'access')).toEqual([]);
  });

  it('hide from a clinic what they hide from an owner whom they are forced upon, and say who asks who is logged in', async () => {
    const app = await role('LOGIN');
    const own = await legacy(`${ROWS} ALTER TABLE p OWNER TO ${app}; ALTER TABLE clinics OWNER TO ${app};
      ALTER TABLE p ENABLE ROW LEVEL SECURITY; ALTER TABLE p FORCE ROW LEVEL SECURITY;
      CREATE POLICY part ON p USING (x <> 'v2'); CREATE POLICY me ON p FOR DELETE USING (x = CURRENT_USER::text);`);
    expect(await sees(own.database.url, app, 'public.p')).toBe(9);
    const report = await inspectCommand.run(own.context, [], NO_OPTIONS);
    expect(
      report.findings
        .filter(({ code }) => code === 'PROVISION_POLICY_ASKS_WHO')
        .map(({ message }) => message),
    ).toEqual([
      "the policy me on public.p asks who is logged in, and each clinic's login has a name of its own",
    ]);
    await migrate(own);
    expect(await sees(clinic(own, 1).url, clinic(own, 1).login, 'public.p')).toBe(4);
    expect(await sees(clinic(own, 2).url, clinic(own, 2).login, 'public.p')).toBe(5);
    expect(await verify(own, 'data')).toEqual([]);
  });
});

describe('the application’s login', () => {
  const refused = async (own: Legacy): Promise<(string | undefined)[]> => {
    const found: (string | undefined)[] = [];
    for (const command of [inspectCommand, provisionCommand]) {
      const { ok, findings } = await command.run(own.context, [], NO_OPTIONS);
      expect(ok, command.name).toBe(false);
      for (const { code, message, hint } of findings)
        if (code === 'PROVISION_LOGIN_UNCLEAR') found.push(`${message} | ${hint}`);
    }
    return [...new Set(found)];
  };

  it('has to be said where several may write', async () => {
    const [a, b, reader] = [await role('LOGIN'), await role('LOGIN'), await role('LOGIN')].sort();
    const own = await legacy(`${ROWS} GRANT INSERT ON p TO ${a}, ${b}; GRANT SELECT ON p TO ${reader};`);
    expect(await refused(own)).toEqual([
      `several logins may write in the legacy schemas: ${a}, ${b}; which of them the application uses decides what clinics' logins may do | Name the application's login in the configuration: legacy: { login: "${a}" }.`,
    ]);
    const context = await own.configured({ legacy: { url: '${LEGACY}', login: b } });
    expect(errorsOf(await provisionCommand.run(context, [], NO_OPTIONS))).toEqual([]);
  });

  it('has to be said where some may read and none but superusers write, and has to be there', async () => {
    const reader = await role('LOGIN');
    const own = await legacy(`${ROWS} GRANT SELECT ON p TO ${reader};`);
    expect((await refused(own))[0]).toMatch(
      `no login but superusers may write in the legacy schemas (${reader} may read)`,
    );
    const context = await own.configured({ legacy: { url: '${LEGACY}', login: 'no such role' } });
    const { findings } = await provisionCommand.run(context, [], NO_OPTIONS);
    expect(findings.map(({ message }) => message)).toContain(
      "legacy.login is no such role, and the legacy database's server has no such role",
    );
  });
});

it('does not ask for what only a policy needs that is left out, since its role is', async () => {
  const auditor = await role();
  const own = await legacyDatabase(
    `CREATE TABLE companies (id integer PRIMARY KEY, name text);
     CREATE TABLE users (id integer PRIMARY KEY, name text);
     CREATE TABLE patients (id integer PRIMARY KEY, company_id integer REFERENCES companies, name text);
     INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
     INSERT INTO patients VALUES (1, 1, 'p'), (2, 2, 'q');
     CREATE FUNCTION known(text) RETURNS boolean LANGUAGE sql
       BEGIN ATOMIC SELECT EXISTS (SELECT FROM users WHERE name = $1); END;
     ALTER TABLE patients ENABLE ROW LEVEL SECURITY;
     CREATE POLICY auditing ON patients TO ${auditor} USING (EXISTS (SELECT FROM users u WHERE u.name = patients.name));
     CREATE POLICY knowing ON patients TO ${auditor} USING (known(name));`,
    { legacy: { url: '${LEGACY}' }, tables: { users: { scope: 'central' } } },
  );
  made.push(own);
  await migrate(own);
  expect(await verify(own, 'data')).toEqual([]);
  expect(await verify(own, 'access')).toEqual([]);
});

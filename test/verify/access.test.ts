import { afterEach, beforeEach, expect, it } from 'vitest';
import { pgDatabases } from '../../src/adapters/pg.js';
import { RunError } from '../../src/core/errors.js';
import type { Finding } from '../../src/core/finding.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import { withLogin } from '../../src/core/urls.js';
import type { ClinicTarget } from '../../src/provision/types.js';
import { type VerifyAccessOptions, verifyAccess } from '../../src/verify/access.js';
import { adminUrl, createDatabase, type TestDatabase, uniqueName, withSession } from '../support/postgres.js';
import { silent } from './fleet.js';

const PASSWORD = `p%4's "w@rd`;

/** As provision leaves it: tables of the administrator's, and a login that may use them and connect nowhere else. */
const SCHEMA = `
  CREATE TABLE patients (id serial PRIMARY KEY, name text);
  CREATE TABLE "odd ""name" (id integer GENERATED ALWAYS AS IDENTITY, twice integer GENERATED ALWAYS AS (1) STORED);
  CREATE TABLE secrets (name text);
  ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON secrets USING (name <> 'x');
  GRANT USAGE ON SCHEMA public TO PUBLIC;`;

let targets: ClinicTarget[];
let options: VerifyAccessOptions;
let legacy: TestDatabase;
let extra: string[];
let databases: TestDatabase[];

async function asAdmin(sql: string, url = adminUrl()): Promise<void> {
  await withSession(url, (session) => session.execute(sql));
}

async function makeClinic(key: string): Promise<ClinicTarget> {
  const database = await createDatabase(SCHEMA, uniqueName(`clinic "${key}`));
  databases.push(database);
  const role = uniqueName(`role '${key}`);
  const owner = `${database.name}_owner`;
  const [quoted, name, owning] = [quoteIdent(role), quoteIdent(database.name), quoteIdent(owner)];
  await asAdmin(
    `CREATE ROLE ${quoted} LOGIN NOINHERIT PASSWORD '${PASSWORD.replaceAll("'", "''")}'; CREATE ROLE ${owning} NOINHERIT;
     ALTER DATABASE ${name} OWNER TO ${owning}; GRANT CONNECT ON DATABASE ${name} TO ${quoted}`,
  );
  extra.push(owner);
  await asAdmin(
    `GRANT USAGE ON SCHEMA public TO ${quoted};
     GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${quoted};
     GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${quoted};
     ALTER SCHEMA public OWNER TO ${owning};
     ALTER TABLE public.patients OWNER TO ${owning}; ALTER TABLE public."odd ""name" OWNER TO ${owning};
     ALTER TABLE public.secrets OWNER TO ${owning}`,
    database.url,
  );
  return {
    clinic: { key, label: `Clinic ${key}` },
    state: 'ready',
    database: database.name,
    role,
    owner,
    adminUrl: database.url,
    roleUrl: withLogin(database.url, role, PASSWORD),
  };
}

beforeEach(async () => {
  databases = [];
  extra = [];
  legacy = await createDatabase('CREATE TABLE patients (id int)');
  databases.push(legacy);
  await asAdmin(`REVOKE ALL ON DATABASE ${quoteIdent(legacy.name)} FROM PUBLIC`);
  targets = [await makeClinic('a'), await makeClinic('b'), await makeClinic('c')];
  options = {
    databases: pgDatabases,
    targets,
    schemas: ['public'],
    logins: [],
    record: undefined,
    extensions: undefined,
    offLimits: [{ name: 'the legacy database', url: legacy.url }],
    progress: silent,
    jobs: 2,
    signal: new AbortController().signal,
  };
});

afterEach(async () => {
  for (const database of databases) await database.drop();
  for (const role of [...targets.map((target) => target.role), ...extra])
    await asAdmin(`DROP ROLE IF EXISTS ${quoteIdent(role)}`);
});

const at = (index: number): ClinicTarget => targets[index] as ClinicTarget;

/** What the server itself is like is not these tests' affair: databases of others, rules of pg_hba.conf. */
async function found(given = options): Promise<Finding[]> {
  const ours = [...databases.map(({ name }) => name), ...extra, ...targets.map(({ role }) => role)];
  const { findings } = await verifyAccess(given);
  return findings.filter(
    ({ severity, code, subject }) =>
      ours.includes(subject ?? '') || (severity === 'error' && code !== 'ACCESS_CROSS_CONNECT'),
  );
}

async function lines(): Promise<string[]> {
  return (await found()).map(({ code, message }) => `${code} ${message}`);
}

it('has nothing to say of clinics that can use their own database and no other', async () => {
  expect(await found()).toEqual([]);
  expect(await found({ ...options, targets: [at(0)] }), 'one clinic alone').toEqual([]);
});

it('finds a database that every login may connect to', async () => {
  await asAdmin(`GRANT CONNECT ON DATABASE ${quoteIdent(at(1).database)} TO PUBLIC`);
  expect(await lines()).toEqual([
    `ACCESS_PUBLIC clinic b (Clinic b): every login of the server may connect to its database ${at(1).database}`,
  ]);
});

it('finds a right to connect between clinics that are no neighbours in the ring', async () => {
  await asAdmin(`GRANT CONNECT ON DATABASE ${quoteIdent(at(0).database)} TO ${quoteIdent(at(1).role)}`);
  expect(await lines()).toEqual([
    `ACCESS_CROSS_CONNECT clinic b (Clinic b): its login ${at(1).role} may connect to ${JSON.stringify(at(0).database)}`,
  ]);
});

it('finds a login that can open the legacy database, and one that can read there', async () => {
  await asAdmin(
    `GRANT CONNECT ON DATABASE ${quoteIdent(legacy.name)} TO ${quoteIdent(at(0).role)}, ${quoteIdent(at(1).role)}`,
  );
  await asAdmin(`GRANT SELECT (id) ON public.patients TO ${quoteIdent(at(1).role)}`, legacy.url);
  expect((await found()).map(({ severity, message }) => `${severity} ${message}`)).toEqual([
    `error clinic a (Clinic a): its login ${at(0).role} opened the legacy database and may read 0 of its tables`,
    `error clinic b (Clinic b): its login ${at(1).role} opened the legacy database and may read 1 of its tables`,
    `error clinic b (Clinic b): the role ${at(1).role} has SELECT on the column id of the table public.patients of the database ${legacy.name}`,
  ]);
});

it('finds every attribute by which a login could pass its grants', async () => {
  await asAdmin(`ALTER ROLE ${quoteIdent(at(0).role)} CREATEDB CREATEROLE REPLICATION BYPASSRLS`);
  await asAdmin(`ALTER ROLE ${quoteIdent(at(1).role)} SUPERUSER`);
  expect(await lines()).toEqual([
    `ACCESS_ROLE_ATTRIBUTE clinic a (Clinic a): its login ${at(0).role} has CREATEDB, CREATEROLE, REPLICATION, BYPASSRLS`,
    `ACCESS_ROLE_ATTRIBUTE clinic b (Clinic b): its login ${at(1).role} has SUPERUSER`,
  ]);
});

it('finds a membership in another role, inherited or not, and what a login owns', async () => {
  const group = uniqueName('group');
  extra.push(group);
  await asAdmin(`CREATE ROLE ${group}; GRANT ${group}, pg_read_all_data TO ${quoteIdent(at(2).role)}`);
  await asAdmin(`ALTER TABLE public.patients OWNER TO ${quoteIdent(at(0).role)}`, at(0).adminUrl);
  expect((await lines()).sort()).toEqual([
    `ACCESS_ROLE_MEMBER clinic c (Clinic c): its login ${at(2).role} is a member of ${group}, pg_read_all_data`,
    `ACCESS_ROLE_OWNS clinic a (Clinic a): the table public.patients of its database belongs to ${at(0).role} and not to ${at(0).owner}`,
  ]);
});

it('finds a login that cannot work in its own database', async () => {
  await asAdmin(
    `REVOKE INSERT ON public.patients FROM ${quoteIdent(at(0).role)}; REVOKE DELETE ON public.secrets FROM ${quoteIdent(at(0).role)};
    REVOKE ALL ON SEQUENCE public.patients_id_seq FROM ${quoteIdent(at(0).role)}`,
    at(0).adminUrl,
  );
  await asAdmin(`REVOKE USAGE ON SCHEMA public FROM PUBLIC, ${quoteIdent(at(1).role)}`, at(1).adminUrl);
  await asAdmin(`REVOKE CONNECT ON DATABASE ${quoteIdent(at(2).database)} FROM ${quoteIdent(at(2).role)}`);
  expect(await lines()).toEqual([
    `ACCESS_OWN_DATABASE clinic c (Clinic c): its login ${at(2).role} has not CONNECT on its database ${at(2).database}`,
    `ACCESS_OWN_DATABASE clinic a (Clinic a): its login ${at(0).role} has not USAGE, SELECT on the sequence public.patients_id_seq of its database`,
    `ACCESS_OWN_DATABASE clinic a (Clinic a): its login ${at(0).role} has not INSERT on the table public.patients of its database`,
    `ACCESS_OWN_DATABASE clinic a (Clinic a): its login ${at(0).role} has not DELETE on the table public.secrets of its database`,
    `ACCESS_OWN_DATABASE clinic b (Clinic b): its login ${at(1).role} has not USAGE on the schema public of its database`,
  ]);
});

it('finds a login that does not exist, one whose URL leads elsewhere, and an extension that reaches out', async () => {
  const gone = { ...at(0), role: 'gone', roleUrl: withLogin(at(0).adminUrl, 'gone', 'x') };
  const astray = { ...at(1), roleUrl: at(2).roleUrl };
  const c = quoteIdent(at(2).role);
  await asAdmin(
    `CREATE EXTENSION dblink WITH SCHEMA public; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO ${c}`,
    at(2).adminUrl,
  );
  options = { ...options, targets: [gone, astray, at(2)] };
  const all = await lines();
  expect(all[0]).toBe('ACCESS_ROLE_MISSING clinic a (Clinic a): its login gone does not exist on its server');
  expect(all).toContain(
    `ACCESS_OWN_DATABASE clinic b (Clinic b): its URL leads to ${at(2).role} in ${at(2).database}, not to ${at(1).role} in ${at(1).database}`,
  );
  expect(all.at(-2)).toMatch(
    /^ACCESS_REACHES_OUT clinic c .* has EXECUTE on the function pg_catalog.pg_read_file\(/,
  );
  expect(all.at(-1)).toMatch(/^ACCESS_REACHES_OUT clinic c .* dblink/);
});

it('finds a secret that every login can read in the settings of a database, and does not print it', async () => {
  const [name, role] = [quoteIdent(legacy.name), quoteIdent(at(0).role)];
  await asAdmin(
    `ALTER DATABASE ${name} SET app.jwt_secret = 'hush'; ALTER ROLE ${role} IN DATABASE ${name} SET app.url = 'postgres://u:hush@h/d';
     ALTER DATABASE ${name} SET app.colour = 'red'; ALTER DATABASE ${name} SET work_mem = '5MB'`,
  );
  expect(await lines()).toEqual([
    `ACCESS_SECRET_VISIBLE every clinic's login can read the setting app.jwt_secret of the database ${legacy.name}, which looks like a secret`,
    `ACCESS_SECRET_VISIBLE every clinic's login can read the setting app.url of the database ${legacy.name} for the login ${at(0).role}, which looks like a secret`,
  ]);
});

it('does not take a server that cannot be reached for one that refuses', async () => {
  const nowhere = { name: 'the legacy database', url: 'postgres://x@127.0.0.1:1/x' };
  await expect(verifyAccess({ ...options, offLimits: [nowhere] })).rejects.toThrow(RunError);
});

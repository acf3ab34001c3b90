import { pgDatabases } from '../../../src/adapters/pg.js';
import { provisionCommand } from '../../../src/commands/provision.js';
import type { Finding } from '../../../src/core/finding.js';
import { withDatabase } from '../../../src/core/urls.js';
import { readTargets } from '../../../src/provision/targets.js';
import type { ClinicTarget } from '../../../src/provision/types.js';
import { readAccessRecord, type VerifyAccessOptions, verifyAccess } from '../../../src/verify/access.js';
import { NO_OPTIONS } from '../../support/context.js';
import { type Legacy, legacyDatabase } from '../../support/legacy.js';
import { adminUrl, uniqueName, withSession } from '../../support/postgres.js';
import { silent } from '../fleet.js';

/** One of every kind of object that privileges can be granted on, or that has an owner. */
const SCHEMA = `
  CREATE TABLE clinics (id integer PRIMARY KEY, name text);
  CREATE TYPE kind AS ENUM ('a', 'b');
  CREATE DOMAIN code AS text CHECK (VALUE <> '');
  CREATE TABLE patients (id serial PRIMARY KEY, clinic_id integer REFERENCES clinics, name text);
  CREATE VIEW names AS SELECT name FROM patients;
  CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM patients;
  CREATE SEQUENCE numbers;
  CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION definer() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
  CREATE FUNCTION told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
  CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
  CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer);
  CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq);
  CREATE COLLATION plain FROM "C";
  CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple);
  CREATE TEXT SEARCH CONFIGURATION searching (COPY = simple);
  INSERT INTO clinics VALUES (1, 'One'), (2, 'Two');
  INSERT INTO patients (clinic_id, name) VALUES (1, 'p');`;

/** Two clinics as provision leaves them, and roles that have nothing to do with them. */
export interface PlantedFleet {
  readonly a: ClinicTarget;
  readonly b: ClinicTarget;
  readonly admin: string;
  readonly stranger: string;
  readonly group: string;
  readonly legacy: string;
  readonly central: string;
  /** Begins the name of whatever a fault makes on the server. */
  readonly prefix: string;
  readonly version: number;
  /** Runs statements as the superuser, each by itself. */
  run(database: string, ...statements: readonly string[]): Promise<void>;
  provision(): Promise<void>;
  /** What verify access says of the fleet; what it says of the server it happens to be on, and of others, is left out. */
  findings(): Promise<readonly Finding[]>;
  compared(): Promise<Record<string, number>>;
  drop(): Promise<void>;
}

export async function plantedFleet(): Promise<PlantedFleet> {
  const stranger = uniqueName('stranger');
  const group = uniqueName('group');
  const run = async (database: string, ...statements: readonly string[]): Promise<void> =>
    withSession(withDatabase(adminUrl(), database), async (session) => {
      for (const statement of statements) await session.execute(statement);
    });
  const legacy = await legacyDatabase(SCHEMA);
  await run('postgres', `CREATE ROLE ${stranger} LOGIN`, `CREATE ROLE ${group}`);
  const provision = async (): Promise<void> => {
    const report = await provisionCommand.run(legacy.context, [], NO_OPTIONS);
    if (!report.ok) throw new Error(JSON.stringify(report.findings));
  };
  await provision();
  const options = await optionsOf(legacy);
  const [a, b] = options.targets as [ClinicTarget, ClinicTarget];
  await run(
    a.database,
    'SELECT pg_catalog.lo_create(4711)',
    `ALTER LARGE OBJECT 4711 OWNER TO "${a.owner}"`,
    // As split leaves one that everybody may read in the legacy database.
    'SELECT pg_catalog.lo_create(4712)',
    `ALTER LARGE OBJECT 4712 OWNER TO "${a.owner}"`,
    `GRANT SELECT, UPDATE ON LARGE OBJECT 4712 TO "${a.role}"`,
    'GRANT SELECT ON LARGE OBJECT 4712 TO PUBLIC',
    `INSERT INTO clinic_migrate.large_objects (oid, bytes, digest, login, public)
      VALUES (4712, 0, '', '{SELECT,UPDATE}', '{SELECT}')`,
    "INSERT INTO public.clinics VALUES (1, 'One'); INSERT INTO public.patients (clinic_id, name) VALUES (1, 'p')",
    // A publication asks for a key, and keys come with the rows.
    'ALTER TABLE public.clinics REPLICA IDENTITY FULL; ALTER TABLE public.patients REPLICA IDENTITY FULL',
    'CREATE STATISTICS public.stats ON id, name FROM public.patients',
    `ALTER STATISTICS public.stats OWNER TO "${a.owner}"`,
  );
  const [server] = await withSession(adminUrl(), (session) =>
    session.query<{ version: number; admin: string }>(
      `SELECT current_setting('server_version_num')::int / 10000 AS version, session_user::text AS admin`,
    ),
  );
  // Other tests have databases and roles on this server, and it has a pg_hba.conf of its own.
  const isOfOthers: ReadonlySet<string> = new Set(['ACCESS_CROSS_CONNECT', 'ACCESS_STRANGER']);
  const own = [legacy.database.name, stranger, group];
  const before = new Set(
    (await verifyAccess(options)).findings
      .filter(({ code }) => code === 'ACCESS_PASSWORD')
      .map(({ message }) => message),
  );
  return {
    a,
    b,
    admin: server?.admin ?? '',
    stranger,
    group,
    legacy: legacy.database.name,
    central: `${legacy.prefix}_central`,
    prefix: legacy.prefix,
    version: server?.version ?? 0,
    run,
    provision,
    findings: async () =>
      (await verifyAccess({ ...options, selected: [a] })).findings.filter(
        ({ message, code, subject = '' }) =>
          !(isOfOthers.has(code) && !subject.startsWith(legacy.prefix) && !own.includes(subject)) &&
          !before.has(message),
      ),
    compared: async () => ({ ...(await verifyAccess(options)).compared }),
    drop: async () => {
      await legacy.drop();
      await run('postgres', `DROP ROLE ${stranger}`, `DROP ROLE ${group}`);
    },
  };
}

async function optionsOf({ context, centralUrl, database }: Legacy): Promise<VerifyAccessOptions> {
  return withSession(centralUrl, async (central) => ({
    databases: pgDatabases,
    targets: (await readTargets(context, central)).targets,
    schemas: ['public'],
    offLimits: [
      { name: 'the central database', url: centralUrl },
      { name: 'the legacy database', url: database.url },
    ],
    logins: [],
    record: await readAccessRecord(central),
    extensions: [],
    progress: silent,
    jobs: 2,
    signal: new AbortController().signal,
  }));
}

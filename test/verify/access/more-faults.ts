import { quoteIdent } from '../../../src/core/identifiers.js';
import type { Fault } from './faults.js';
import type { PlantedFleet } from './planted-fleet.js';

/** Whatever has an owner, as ALTER names it. */
const OWNED = [
  'TABLE public.patients',
  'VIEW public.names',
  'MATERIALIZED VIEW public.counts',
  'SEQUENCE public.numbers',
  'FUNCTION public.f(integer)',
  'FUNCTION public.definer()',
  'PROCEDURE public.p()',
  'AGGREGATE public.total(integer)',
  'TYPE public.kind',
  'DOMAIN public.code',
  'OPERATOR public.=== (integer, integer)',
  'COLLATION public.plain',
  'TEXT SEARCH DICTIONARY public.words',
  'TEXT SEARCH CONFIGURATION public.searching',
  'STATISTICS public.stats',
  'SCHEMA public',
  'SCHEMA clinic_migrate',
  'TABLE clinic_migrate.receipts',
  'LARGE OBJECT 4711',
];

export function owners({ a, b, admin, stranger, legacy }: PlantedFleet): Fault[] {
  const owned = (what: string, owner: string, who: string, code: string, subject = a.database): Fault => ({
    kind: `${what.replace(/DATABASE .*/, 'DATABASE')} belongs to ${who}`,
    database: a.database,
    plant: [`ALTER ${what} OWNER TO ${quoteIdent(owner)}`],
    codes: [code],
    subject,
    ...(what.startsWith('DATABASE') ? {} : { says: what.replace(/^[A-Z ]+ | ?\(.*/g, '') }),
    apart: what,
  });
  const database = `DATABASE ${quoteIdent(a.database)}`;
  return [
    ...OWNED.map((what) => owned(what, admin, 'a superuser', 'ACCESS_OWNER')),
    ...[database, 'TABLE public.patients', 'FUNCTION public.definer()', 'SCHEMA public'].flatMap((what) => [
      owned(what, b.role, "another clinic's login", 'ACCESS_ROLE_OWNS'),
      owned(what, stranger, 'a stranger', 'ACCESS_OWNER'),
    ]),
    ...[
      database,
      'FUNCTION public.definer()',
      'TYPE public.kind',
      'LARGE OBJECT 4711',
      'LARGE OBJECT 4712',
      'SEQUENCE public.numbers',
      'TABLE public.patients',
    ].map((what) => owned(what, a.role, "the clinic's login", 'ACCESS_ROLE_OWNS')),
    owned(database, admin, 'a superuser', 'ACCESS_OWNER'),
    owned('FUNCTION pg_catalog.pg_read_file(text)', a.role, "the clinic's login", 'ACCESS_ROLE_OWNS'),
    {
      kind: "a table of the legacy database belongs to the clinic's login",
      database: legacy,
      plant: [`ALTER TABLE public.patients OWNER TO ${quoteIdent(a.role)}`],
      codes: ['ACCESS_ROLE_OWNS'],
      subject: a.role,
      apart: legacy,
    },
  ];
}

export function roles({ a, b, admin, stranger, group }: PlantedFleet): Fault[] {
  const alter = (role: string, attribute: string, code: string): Fault => ({
    kind: `${role === a.role ? "the clinic's login" : role === a.owner ? 'the owner' : 'a stranger'} ${attribute.startsWith('VALID') ? 'VALID UNTIL' : attribute}`,
    database: 'postgres',
    plant: [`ALTER ROLE ${quoteIdent(role)} ${attribute}`],
    codes: [code],
    subject: role,
    apart: role,
  });
  const GAINS = ['SUPERUSER', 'CREATEDB', 'CREATEROLE', 'REPLICATION', 'BYPASSRLS', 'INHERIT'];
  const member = (role: string, to: string, kind: string, code: string): Fault => ({
    kind,
    database: 'postgres',
    plant: [`GRANT ${quoteIdent(role)} TO ${quoteIdent(to)}`],
    codes: [code],
    subject: to,
    apart: to,
  });
  const SEEING = [
    'pg_read_all_data',
    'pg_write_all_data',
    'pg_read_server_files',
    'pg_write_server_files',
    'pg_execute_server_program',
  ];
  return [
    ...[...GAINS, 'NOLOGIN', 'CONNECTION LIMIT 0', "VALID UNTIL '2001-01-01'"].map((each) =>
      alter(a.role, each, 'ACCESS_ROLE_ATTRIBUTE'),
    ),
    ...[...GAINS, 'LOGIN'].map((each) => alter(a.owner, each, 'ACCESS_ROLE_ATTRIBUTE')),
    alter(stranger, 'REPLICATION', 'ACCESS_STRANGER'),
    ...[...SEEING, 'pg_monitor', 'pg_signal_backend', 'pg_checkpoint'].map((role) =>
      member(role, a.role, `the clinic's login is a member of ${role}`, 'ACCESS_ROLE_MEMBER'),
    ),
    member(group, a.role, "the clinic's login is a member of a group", 'ACCESS_ROLE_MEMBER'),
    member(a.owner, a.role, "the clinic's login is a member of its owner", 'ACCESS_ROLE_MEMBER'),
    member(b.role, a.role, "the clinic's login is a member of another's", 'ACCESS_ROLE_MEMBER'),
    member(b.owner, a.role, "the clinic's login is a member of another's owner", 'ACCESS_ROLE_MEMBER'),
    member(admin, a.role, "the clinic's login is a member of a superuser", 'ACCESS_ROLE_MEMBER'),
    member(group, a.owner, 'the owner is a member of a group', 'ACCESS_ROLE_MEMBER'),
    member(b.owner, a.owner, "the owner is a member of another's owner", 'ACCESS_ROLE_MEMBER'),
    ...SEEING.map((role) => member(role, stranger, `a stranger is a member of ${role}`, 'ACCESS_STRANGER')),
    member(a.role, stranger, "a stranger is a member of the clinic's login", 'ACCESS_STRANGER'),
    member(a.owner, stranger, 'a stranger is a member of the owner', 'ACCESS_STRANGER'),
    member(admin, stranger, 'a stranger is a member of a superuser', 'ACCESS_STRANGER'),
    member(a.owner, group, "a group is a member of the clinic's owner", 'ACCESS_STRANGER'),
  ];
}

/** Settings, and what a database itself is. */
export function states({ a, stranger }: PlantedFleet): Fault[] {
  const [database, role] = [quoteIdent(a.database), quoteIdent(a.role)];
  const fault = (kind: string, statement: string, code: string, subject: string): Fault => ({
    kind,
    database: 'postgres',
    plant: [statement],
    codes: [code],
    subject,
    apart: code === 'ACCESS_SETTING' ? statement : 'state',
  });
  const both = `ALTER ROLE ${role} IN DATABASE ${database}`;
  const setting = (kind: string, statement: string, subject: string): Fault =>
    fault(kind, statement, 'ACCESS_SETTING', subject);
  const state = (kind: string, statement: string, subject = a.database): Fault =>
    fault(kind, statement, 'ACCESS_DATABASE_STATE', subject);
  return [
    setting("the login's role is set", `ALTER ROLE ${role} SET role = 'none'`, a.role),
    setting("the login's search_path is set", `ALTER ROLE ${role} SET search_path = ''`, a.role),
    setting("the login's timezone is set", `ALTER ROLE ${role} SET timezone = 'UTC'`, a.role),
    setting(
      'the login loads a library',
      `ALTER ROLE ${role} SET session_preload_libraries = 'plpgsql'`,
      a.role,
    ),
    setting("the login's role in its database is set", `${both} SET role = 'none'`, a.role),
    setting("the login's row_security in its database is off", `${both} SET row_security = off`, a.role),
    setting(
      'the database loads a library',
      `ALTER DATABASE ${database} SET session_preload_libraries = 'plpgsql'`,
      a.database,
    ),
    setting(
      'the database has no triggers',
      `ALTER DATABASE ${database} SET session_replication_role = replica`,
      a.database,
    ),
    setting(
      'the database has row_security off',
      `ALTER DATABASE ${database} SET row_security = off`,
      a.database,
    ),
    setting(
      "the owner's search_path is set",
      `ALTER ROLE ${quoteIdent(a.owner)} SET search_path = ''`,
      a.owner,
    ),
    setting(
      "a stranger's search_path in the database is set",
      `ALTER ROLE ${quoteIdent(stranger)} IN DATABASE ${database} SET search_path = ''`,
      stranger,
    ),
    state('the database is read-only', `ALTER DATABASE ${database} SET default_transaction_read_only = on`),
    state('the login is read-only', `ALTER ROLE ${role} SET default_transaction_read_only = on`, a.role),
    state('ALLOW_CONNECTIONS false', `ALTER DATABASE ${database} ALLOW_CONNECTIONS false`),
    state('CONNECTION LIMIT 0', `ALTER DATABASE ${database} CONNECTION LIMIT 0`),
    state('IS_TEMPLATE true', `ALTER DATABASE ${database} IS_TEMPLATE true`),
  ];
}

/** What provision never makes. */
export function objects({ a, stranger, legacy, prefix, version }: PlantedFleet): Fault[] {
  const [database, role] = [quoteIdent(a.database), quoteIdent(a.role)];
  const fault = (kind: string, code: string, ...plant: readonly string[]): Fault => ({
    kind,
    database: a.database,
    plant,
    codes: [code],
    subject: a.database,
    apart: plant[0]?.startsWith('CREATE FOREIGN') ? 'w' : kind,
  });
  const copy = quoteIdent(`${prefix}_copy`);
  const [wrapper, server, mapping] = [
    'CREATE FOREIGN DATA WRAPPER w',
    'CREATE SERVER s FOREIGN DATA WRAPPER w',
    `CREATE USER MAPPING FOR ${role} SERVER s`,
  ];
  const out = 'ACCESS_REACHES_OUT';
  return [
    ...['dblink', 'postgres_fdw', 'file_fdw', ...(version < 17 ? ['adminpack'] : [])].map((name) =>
      fault(
        `the extension ${name}`,
        out,
        `CREATE EXTENSION ${name} SCHEMA ${name === 'adminpack' ? 'pg_catalog' : 'public'}`,
      ),
    ),
    fault('a foreign data wrapper', out, wrapper),
    { ...fault('a foreign server', out, wrapper, server), codes: [out, out] },
    { ...fault('a user mapping', out, wrapper, server, mapping), codes: [out, out, out] },
    {
      ...fault('a user mapping for PUBLIC', out, wrapper, server, mapping.replace(role, 'PUBLIC')),
      codes: [out, out, out],
    },
    fault(
      'a publication of all tables',
      'ACCESS_REPLICATION',
      'CREATE PUBLICATION everything FOR ALL TABLES',
    ),
    fault(
      'a publication of one table',
      'ACCESS_REPLICATION',
      'CREATE PUBLICATION one FOR TABLE public.patients',
    ),
    fault(
      'a subscription',
      'ACCESS_REPLICATION',
      `CREATE SUBSCRIPTION ${quoteIdent(`${prefix}_s`)} CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)`,
    ),
    fault(
      'an event trigger',
      'ACCESS_EVENT_TRIGGER',
      'CREATE EVENT TRIGGER told ON ddl_command_start EXECUTE FUNCTION public.told()',
    ),
    fault(
      'a policy for a stranger',
      'ACCESS_POLICY',
      `CREATE POLICY p ON public.patients TO ${quoteIdent(stranger)} USING (true)`,
    ),
    {
      ...fault(
        'row level security without a policy',
        'ACCESS_ROWS_HIDDEN',
        'ALTER TABLE public.patients ENABLE ROW LEVEL SECURITY',
      ),
      remove: [
        'DROP POLICY IF EXISTS clinic_migrate_login ON public.patients',
        'ALTER TABLE public.patients DISABLE ROW LEVEL SECURITY',
      ],
    },
    {
      ...fault(
        'a SECURITY DEFINER function of a superuser',
        'ACCESS_OWNER',
        "CREATE FUNCTION public.way_out() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT pg_catalog.pg_read_file('PG_VERSION')$$",
        'REVOKE ALL ON FUNCTION public.way_out() FROM PUBLIC',
      ),
      remove: ['DROP FUNCTION public.way_out()'],
    },
    {
      ...fault(
        'a view of a superuser',
        'ACCESS_OWNER',
        'CREATE VIEW public.roles AS SELECT rolname FROM pg_catalog.pg_authid',
      ),
      remove: ['DROP VIEW public.roles'],
    },
    {
      ...fault(
        'an extension of a stranger',
        'ACCESS_OWNER',
        `GRANT CREATE ON DATABASE ${database} TO ${stranger}`,
        `GRANT CREATE ON SCHEMA public TO ${stranger}`,
        `SET ROLE ${stranger}`,
        'CREATE EXTENSION citext SCHEMA public',
        'RESET ROLE',
        `REVOKE ALL ON DATABASE ${database} FROM ${stranger}`,
        `REVOKE ALL ON SCHEMA public FROM ${stranger}`,
      ),
      remove: ['DROP EXTENSION citext CASCADE'],
    },
    {
      kind: 'a copy of the legacy database that everybody may open',
      database: 'postgres',
      plant: [`CREATE DATABASE ${copy} TEMPLATE ${quoteIdent(legacy)}`],
      codes: ['ACCESS_CROSS_CONNECT'],
      subject: `${prefix}_copy`,
      apart: 'copy',
      remove: [`DROP DATABASE ${copy}`],
    },
    ...(
      [
        ['and find what every database has', 'empty', 'warning', []],
        [
          'and read in',
          'read',
          'error',
          ['CREATE TABLE public.notes (t text)', 'GRANT SELECT ON public.notes TO PUBLIC'],
        ],
        ['and make things in', 'make', 'error', ['GRANT CREATE ON SCHEMA public TO PUBLIC']],
      ] as const
    ).map(
      ([what, name, severity, statements]): Fault => ({
        kind: `another database that everybody may open ${what}`,
        database: 'postgres',
        plant: [`CREATE DATABASE ${quoteIdent(`${prefix}_${name}`)} TEMPLATE template0`],
        there: [`${prefix}_${name}`, statements],
        codes: ['ACCESS_CROSS_CONNECT'],
        severity,
        subject: `${prefix}_${name}`,
        apart: name,
        remove: [`DROP DATABASE ${quoteIdent(`${prefix}_${name}`)}`],
      }),
    ),
  ];
}

/** What provision made and somebody took away. */
export function takenAway({ a }: PlantedFleet): Fault[] {
  const [database, role, owner] = [quoteIdent(a.database), quoteIdent(a.role), quoteIdent(a.owner)];
  const statements = [
    ...['SELECT', 'INSERT', 'UPDATE', 'DELETE'].map(
      (each) => `${each} ON TABLE public.patients FROM ${role}`,
    ),
    `SELECT ON TABLE public.names FROM ${role}`,
    `USAGE ON SEQUENCE public.patients_id_seq FROM ${role}`,
    `USAGE ON SCHEMA public FROM ${role}, PUBLIC`,
    `CONNECT ON DATABASE ${database} FROM ${role}`,
    `CONNECT ON DATABASE ${database} FROM ${owner}`,
    `ALL ON TABLE public.patients FROM ${owner}`,
    'EXECUTE ON FUNCTION public.f(integer) FROM PUBLIC',
    'USAGE ON TYPE public.kind FROM PUBLIC',
    `UPDATE ON LARGE OBJECT 4712 FROM ${role}`,
    'SELECT ON LARGE OBJECT 4712 FROM PUBLIC',
  ];
  return statements.map((what) => {
    const isBoth = what.startsWith('USAGE ON SCHEMA');
    return {
      kind: `taken away: ${what.replace(database, 'the clinic').replace(role, "the clinic's login").replace(owner, 'the owner')}`,
      database: a.database,
      plant: [`REVOKE ${what}`],
      codes: isBoth ? ['ACCESS_OWN_DATABASE', 'ACCESS_OWN_DATABASE'] : ['ACCESS_OWN_DATABASE'],
      subject: a.database,
      apart: what.replace(/^\w+ ON/, ''),
    };
  });
}

import { quoteIdent } from '../../../src/core/identifiers.js';
import type { PlantedFleet } from './planted-fleet.js';

/** Something that somebody did to a fleet, and what verify access has to say of it. */
export interface Fault {
  readonly kind: string;
  /** Where it is planted. */
  readonly database: string;
  readonly plant: readonly string[];
  /** What is planted after that in a database that is made by it. */
  readonly there?: readonly [database: string, statements: readonly string[]];
  /** Of its findings; an error where nothing is said. */
  readonly severity?: 'warning' | 'error';
  /** The codes of all findings that it causes. */
  readonly codes: readonly string[];
  readonly subject: string;
  /** What its first finding names, where many have the same subject. */
  readonly says?: string;
  /** Faults of a family with the same word would come to one finding, or into each other's way: they are planted in turn. */
  readonly apart: string;
  /** Takes away what mending leaves behind. */
  readonly remove?: readonly string[];
}

interface Grantee {
  readonly name: string;
  readonly sql: string;
}

/** {the clinic's login, another's, PUBLIC, a stranger}. */
function grantees({
  a,
  b,
  stranger,
}: PlantedFleet): Record<'login' | 'other' | 'public' | 'stranger', Grantee> {
  return {
    login: { name: "the clinic's login", sql: quoteIdent(a.role) },
    other: { name: "another clinic's login", sql: quoteIdent(b.role) },
    public: { name: 'PUBLIC', sql: 'PUBLIC' },
    stranger: { name: 'a stranger', sql: quoteIdent(stranger) },
  };
}

type Who = keyof ReturnType<typeof grantees>;

const ALL: readonly Who[] = ['login', 'other', 'public', 'stranger'];
/** Those who have not what everybody has, or the login, already. */
const OTHERS: readonly Who[] = ['other', 'stranger'];
const NOT_LOGIN: readonly Who[] = ['other', 'public', 'stranger'];
const ROWS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** Every privilege of the manual's table on every type of object of a database, and who did not have it. */
export function objectGrants(fleet: PlantedFleet): Fault[] {
  const { a, version } = fleet;
  const whole = ['TRUNCATE', 'REFERENCES', 'TRIGGER', ...(version >= 17 ? ['MAINTAIN'] : [])];
  const families: readonly (readonly [
    on: string,
    privileges: readonly string[],
    who: readonly Who[],
    code?: string,
  ])[] = [
    ['TABLE public.patients', whole, ALL],
    ['TABLE public.patients', ROWS, NOT_LOGIN],
    ['TABLE public.patients', ['SELECT (name)', 'INSERT (name)', 'UPDATE (name)', 'REFERENCES (name)'], ALL],
    ['TABLE public.names', ['TRIGGER'], ALL],
    ['TABLE public.names', ['SELECT', 'UPDATE'], NOT_LOGIN],
    ['TABLE public.counts', ['SELECT'], NOT_LOGIN],
    ['SEQUENCE public.numbers', ['UPDATE'], ALL],
    ['SEQUENCE public.numbers', ['USAGE', 'SELECT'], NOT_LOGIN],
    ['SEQUENCE public.patients_id_seq', ['UPDATE'], ALL],
    ['FUNCTION public.f(integer)', ['EXECUTE'], OTHERS],
    ['FUNCTION public.definer()', ['EXECUTE'], OTHERS],
    ['PROCEDURE public.p()', ['EXECUTE'], OTHERS],
    ['ROUTINE public.total(integer)', ['EXECUTE'], OTHERS],
    ['TYPE public.kind', ['USAGE'], OTHERS],
    ['DOMAIN public.code', ['USAGE'], OTHERS],
    ['SCHEMA public', ['CREATE'], ALL],
    ['SCHEMA public', ['USAGE'], OTHERS],
    ['LANGUAGE plpgsql', ['USAGE'], OTHERS],
    ['LARGE OBJECT 4711', ['SELECT', 'UPDATE'], ALL],
    ['LARGE OBJECT 4712', ['SELECT'], OTHERS],
    ['LARGE OBJECT 4712', ['UPDATE'], NOT_LOGIN],
    ['SCHEMA clinic_migrate', ['USAGE', 'CREATE'], ALL],
    ['TABLE clinic_migrate.receipts', ['SELECT', 'DELETE'], ALL],
    ['TABLE pg_catalog.pg_authid', ['SELECT'], ALL],
    ['TABLE pg_catalog.pg_authid', ['SELECT (rolpassword)'], ALL],
    ['TABLE pg_catalog.pg_largeobject', ['SELECT'], ALL],
    ['TABLE pg_catalog.pg_proc', ['UPDATE'], ALL],
    ['SCHEMA pg_catalog', ['CREATE'], ALL],
    ['FUNCTION pg_catalog.pg_read_file(text)', ['EXECUTE'], ALL, 'ACCESS_REACHES_OUT'],
    ['FUNCTION pg_catalog.pg_ls_dir(text)', ['EXECUTE'], ALL, 'ACCESS_REACHES_OUT'],
    ['FUNCTION pg_catalog.lo_export(oid, text)', ['EXECUTE'], ALL, 'ACCESS_REACHES_OUT'],
  ];
  return families.flatMap(([on, privileges, who, code = 'ACCESS_GRANT']) =>
    privileges.flatMap((privilege) =>
      who.map((each): Fault => {
        const { name, sql } = grantees(fleet)[each];
        return {
          kind: `${privilege} ON ${on} TO ${name}`,
          database: a.database,
          plant: [`GRANT ${privilege} ON ${on} TO ${sql}`],
          codes: [code],
          subject: a.database,
          says: on.replace(/^[A-Z ]+ |\(.*/g, ''),
          apart: `${on} ${privilege.replace(/^\w+/, '')} ${each}`,
        };
      }),
    ),
  );
}

/** The right to grant on, of what may rightly be had. */
export function grantOptions({ a }: PlantedFleet): Fault[] {
  const login = quoteIdent(a.role);
  return [
    'SELECT ON TABLE public.patients',
    'USAGE ON SEQUENCE public.numbers',
    `CONNECT ON DATABASE ${quoteIdent(a.database)}`,
    'USAGE ON SCHEMA public',
  ].map((privilege) => ({
    kind: `${privilege.replace(/ DATABASE.*/, ' DATABASE')} WITH GRANT OPTION`,
    database: a.database,
    plant: [`GRANT ${privilege} TO ${login} WITH GRANT OPTION`],
    codes: ['ACCESS_GRANT'],
    subject: a.database,
    apart: privilege,
  }));
}

/** Privileges on databases, and on what belongs to the whole server. */
export function serverGrants(fleet: PlantedFleet): Fault[] {
  const { a, b, legacy, central } = fleet;
  const own = quoteIdent(a.database);
  const grant = (on: string, privilege: string, who: Who, code: string, subject: string): Fault => {
    const { name, sql } = grantees(fleet)[who];
    return {
      kind: `${privilege} ON ${on
        .replace(own, "the clinic's")
        .replace(/"t_.*"/, 'the legacy')
        .replace(/"c_.*"/, 'the central')} TO ${name}`,
      database: 'postgres',
      plant: [`GRANT ${privilege} ON ${on} TO ${sql}`],
      codes: [code],
      subject,
      apart: `${on} ${who}`,
    };
  };
  const parameters = ['SET', 'ALTER SYSTEM'].flatMap((privilege) =>
    ALL.map((who) => {
      const role = { login: a.role, other: b.role, public: 'log_statement', stranger: fleet.stranger }[who];
      return grant('PARAMETER log_statement', privilege, who, 'ACCESS_GRANT', role);
    }),
  );
  return [
    ...['CREATE', 'TEMPORARY'].flatMap((privilege) =>
      ALL.map((who) =>
        grant(`DATABASE ${own}`, privilege, who, 'ACCESS_GRANT', who === 'other' ? b.role : a.database),
      ),
    ),
    grant(`DATABASE ${own}`, 'CONNECT', 'other', 'ACCESS_CROSS_CONNECT', b.role),
    grant(`DATABASE ${own}`, 'CONNECT', 'public', 'ACCESS_PUBLIC', a.database),
    grant(`DATABASE ${own}`, 'CONNECT', 'stranger', 'ACCESS_STRANGER', a.database),
    ...[legacy, central].flatMap((database) => [
      grant(`DATABASE ${quoteIdent(database)}`, 'CONNECT', 'login', 'ACCESS_CROSS_CONNECT', database),
      grant(`DATABASE ${quoteIdent(database)}`, 'CONNECT', 'public', 'ACCESS_CROSS_CONNECT', database),
      grant(`DATABASE ${quoteIdent(database)}`, 'CREATE', 'login', 'ACCESS_GRANT', a.role),
    ]),
    ...parameters,
    grant('TABLESPACE pg_default', 'CREATE', 'login', 'ACCESS_GRANT', a.role),
    grant('TABLESPACE pg_default', 'CREATE', 'public', 'ACCESS_GRANT', 'pg_default'),
    ...[legacy, central].map((database): Fault => {
      const table = database === legacy ? 'public.patients' : 'clinic_migrate.clinics';
      return {
        kind: `SELECT ON ${table} of ${database === legacy ? 'the legacy' : 'the central'} database TO the clinic's login`,
        database,
        plant: [`GRANT SELECT ON ${table} TO ${quoteIdent(a.role)}`],
        codes: ['ACCESS_GRANT'],
        subject: a.role,
        apart: database,
      };
    }),
  ];
}

/** What is made next. */
export function defaultGrants(fleet: PlantedFleet): Fault[] {
  const { a, admin } = fleet;
  const kinds = ['TRUNCATE ON TABLES', 'UPDATE ON SEQUENCES', 'EXECUTE ON FUNCTIONS', 'USAGE ON TYPES'];
  const fault = (role: string, where: string, what: string, who: Who): Fault => {
    const { name, sql } = grantees(fleet)[who];
    return {
      kind: `default privileges${where === '' ? '' : ' of a schema'} of ${role === admin ? 'a superuser' : 'the owner'}: ${what} TO ${name}`,
      database: a.database,
      plant: [`ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdent(role)}${where} GRANT ${what} TO ${sql}`],
      codes: ['ACCESS_DEFAULT_PRIVILEGES'],
      subject: a.database,
      apart: `${role}${where}${what.replace(/^\w+/, '')}${who}`,
    };
  };
  return [
    ...kinds.flatMap((what) => ALL.map((who) => fault(a.owner, ' IN SCHEMA public', what, who))),
    ...kinds.map((what) => fault(admin, '', what, 'other')),
    ...(['USAGE ON SCHEMAS', 'CREATE ON SCHEMAS'] as const).map((what) => fault(a.owner, '', what, 'public')),
  ];
}

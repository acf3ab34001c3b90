import type { Session } from '../../../core/ports.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { type Item, itemsOf } from '../acl.js';

export interface Role extends Record<string, unknown> {
  readonly name: string;
  /** One of PostgreSQL's own: `pg_…`. */
  readonly builtin: boolean;
  readonly login: boolean;
  readonly super: boolean;
  readonly createdb: boolean;
  readonly createrole: boolean;
  readonly inherit: boolean;
  readonly replication: boolean;
  readonly bypassrls: boolean;
  readonly limit: number;
  /** Its password holds until then; NULL: for ever. */
  readonly until: string | null;
  readonly expired: boolean;
}

export interface Membership extends Record<string, unknown> {
  readonly role: string;
  readonly member: string;
  readonly grantor: string | null;
  /** `ADMIN`, `INHERIT`, `SET`, as far as the server knows them. */
  readonly options: readonly string[];
}

export interface DatabaseRow extends Record<string, unknown> {
  readonly name: string;
  readonly owner: string;
  readonly connectable: boolean;
  readonly limit: number;
  readonly template: boolean;
  readonly acl: readonly Item[];
}

/** Who and what is on one server, and who of them is meant to be. */
export interface ServerView {
  readonly session: Session;
  readonly targets: readonly ClinicTarget[];
  /** Major version. */
  readonly version: number;
  /** The login that provisions: the one of this session. */
  readonly me: string;
  /** Whose PostgreSQL's own objects are. */
  readonly bootstrap: string;
  readonly roles: ReadonlyMap<string, Role>;
  readonly memberships: readonly Membership[];
  readonly databases: ReadonlyMap<string, DatabaseRow>;
  /** By the clinic's login, and by the owner of its database. */
  readonly logins: ReadonlyMap<string, ClinicTarget>;
  readonly owners: ReadonlyMap<string, ClinicTarget>;
  /** Extensions that whoever may make objects in a database may make there, too. */
  readonly trustedExtensions: ReadonlySet<string>;
  /** Superusers, the provisioning login, and those that the configuration lists: they may get in everywhere. */
  isTrusted(role: string): boolean;
}

const ROLES = `
  SELECT rolname::text AS name, oid < 16384 AND rolname LIKE 'pg\\_%' AS builtin, rolcanlogin AS login, rolsuper AS super,
         rolcreatedb AS createdb, rolcreaterole AS createrole, rolinherit AS inherit, rolreplication AS replication,
         rolbypassrls AS bypassrls, rolconnlimit AS limit,
         nullif(rolvaliduntil, 'infinity')::text AS until, coalesce(rolvaliduntil < now(), false) AS expired
    FROM pg_catalog.pg_roles
   ORDER BY 1`;

/** Through JSON, since the options are columns only from PostgreSQL 16 on. */
const MEMBERSHIPS = `
  SELECT r.rolname::text AS role, m.rolname::text AS member, g.rolname::text AS grantor,
         ARRAY(SELECT pg_catalog.upper(pg_catalog.split_part(o.key, '_', 1)) FROM pg_catalog.jsonb_each_text(pg_catalog.to_jsonb(a)) AS o
                WHERE o.key IN ('admin_option', 'inherit_option', 'set_option') AND o.value = 'true' ORDER BY 1) AS options
    FROM pg_catalog.pg_auth_members a
    JOIN pg_catalog.pg_roles r ON r.oid = a.roleid JOIN pg_catalog.pg_roles m ON m.oid = a.member
    LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantor
   ORDER BY 1, 2, 3`;

const DATABASES = `
  SELECT d.datname::text AS name, coalesce(r.rolname::text, d.datdba::text) AS owner, d.datallowconn AS connectable,
         d.datconnlimit AS limit, d.datistemplate AS template, ${itemsOf('d.datacl', "'d'", 'd.datdba')} AS acl
    FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
   ORDER BY 1`;

export async function readServer(
  session: Session,
  targets: readonly ClinicTarget[],
  listed: readonly string[],
): Promise<ServerView> {
  const [self] = await session.query<{ me: string; bootstrap: string; version: number }>(
    `SELECT session_user::text AS me, pg_catalog.pg_get_userbyid(10)::text AS bootstrap,
            pg_catalog.current_setting('server_version_num')::int / 10000 AS version`,
  );
  const roles = new Map((await session.query<Role>(ROLES)).map((role) => [role.name, role]));
  const databases = new Map((await session.query<DatabaseRow>(DATABASES)).map((row) => [row.name, row]));
  const extensions = await session.query<{ name: string }>(
    'SELECT DISTINCT name::text AS name FROM pg_catalog.pg_available_extension_versions WHERE trusted OR NOT superuser',
  );
  const me = self?.me ?? '';
  return {
    session,
    targets,
    me,
    bootstrap: self?.bootstrap ?? '',
    version: self?.version ?? 0,
    roles,
    memberships: await session.query<Membership>(MEMBERSHIPS),
    databases,
    logins: new Map(targets.map((target) => [target.role, target])),
    owners: new Map(targets.map((target) => [target.owner, target])),
    trustedExtensions: new Set(extensions.map(({ name }) => name)),
    isTrusted: (name) => name === me || listed.includes(name) || roles.get(name)?.super === true,
  };
}

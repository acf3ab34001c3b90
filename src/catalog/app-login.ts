import type { Session } from '../core/ports.js';
import { notOfExtension } from './extension-members.js';

/** Which login the application connects to the legacy database with, as far as the database tells. */
export type LoginAnswer =
  | { readonly login: string; readonly unclear: undefined }
  | { readonly login: undefined; readonly unclear: UnclearLogin };

export interface UnclearLogin {
  /** `unknown`: the configured one is not there; `several`: more than one may write; `readers`: none may. */
  readonly why: 'unknown' | 'several' | 'readers';
  readonly candidates: readonly string[];
}

/**
 * Logins with rights in these schemas that are theirs or a role's that they can act as; `writes` where these are more
 * than those of somebody who looks at tables. Superusers have all rights everywhere, which says nothing.
 */
const CANDIDATES = `
  WITH objects AS (
    SELECT c.relowner AS owner, c.relacl AS acl FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${notOfExtension('pg_class', 'c.oid')}
     UNION ALL
    SELECT c.relowner, t.attacl FROM pg_catalog.pg_attribute t JOIN pg_catalog.pg_class c ON c.oid = t.attrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($1::text[]) AND t.attacl IS NOT NULL AND ${notOfExtension('pg_class', 'c.oid')}
     UNION ALL
    SELECT p.proowner, p.proacl FROM pg_catalog.pg_proc p
      JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname = ANY ($1::text[]) AND ${notOfExtension('pg_proc', 'p.oid')}),
  holders AS (
    SELECT owner AS role, true AS writes FROM objects
     UNION
    SELECT a.grantee, a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'EXECUTE')
      FROM objects o CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) AS a WHERE a.grantee <> 0
     UNION
    SELECT oid, true FROM pg_catalog.pg_roles WHERE rolname = 'pg_write_all_data')
  SELECT r.rolname::text AS name, pg_catalog.bool_or(h.writes) AS writes
    FROM pg_catalog.pg_roles r
    JOIN holders h ON h.role = r.oid OR pg_catalog.pg_has_role(r.oid, h.role, 'USAGE') OR pg_catalog.pg_has_role(r.oid, h.role,
         CASE WHEN pg_catalog.current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)
   WHERE r.rolcanlogin AND NOT r.rolsuper
   GROUP BY r.rolname ORDER BY r.rolname COLLATE "C"`;

const ROLE = `
  SELECT r.rolname::text AS name, r.rolsuper AS superuser FROM pg_catalog.pg_roles r
   WHERE r.rolname = coalesce($1, session_user)`;

/**
 * The configured login; else the one that may write in these schemas; else, where nobody has a right there, whoever this
 * session is. A login that may only look at tables is no application's.
 */
export async function readAppLogin(
  legacy: Session,
  schemas: readonly string[],
  configured: string | undefined,
): Promise<LoginAnswer> {
  const [role] = await legacy.query<{ name: string; superuser: boolean }>(ROLE, [configured ?? null]);
  if (configured !== undefined)
    return role === undefined ? unclear('unknown', [configured]) : { login: role.name, unclear: undefined };
  const found = await legacy.query<{ name: string; writes: boolean }>(CANDIDATES, [schemas]);
  const writers = found.filter(({ writes }) => writes);
  const [first, ...others] = writers;
  if (first !== undefined && others.length === 0) return { login: first.name, unclear: undefined };
  if (others.length > 0)
    return unclear(
      'several',
      writers.map(({ name }) => name),
    );
  if (found.length === 0 && role?.superuser === true) return { login: role.name, unclear: undefined };
  return unclear(
    'readers',
    found.map(({ name }) => name),
  );
}

/** The same where a name is needed in any case: the configured one, or this session's, where nothing tells. */
export async function nameOfAppLogin(
  legacy: Session,
  schemas: readonly string[],
  configured: string | undefined,
): Promise<string> {
  const { login } = await readAppLogin(legacy, schemas, configured);
  const [row] = await legacy.query<{ name: string }>('SELECT session_user::text AS name');
  return login ?? configured ?? row?.name ?? '';
}

const unclear = (why: UnclearLogin['why'], candidates: readonly string[]): LoginAnswer => ({
  login: undefined,
  unclear: { why, candidates },
});

import type { Session } from '../core/ports.js';
import type { LegacyAccess } from './access.js';
import { readEffective } from './acl-objects.js';

interface LoginRow extends Record<string, unknown> {
  readonly superuser: boolean;
  readonly roles: readonly string[];
  readonly superusers: readonly string[];
}

const LOGIN = `
  SELECT l.rolsuper AS superuser,
         (SELECT pg_catalog.array_agg(r.rolname::text) FROM pg_catalog.pg_roles r
           WHERE r.oid = l.oid OR NOT l.rolsuper AND pg_catalog.pg_has_role(l.oid, r.oid, 'USAGE')) AS roles,
         (SELECT pg_catalog.array_agg(r.rolname::text) FROM pg_catalog.pg_roles r WHERE r.rolsuper) AS superusers
    FROM pg_catalog.pg_roles l WHERE l.rolname = $1`;

const LATER = `
  SELECT DISTINCT pg_catalog.pg_get_userbyid(d.defaclrole)::text AS role,
         CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END AS grantee
    FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
   CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS a
   WHERE (d.defaclnamespace = 0 OR n.nspname = ANY ($1::text[])) AND a.grantee <> d.defaclrole
   ORDER BY 1, 2`;

/**
 * Who may do what in the legacy database: on the objects of `schemas`, on these schemas and those of extensions, and
 * wherever PostgreSQL's own grants were changed.
 */
export async function readAccess(
  legacy: Session,
  schemas: readonly string[],
  extensionSchemas: readonly string[],
  login: string,
): Promise<LegacyAccess> {
  const [row] = await legacy.query<LoginRow>(LOGIN, [login]);
  if (row === undefined) throw new Error(`${legacy.label} does not know the role ${login}`);
  return {
    login: { name: login, superuser: row.superuser, roles: new Set(row.roles) },
    superusers: new Set(row.superusers),
    objects: await readEffective(legacy, schemas, extensionSchemas, login),
    later: (await legacy.query<{ role: string; grantee: string | null }>(LATER, [schemas])).map(
      ({ role, grantee }) => ({ role, grantee: grantee ?? undefined }),
    ),
  };
}

import { readAppLogin } from '../../catalog/app-login.js';
import { readPolicies } from '../../catalog/read-policies.js';
import type { SchemaCatalog } from '../../catalog/types.js';
import { displayName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';

/** What a clinic's login sees by, where the application's login sees all rows without a policy. */
const OF_LOGIN = 'clinic_migrate_login';

/** The legacy schema without the policies that are for other roles than the application's login: they stay there. */
export async function withoutOthersPolicies(
  legacy: Session,
  catalog: SchemaCatalog,
  configured: string | undefined,
): Promise<SchemaCatalog> {
  const policies = await readPolicies(legacy, catalog.schemas);
  if (policies.every(({ roles }) => roles.includes(undefined))) return catalog;
  const { login } = await readAppLogin(legacy, catalog.schemas, configured);
  const rows = await legacy.query<{ role: string }>(
    `SELECT g.rolname::text AS role FROM pg_catalog.pg_roles l
       JOIN pg_catalog.pg_roles g ON g.oid = l.oid OR NOT l.rolsuper AND pg_catalog.pg_has_role(l.oid, g.oid, 'USAGE')
      WHERE l.rolname = $1`,
    [login ?? ''],
  );
  const mine = new Set(rows.map(({ role }) => role));
  const others = policies.filter(({ roles }) => roles.every((role) => role !== undefined && !mine.has(role)));
  const isOthers = (name: string, table: string): boolean =>
    others.some((policy) => policy.name === name && displayName(policy.table) === table);
  return {
    ...catalog,
    objects: catalog.objects.filter(
      ({ kind, name, dependsOn: [table] }) =>
        kind !== 'policy' || table === undefined || !isOthers(name, displayName(table)),
    ),
  };
}

/** A schema without the policies that provision makes; which rows a login sees is a matter of verify access. */
export function withoutLoginPolicies(catalog: SchemaCatalog): SchemaCatalog {
  const objects = catalog.objects.filter(({ kind, name }) => kind !== 'policy' || name !== OF_LOGIN);
  return { ...catalog, objects };
}

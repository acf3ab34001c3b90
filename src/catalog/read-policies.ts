import type { QualifiedName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';

/** A policy of a table with those it is for. */
export interface Policy {
  readonly table: QualifiedName;
  readonly name: string;
  readonly permissive: boolean;
  /** Undefined stands for PUBLIC. */
  readonly roles: readonly (string | undefined)[];
  /** ALL, SELECT, INSERT, UPDATE or DELETE. */
  readonly command: string;
  readonly using: string | undefined;
  readonly check: string | undefined;
}

/** A table with row security, and whether it binds a role. */
export interface SecuredTable extends QualifiedName {
  readonly owner: string;
  /** False where the role sees every row whatever the policies are. */
  readonly binds: boolean;
}

export interface PolicyRow extends Record<string, unknown> {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly permissive: boolean;
  readonly roles: readonly (string | null)[];
  readonly command: string;
  readonly using: string | null;
  readonly check: string | null;
}

/** SQL: the policies of tables in the schemas $1. */
export const POLICIES = `
  SELECT n.nspname::text AS schema, c.relname::text AS "table", p.polname::text AS name, p.polpermissive AS permissive,
         (SELECT pg_catalog.json_agg(CASE r.oid WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(r.oid)::text END)
            FROM pg_catalog.unnest(p.polroles) AS r (oid)) AS roles,
         CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                       ELSE 'ALL' END AS command,
         pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS "using",
         pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS "check"
    FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[])
   ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", p.polname COLLATE "C"`;

export async function readPolicies(session: Session, schemas: readonly string[]): Promise<Policy[]> {
  const rows = await session.query<PolicyRow>(POLICIES, [schemas]);
  return rows.map(policyOf);
}

/** A row of POLICIES as a value. */
export const policyOf = (row: PolicyRow): Policy => ({
  table: { schema: row.schema, name: row.table },
  name: row.name,
  permissive: row.permissive,
  roles: row.roles.map((role) => role ?? undefined),
  command: row.command,
  using: row.using ?? undefined,
  check: row.check ?? undefined,
});

/** As the server itself decides it: a role that bypasses row security, or an owner of a table that does not force it. */
const SECURED = `
  SELECT n.nspname::text AS schema, c.relname::text AS name, pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
         NOT (r.rolsuper OR r.rolbypassrls
              OR NOT c.relforcerowsecurity AND pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE')) AS binds
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles r ON r.rolname = $2
   WHERE n.nspname = ANY ($1::text[]) AND c.relrowsecurity
   ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** The tables of these schemas that have row security, as it is for one role. */
export async function readSecuredTables(
  session: Session,
  schemas: readonly string[],
  role: string,
): Promise<SecuredTable[]> {
  return session.query<SecuredTable & Record<string, unknown>>(SECURED, [schemas, role]);
}

import type { Session } from '../core/ports.js';
import type { AccessObject } from './access.js';
import { ACLS, type AclRow, objectOf } from './acl-objects.js';
import { POLICIES, type Policy, type PolicyRow, policyOf } from './read-policies.js';

/** Privileges on what a role makes later. */
export interface DefaultPrivileges extends Record<string, unknown> {
  readonly role: string;
  /** NULL: wherever in the database. */
  readonly schema: string | null;
  /** TABLES, SEQUENCES, FUNCTIONS, TYPES, SCHEMAS or LARGE OBJECTS. */
  readonly objects: string;
  /** NULL for PUBLIC. */
  readonly grants: readonly { readonly grantee: string | null; readonly privilege: string }[];
}

/** Everything that was granted in a database. */
export interface Grants {
  readonly objects: readonly AccessObject[];
  readonly policies: readonly Policy[];
  readonly later: readonly DefaultPrivileges[];
}

const LATER = `
  SELECT pg_catalog.pg_get_userbyid(d.defaclrole)::text AS role, n.nspname::text AS schema,
         CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
              WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END AS objects,
         (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('privilege', a.privilege_type, 'grantee',
                   CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END))
            FROM pg_catalog.aclexplode(d.defaclacl) AS a) AS grants
    FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
   ORDER BY 1, 2, 3`;

const asJson = (sql: string): string => `coalesce((SELECT pg_catalog.json_agg(x) FROM (${sql}) AS x), '[]')`;

interface GrantsRow extends Record<string, unknown> {
  readonly objects: readonly AclRow[];
  readonly policies: readonly PolicyRow[];
  readonly later: readonly DefaultPrivileges[];
}

/**
 * Reads in one query who was granted what: on the objects of `schemas`, on these schemas and `others`, and wherever
 * PostgreSQL's own grants were changed.
 */
export async function readGrants(
  session: Session,
  schemas: readonly string[],
  others: readonly string[],
): Promise<Grants> {
  const [row] = await session.query<GrantsRow>(
    `SELECT ${asJson(ACLS)} AS objects, ${asJson(POLICIES)} AS policies, ${asJson(LATER)} AS later`,
    [schemas, [...schemas, ...others]],
  );
  return {
    objects: (row?.objects ?? []).map(objectOf),
    policies: (row?.policies ?? []).map(policyOf),
    later: row?.later ?? [],
  };
}

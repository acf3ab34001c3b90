import { readAppLogin } from '../../catalog/app-login.js';
import { readAccess } from '../../catalog/read-access.js';
import { readPolicies, readSecuredTables } from '../../catalog/read-policies.js';
import type { SchemaCatalog } from '../../catalog/types.js';
import type { Finding } from '../../core/finding.js';
import type { Session } from '../../core/ports.js';
import type { TenancyMap } from '../../tenancy/types.js';
import { contentsOf } from '../contents.js';
import { openSchemas } from '../schema-source.js';
import { accessFindings } from './left-behind.js';
import { unclearLogin } from './login-unclear.js';
import { type AccessPlan, planAccess } from './plan.js';

export interface AccessRead {
  /** Undefined where it is not known whose rights clinics' logins get; a finding says so. */
  readonly plan: AccessPlan | undefined;
  readonly findings: readonly Finding[];
}

/** Reads from the legacy database who may do what in the clinics' databases, and what cannot be carried of it. */
export async function readAccessPlan(
  legacy: Session,
  catalog: SchemaCatalog,
  map: TenancyMap,
  configured: string | undefined,
): Promise<AccessRead> {
  const { schemas } = catalog;
  const { login, unclear } = await readAppLogin(legacy, schemas, configured);
  if (login === undefined) return { plan: undefined, findings: [unclearLogin(unclear)] };
  // Every database has the schema public, wanted or not.
  const others = [...new Set([...openSchemas(catalog), 'public'])].filter(
    (schema) => !schemas.includes(schema),
  );
  const rights = {
    access: await readAccess(legacy, schemas, others, login),
    policies: await readPolicies(legacy, schemas),
    secured: await readSecuredTables(legacy, schemas, login),
  };
  const contents = {
    clinic: contentsOf(catalog, map, 'clinic'),
    central: contentsOf(catalog, map, 'central'),
  };
  const plan = planAccess(rights, catalog, contents, others);
  return { plan, findings: accessFindings(rights, plan) };
}

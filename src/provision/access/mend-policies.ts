import type { Policy } from '../../catalog/read-policies.js';
import { displayName, quoteIdent, quoteName } from '../../core/identifiers.js';
import type { ClinicRoles } from './mend-grants.js';
import { LOGIN_POLICY, type PolicyPlan, type PolicyRole } from './plan-policies.js';

/**
 * What must be run so that each policy that is there is for whom it is planned, and that the login sees all rows where
 * the application's login does. `has` tells the tables that are there.
 */
export function policyStatements(
  present: readonly Policy[],
  { carried, open }: PolicyPlan,
  roles: Pick<ClinicRoles, 'login' | 'owner'>,
  has: (identity: string) => boolean,
): string[] {
  const roleOf = (role: PolicyRole): string | undefined => (role === 'public' ? undefined : roles[role]);
  const statements: string[] = [];
  for (const { table, name, role } of carried) {
    const found = present.find((each) => isNamed(each, displayName(table), name));
    if (found === undefined || (found.roles.length === 1 && found.roles[0] === roleOf(role))) continue;
    const to = roleOf(role);
    statements.push(
      `ALTER POLICY ${quoteIdent(name)} ON ${quoteName(table)} TO ${to === undefined ? 'PUBLIC' : quoteIdent(to)}`,
    );
  }
  for (const policy of present) {
    if (policy.name !== LOGIN_POLICY) continue;
    const isMeant = open.some((table) => displayName(table) === displayName(policy.table));
    if (!isMeant || !seesAll(policy, roles.login))
      statements.push(`DROP POLICY ${quoteIdent(LOGIN_POLICY)} ON ${quoteName(policy.table)}`);
  }
  for (const table of open) {
    if (!has(displayName(table))) continue;
    const found = present.find((each) => isNamed(each, displayName(table), LOGIN_POLICY));
    if (found !== undefined && seesAll(found, roles.login)) continue;
    statements.push(
      `CREATE POLICY ${quoteIdent(LOGIN_POLICY)} ON ${quoteName(table)} TO ${quoteIdent(roles.login)} USING (true)`,
    );
  }
  return statements;
}

const isNamed = (policy: Policy, table: string, name: string): boolean =>
  policy.name === name && displayName(policy.table) === table;

const seesAll = ({ permissive, command, roles, using, check }: Policy, login: string): boolean =>
  permissive &&
  command === 'ALL' &&
  roles.length === 1 &&
  roles[0] === login &&
  using === 'true' &&
  check === undefined;

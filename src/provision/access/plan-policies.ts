import type { AppLogin } from '../../catalog/access.js';
import type { Policy, SecuredTable } from '../../catalog/read-policies.js';
import type { QualifiedName } from '../../core/identifiers.js';
import type { Contents } from '../contents.js';

/** Whom a policy is for in a clinic database: a role of ours, or everybody. */
export type PolicyRole = 'login' | 'owner' | 'public';

export interface PlannedPolicy {
  readonly table: QualifiedName;
  readonly name: string;
  readonly role: PolicyRole;
}

export interface PolicyPlan {
  readonly carried: readonly PlannedPolicy[];
  /** Policies for roles alone that no database of ours has. */
  readonly left: readonly Policy[];
  /** Tables whose rows the application's login sees whatever the policies are. */
  readonly open: readonly QualifiedName[];
}

/** The policy by which a clinic's login sees what the application's login sees without one. */
export const LOGIN_POLICY = 'clinic_migrate_login';

/**
 * Whom each policy is for, so that a clinic's login, which is bound by them all, sees of its clinic's rows what the
 * application's login sees. Where these do not bind it, what restricts is for the owner alone.
 */
export function planPolicies(
  policies: readonly Policy[],
  secured: readonly SecuredTable[],
  login: AppLogin,
  contents: Contents,
): PolicyPlan {
  const carried: PlannedPolicy[] = [];
  const left: Policy[] = [];
  const open = secured.filter((table) => !table.binds && contents.has(table));
  for (const policy of policies) {
    const { table, name } = policy;
    if (!contents.has(table)) continue;
    const role = roleOf(policy, login);
    if (role === undefined) left.push(policy);
    else
      carried.push({
        table,
        name,
        role: !policy.permissive && open.some((each) => isSame(each, table)) ? 'owner' : role,
      });
  }
  return { carried, left, open: open.map(({ schema, name }) => ({ schema, name })) };
}

function roleOf({ roles }: Policy, login: AppLogin): PolicyRole | undefined {
  if (roles.includes(undefined)) return 'public';
  return roles.some((role) => role !== undefined && login.roles.has(role)) ? 'login' : undefined;
}

const isSame = (a: QualifiedName, b: QualifiedName): boolean => a.schema === b.schema && a.name === b.name;

import type { Grant, LegacyAccess } from '../../catalog/access.js';
import type { Policy } from '../../catalog/read-policies.js';
import type { Finding } from '../../core/finding.js';
import { displayName } from '../../core/identifiers.js';
import { type AccessPlan, carriedOf, type LegacyRights } from './plan.js';

/** What of the grants and policies of the legacy database no database of ours gets, before anything is made. */
export function accessFindings({ access, policies }: LegacyRights, plan: AccessPlan): Finding[] {
  return [
    ...otherRoles(access),
    ...ofLogin(access),
    ...plan.policies.left.map(policyLeft),
    ...policies
      .filter((policy) => plan.policies.carried.some((each) => isNamed(policy, each)))
      .flatMap(readsLogin),
  ];
}

interface Held {
  readonly kind: string;
  readonly identity: string;
  readonly privilege: string;
}

/** One finding a role that is neither the application's login nor one whose rights it has. */
function otherRoles(access: LegacyAccess): Finding[] {
  const { login, superusers, later } = access;
  const isOther = (grantee: string | undefined): grantee is string =>
    grantee !== undefined && !login.roles.has(grantee) && !superusers.has(grantee);
  const held = heldBy(access, ({ grantee }) => (isOther(grantee) ? grantee : undefined), true);
  const roles = new Set([...held.keys(), ...later.map(({ grantee }) => grantee).filter(isOther)]);
  return [...roles].sort().map((role) => {
    const defaults = later.some(({ grantee }) => grantee === role) ? ['default privileges'] : [];
    return {
      code: 'PROVISION_GRANT_LEFT_BEHIND',
      severity: 'warning',
      subject: role,
      message: `what the role ${role} was granted in the legacy database is not carried: ${[...inWords(held.get(role) ?? []), ...defaults].join('; ')}`,
    };
  });
}

/** The clinics' logins read and write rows; what else the application's login, or PUBLIC, was granted is theirs no more. */
function ofLogin(access: LegacyAccess): Finding[] {
  const { login } = access;
  const held = heldBy(
    access,
    ({ grantee }) =>
      grantee === undefined
        ? 'PUBLIC'
        : login.roles.has(grantee) && !login.superuser
          ? login.name
          : undefined,
    false,
  );
  return [...held].map(([role, privileges]) => ({
    code: 'PROVISION_GRANT_LEFT_BEHIND',
    severity: 'info',
    subject: role,
    message: `of what ${role === 'PUBLIC' ? 'everybody' : `the application's login ${role}`} was granted, clinics' logins do not get ${inWords(privileges).join('; ')}`,
  }));
}

/** By whom `whose` names; all that was granted, or only what the plan never carries. */
function heldBy(
  { objects, superusers }: LegacyAccess,
  whose: (grant: Grant) => string | undefined,
  all: boolean,
): Map<string, Held[]> {
  const held = new Map<string, Held[]>();
  for (const { kind, identity, owner, grants, initial } of objects) {
    for (const grant of grants) {
      const role = whose(grant);
      if (role === undefined || role === owner || superusers.has(role)) continue;
      const before = initial?.some(
        (each) =>
          each.grantee === grant.grantee &&
          each.privilege === grant.privilege &&
          each.column === grant.column,
      );
      if (before === true || (kind === 'database' && !all && isUsual(grant))) continue;
      if (!all && initial === undefined && carriedOf(kind).includes(grant.privilege)) continue;
      held.set(role, [...(held.get(role) ?? []), { kind, identity, privilege: grant.privilege }]);
    }
  }
  return held;
}

/** Every role may connect to a database and make temporary tables there, where nobody has said otherwise. */
const isUsual = ({ grantee, privilege }: Grant): boolean =>
  privilege === 'CONNECT' || (grantee === undefined && privilege === 'TEMPORARY');

const SAMPLES = 3;

/** `SELECT, UPDATE on 2 tables (public.a, public.b)`, a part for each kind of object. */
function inWords(held: readonly Held[]): string[] {
  return [...new Set(held.map(({ kind }) => kind))].map((kind) => {
    const own = held.filter((each) => each.kind === kind);
    const names = [...new Set(own.map(({ identity }) => identity))];
    const privileges = [...new Set(own.map(({ privilege }) => privilege))].sort().join(', ');
    const samples = `${names.slice(0, SAMPLES).join(', ')}${names.length > SAMPLES ? ', …' : ''}`;
    return `${privileges} on ${names.length} ${names.length === 1 ? kind : pluralOf(kind)} (${samples})`;
  });
}

const pluralOf = (kind: string): string => `${kind}s`;

function policyLeft({ table, name, roles }: Policy): Finding {
  return {
    code: 'PROVISION_POLICY_LEFT_OUT',
    severity: 'warning',
    subject: displayName(table),
    message: `the policy ${name} on ${displayName(table)} is for ${roles.map((role) => role ?? 'everybody').join(', ')}, and clinic databases have no such role: it is left out`,
  };
}

const ASKS_WHO =
  /\b(CURRENT_USER|SESSION_USER|CURRENT_ROLE|USER|pg_has_role)\b|current_setting\('(role|session_authorization)'/;

/** Each clinic's login has another name than the application's. */
function readsLogin({ table, name, using = '', check = '' }: Policy): Finding[] {
  if (!ASKS_WHO.test(using.replaceAll(/"[^"]*"/g, '')) && !ASKS_WHO.test(check.replaceAll(/"[^"]*"/g, '')))
    return [];
  return [
    {
      code: 'PROVISION_POLICY_ASKS_WHO',
      severity: 'warning',
      subject: displayName(table),
      message: `the policy ${name} on ${displayName(table)} asks who is logged in, and each clinic's login has a name of its own`,
    },
  ];
}

const isNamed = (policy: Policy, other: Pick<Policy, 'table' | 'name'>): boolean =>
  policy.name === other.name && displayName(policy.table) === displayName(other.table);

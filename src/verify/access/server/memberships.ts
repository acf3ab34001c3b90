import type { Finding } from '../../../core/finding.js';
import { quoteIdent } from '../../../core/identifiers.js';
import { allNames, ofClinic, onServer } from '../words.js';
import type { Membership, ServerView } from './view.js';

/** Roles of PostgreSQL's own that let nobody see a row of another; of all others it is not known. */
const HARMLESS: ReadonlySet<string> = new Set([
  'pg_checkpoint',
  'pg_create_subscription',
  'pg_maintain',
  'pg_read_all_settings',
  'pg_signal_autovacuum_worker',
  'pg_signal_backend',
  'pg_stat_scan_tables',
  'pg_use_reserved_connections',
]);

/** They show what other sessions run, with the values that stand in it. */
const WATCHING: ReadonlySet<string> = new Set(['pg_monitor', 'pg_read_all_stats']);

/** Who has the rights of somebody else, as far as clinics are concerned: both ways, directly. */
export function membershipFindings(view: ServerView): Finding[] {
  return [...ownMemberships(view), ...strangers(view)];
}

/** A clinic's roles are members of nothing. */
function ownMemberships(view: ServerView): Finding[] {
  const { memberships, logins, owners } = view;
  return [...grouped(memberships, ({ member }) => member)].flatMap(([member, edges]): Finding[] => {
    const target = logins.get(member) ?? owners.get(member);
    if (target === undefined) return [];
    const who = logins.has(member) ? `its login ${member}` : `the owner ${member} of its database`;
    const groups = [...new Set(edges.map(({ role }) => role))];
    return [
      ofClinic(
        'ACCESS_ROLE_MEMBER',
        target,
        member,
        `${who} is a member of ${allNames(groups)}`,
        onServer(...revokes(view, edges)),
      ),
    ];
  });
}

/** Those who are let into a clinic's database, or past all databases, by a membership; whose members are let in too. */
function strangers(view: ServerView): Finding[] {
  const { memberships, roles, logins, owners, isTrusted } = view;
  const isAnyones = (name: string): boolean =>
    isTrusted(name) || logins.has(name) || owners.has(name) || roles.get(name)?.builtin === true;
  const leads = ({ role }: Membership): boolean =>
    roles.get(role)?.builtin === true
      ? !HARMLESS.has(role)
      : isTrusted(role) || logins.has(role) || owners.has(role);
  const edges = memberships.filter((edge) => leads(edge) && !isAnyones(edge.member));
  const tell = (found: readonly Membership[], severity: Finding['severity'], what: string): Finding[] =>
    [...grouped(found, ({ member }) => member)].map(([member, own]) => ({
      code: 'ACCESS_STRANGER',
      severity,
      subject: member,
      message: `the role ${member} ${what}, as a member of ${allNames([...new Set(own.map(({ role }) => role))])}`,
      hint: `If it is the operator's own, list it in the configuration: access: { logins: [${JSON.stringify(member)}] }. Else: ${onServer(...revokes(view, own))}`,
    }));
  return [
    ...tell(
      edges.filter(({ role }) => !WATCHING.has(role)),
      'error',
      "can get at clinics' rows",
    ),
    ...tell(
      edges.filter(({ role }) => WATCHING.has(role)),
      'warning',
      "sees the queries of clinics' logins",
    ),
  ];
}

/** From PostgreSQL 16 on, what each grantor granted is taken back by itself. */
function revokes({ version }: ServerView, edges: readonly Membership[]): string[] {
  return edges.map(({ role, member, grantor }) => {
    const by = version >= 16 && grantor !== null ? ` GRANTED BY ${quoteIdent(grantor)}` : '';
    return `REVOKE ${quoteIdent(role)} FROM ${quoteIdent(member)}${by} CASCADE`;
  });
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

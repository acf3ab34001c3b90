import { DatabaseError } from '../../../core/errors.js';
import type { Finding } from '../../../core/finding.js';
import { allNames } from '../words.js';
import type { ServerView } from './view.js';

interface Rule extends Record<string, unknown> {
  readonly line: number;
  readonly type: string;
  readonly databases: readonly string[];
  readonly users: readonly string[];
  readonly address: string | null;
  readonly method: string | null;
  readonly error: string | null;
}

const RULES = `
  SELECT line_number AS line, type, database AS databases, user_name AS users,
         address || coalesce('/' || netmask, '') AS address, auth_method AS method, error
    FROM pg_catalog.pg_hba_file_rules ORDER BY line_number`;

/** They ask for the login's own password, or refuse. */
const ASKING = ['scram-sha-256', 'md5', 'password', 'reject'];

/**
 * Rules of pg_hba.conf by which somebody is a clinic's login without its password. Only a superuser may read them; what
 * they do with a wrong password is tried in any case.
 */
export async function hbaFindings(
  view: ServerView,
): Promise<{ readonly findings: Finding[]; readonly unasked: ReadonlySet<string> }> {
  const unasked = new Set<string>();
  let rules: Rule[];
  try {
    rules = await view.session.query<Rule>(RULES);
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlState === '42501') return { findings: [], unasked };
    throw error;
  }
  const findings = rules.flatMap((rule, index): Finding[] => {
    if (rule.method === null || ASKING.includes(rule.method)) return [];
    if (rules.slice(0, index).some((earlier) => comesFirst(earlier, rule))) return [];
    const letIn = [...view.logins.keys()].filter((name) => names(view, rule, name));
    if (letIn.length === 0) return [];
    const isNear = rule.type === 'local' || /^(127\.|::1|samehost)/.test(rule.address ?? '');
    const who = isNear
      ? 'whoever has an account on the machine of the server'
      : `whoever comes from ${rule.address ?? 'anywhere'}`;
    // Who has an account there may do more than that, and this is how many servers are set up.
    const severity = isNear && rule.users.includes('all') ? 'warning' : 'error';
    if (severity === 'error') for (const name of letIn) unasked.add(name);
    return [
      {
        code: 'ACCESS_PASSWORD',
        severity,
        subject: `pg_hba.conf:${rule.line}`,
        message: `line ${rule.line} of pg_hba.conf asks for no password (${rule.type}, ${rule.method}): ${who} may be ${letIn.length > 5 ? `any of ${letIn.length} clinics' logins` : allNames(letIn)}`,
        hint: `Write scram-sha-256 in place of ${rule.method} on line ${rule.line} of pg_hba.conf, then: SELECT pg_reload_conf();`,
      },
    ];
  });
  return { findings, unasked };
}

function names({ memberships }: ServerView, { users, databases }: Rule, login: string): boolean {
  if (databases.every((database) => database === 'replication')) return false;
  return users.some((user) => {
    if (user === 'all' || user === login) return true;
    if (user.startsWith('/')) return new RegExp(user.slice(1)).test(login);
    if (!user.startsWith('+')) return false;
    return memberships.some(({ role, member }) => role === user.slice(1) && member === login);
  });
}

/** True where the later rule is never reached: the earlier one is for everybody who comes the same way. */
function comesFirst(earlier: Rule, later: Rule): boolean {
  if (earlier.error !== null || !earlier.users.includes('all') || !earlier.databases.includes('all'))
    return false;
  if (earlier.type !== later.type && !(earlier.type === 'host' && later.type.startsWith('host')))
    return false;
  return earlier.type === 'local' || earlier.address === 'all' || earlier.address === later.address;
}

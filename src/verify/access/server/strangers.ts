import type { Finding } from '../../../core/finding.js';
import { quoteIdent } from '../../../core/identifiers.js';
import { onServer } from '../words.js';
import type { ServerView } from './view.js';

/** Logins that an attribute lets past the grants of every database, and that nobody listed. */
export function strangerFindings({ roles, logins, owners, version, isTrusted }: ServerView): Finding[] {
  return [...roles.values()].flatMap((role): Finding[] => {
    if (isTrusted(role.name) || logins.has(role.name) || owners.has(role.name) || role.builtin) return [];
    const tell = (severity: Finding['severity'], what: string, attribute: string): Finding => ({
      code: 'ACCESS_STRANGER',
      severity,
      subject: role.name,
      message: `the role ${role.name} has ${attribute}: ${what}`,
      hint: `If it is the operator's own, list it in the configuration: access: { logins: [${JSON.stringify(role.name)}] }. Else: ${onServer(`ALTER ROLE ${quoteIdent(role.name)} NO${attribute}`)}`,
    });
    return [
      ...(role.replication && role.login
        ? [tell('error', 'it can copy the files of all databases', 'REPLICATION')]
        : []),
      // From 16 on it rules only over roles that it was made the administrator of, which are memberships.
      ...(role.createrole && version < 16
        ? [tell('warning', "it can make itself a member of every clinic's login", 'CREATEROLE')]
        : []),
    ];
  });
}

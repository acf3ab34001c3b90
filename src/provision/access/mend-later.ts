import type { DefaultPrivileges } from '../../catalog/read-grants.js';
import { quoteIdent } from '../../core/identifiers.js';
import type { ClinicRoles } from './mend-grants.js';

/** What everybody has on what is made, where nobody has said otherwise. */
const PUBLICS: Readonly<Record<string, string>> = { FUNCTIONS: 'EXECUTE', TYPES: 'USAGE' };

/** What must be run so that nobody of the clinic's or of another's is granted anything on what is made later. */
export function laterStatements(
  { role, schema, objects, grants }: DefaultPrivileges,
  roles: ClinicRoles,
): string[] {
  const within = schema === null ? '' : ` IN SCHEMA ${quoteIdent(schema)}`;
  const alter = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdent(role)}${within}`;
  const held = (grantee: string | null): string[] =>
    grants.filter((grant) => grant.grantee === grantee).map(({ privilege }) => privilege);
  const statements = [...new Set(grants.map(({ grantee }) => grantee))]
    .filter((grantee) => grantee !== null && (grantee === roles.login || roles.isForeign(grantee)))
    .map((grantee) => `${alter} REVOKE ALL PRIVILEGES ON ${objects} FROM ${quoteIdent(grantee ?? '')}`);
  const usual = schema === null ? PUBLICS[objects] : undefined;
  const everybodys = held(null);
  if (everybodys.join() !== (usual ?? '')) {
    if (everybodys.length > 0) statements.push(`${alter} REVOKE ALL PRIVILEGES ON ${objects} FROM PUBLIC`);
    if (usual !== undefined) statements.push(`${alter} GRANT ${usual} ON ${objects} TO PUBLIC`);
  }
  // In a schema an owner's own need not be said; elsewhere it must not be less.
  if (schema !== null && held(role).length > 0)
    statements.push(`${alter} REVOKE ALL PRIVILEGES ON ${objects} FROM ${quoteIdent(role)}`);
  if (schema === null && held(role).length === 0)
    statements.push(`${alter} GRANT ALL PRIVILEGES ON ${objects} TO ${quoteIdent(role)}`);
  return statements;
}

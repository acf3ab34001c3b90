import type { AccessObject, ColumnPrivileges, Grant } from '../../catalog/access.js';
import { quoteIdent } from '../../core/identifiers.js';
import type { AccessEntry } from '../types.js';

/** The roles of a clinic's database. */
export interface ClinicRoles {
  readonly login: string;
  readonly owner: string;
  /** True for a role of another clinic, which has nothing to look for here. */
  isForeign(role: string): boolean;
}

/** The roles of one clinic's database among all that are ours. */
export function rolesOf(login: string, owner: string, ours: ReadonlySet<string>): ClinicRoles {
  return { login, owner, isForeign: (role) => role !== login && role !== owner && ours.has(role) };
}

/** What is to be granted on an object: to the login and to PUBLIC, on the whole and on columns. */
export type Wanted = Omit<AccessEntry, 'kind' | 'identity'>;

export const NOTHING: Wanted = { login: [], public: [] };

const KEYWORDS: Readonly<Record<string, string>> = {
  sequence: 'SEQUENCE',
  function: 'ROUTINE',
  procedure: 'ROUTINE',
  aggregate: 'ROUTINE',
  type: 'TYPE',
  schema: 'SCHEMA',
  language: 'LANGUAGE',
  database: 'DATABASE',
  'foreign-data wrapper': 'FOREIGN DATA WRAPPER',
};

/**
 * What must be run so that the login and PUBLIC have on an object what is wanted and no more, the owner what an owner
 * has, and nobody may hand anything on. What others were granted by somebody who may is theirs.
 */
export function grantStatements(object: AccessObject, wanted: Wanted, roles: ClinicRoles): string[] {
  const on = `${KEYWORDS[object.kind] ?? 'TABLE'} ${object.identity}`;
  const grantees = new Set(object.grants.map(({ grantee }) => grantee));
  const statements: string[] = [];
  if (object.ownerLacks) statements.push(`GRANT ALL PRIVILEGES ON ${on} TO ${quoteIdent(object.owner)}`);
  for (const grantee of grantees) {
    if (grantee === undefined || grantee === roles.login) continue;
    const role = quoteIdent(grantee);
    if (roles.isForeign(grantee)) statements.push(`REVOKE ALL PRIVILEGES ON ${on} FROM ${role} CASCADE`);
    else if (object.initial === undefined && object.grants.some((grant) => isOption(grant, grantee)))
      statements.push(`REVOKE GRANT OPTION FOR ALL PRIVILEGES ON ${on} FROM ${role} CASCADE`);
  }
  return [
    ...statements,
    ...forGrantee(object.grants, undefined, on, wanted.public, wanted.publicColumns ?? {}),
    ...forGrantee(object.grants, roles.login, on, wanted.login, wanted.columns ?? {}),
  ];
}

const isOption = ({ grantee, grantable }: Grant, role: string): boolean => grantable && grantee === role;

function forGrantee(
  grants: readonly Grant[],
  grantee: string | undefined,
  on: string,
  wanted: readonly string[],
  columns: ColumnPrivileges,
): string[] {
  const role = grantee === undefined ? 'PUBLIC' : quoteIdent(grantee);
  const present = grants.filter((grant) => grant.grantee === grantee);
  const isWanted = ({ privilege, column }: Grant): boolean =>
    (column === undefined ? wanted : Object.hasOwn(columns, column) ? columns[column] : [])?.includes(
      privilege,
    ) === true;
  const isTooMuch = present.some((grant) => grant.grantable || !isWanted(grant));
  // Taking all back takes it from the columns as well.
  const held = isTooMuch ? [] : present;
  const missing = (privileges: readonly string[], column: string | undefined): string[] =>
    privileges.filter(
      (privilege) => !held.some((grant) => grant.privilege === privilege && grant.column === column),
    );
  const whole = missing(wanted, undefined);
  const parts = Object.entries(columns).flatMap(([column, privileges]) =>
    missing(privileges, column).map((privilege) => `${privilege} (${quoteIdent(column)})`),
  );
  const due = [...whole, ...parts].join(', ');
  return [
    ...(isTooMuch ? [`REVOKE ALL PRIVILEGES ON ${on} FROM ${role} CASCADE`] : []),
    ...(due === '' ? [] : [`GRANT ${due} ON ${on} TO ${role}`]),
  ];
}

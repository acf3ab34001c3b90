import { quoteIdent } from '../../core/identifiers.js';
import { granteeSql } from './words.js';

/** One privilege of an access control list. */
export interface Item {
  /** NULL: PUBLIC. */
  readonly grantee: string | null;
  readonly grantor: string;
  readonly privilege: string;
  readonly grantable: boolean;
}

/** SQL that makes a list of Item, as JSON, of an aclitem[]; what PostgreSQL leaves unsaid is said. By grantee. */
export function itemsOf(acl: string, type: string, owner: string): string {
  return `(SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('grantee', CASE WHEN a.grantee <> 0 THEN
             coalesce(g.rolname::text, a.grantee::text) END, 'grantor', coalesce(o.rolname::text, a.grantor::text),
             'privilege', a.privilege_type, 'grantable', a.is_grantable) ORDER BY a.grantee <> 0, g.rolname COLLATE "C", a.place),
             '[]'::jsonb)
        FROM pg_catalog.aclexplode(coalesce(${acl}, pg_catalog.acldefault(${type}, ${owner})))
             WITH ORDINALITY AS a(grantor, grantee, privilege_type, is_grantable, place)
        LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee LEFT JOIN pg_catalog.pg_roles o ON o.oid = a.grantor)`;
}

/** What one grantee has on one object. */
export interface Held {
  readonly grantee: string | null;
  readonly items: readonly Item[];
}

export function byGrantee(items: readonly Item[]): Held[] {
  const held = new Map<string | null, Item[]>();
  for (const item of items) held.set(item.grantee, [...(held.get(item.grantee) ?? []), item]);
  return [...held].map(([grantee, own]) => ({ grantee, items: own }));
}

/** What somebody has beyond what is meant: privileges, and the right to grant on those that are meant. */
export interface Surplus {
  readonly items: readonly Item[];
  readonly options: readonly Item[];
}

/** Undefined where these privileges are the allowed ones or less. */
export function surplusOf(items: readonly Item[], allowed: readonly string[]): Surplus | undefined {
  const over = items.filter(({ privilege }) => !allowed.includes(privilege));
  const options = items.filter(({ privilege, grantable }) => grantable && allowed.includes(privilege));
  return over.length + options.length === 0 ? undefined : { items: over, options };
}

/** In words, sorted, with what may be granted on. */
export function privilegesInWords({ items, options }: Surplus): string {
  const words = [
    ...items.map(({ privilege, grantable }) => (grantable ? `${privilege} with grant option` : privilege)),
    ...options.map(({ privilege }) => `the grant option of ${privilege}`),
  ];
  return [...new Set(words)].sort().join(', ');
}

/**
 * The statements that take it back. What somebody else than the owner granted, only he takes back. `on` is the object
 * as GRANT names it; `columns` follow each privilege.
 */
export function revokes(on: string, owner: string, { items, options }: Surplus, columns = ''): string[] {
  return [
    ...revoke(on, owner, items, '', columns),
    ...revoke(on, owner, options, 'GRANT OPTION FOR ', columns),
  ];
}

function revoke(on: string, owner: string, items: readonly Item[], what: string, columns: string): string[] {
  const statements: string[] = [];
  for (const grantor of new Set(items.map((item) => item.grantor))) {
    const own = items.filter((item) => item.grantor === grantor);
    for (const grantee of new Set(own.map((item) => item.grantee))) {
      const privileges = new Set(
        own.filter((item) => item.grantee === grantee).map((item) => item.privilege),
      );
      const list = [...privileges].map((each) => each + columns).join(', ');
      const statement = `REVOKE ${what}${list} ON ${on} FROM ${granteeSql(grantee)} CASCADE`;
      if (grantor === owner) statements.push(statement);
      else statements.push(`SET ROLE ${quoteIdent(grantor)}`, statement, 'RESET ROLE');
    }
  }
  return statements;
}

import type { Finding } from '../../../core/finding.js';
import { quoteIdent } from '../../../core/identifiers.js';
import { byGrantee, type Item, itemsOf, privilegesInWords, revokes, surplusOf } from '../acl.js';
import { onServer } from '../words.js';
import type { ServerView } from './view.js';

interface SharedObject extends Record<string, unknown> {
  readonly kind: 'TABLESPACE' | 'PARAMETER';
  readonly name: string;
  readonly owner: string;
  readonly acl: readonly Item[];
}

/** What of a whole server can be granted beside databases. Nothing of it is a clinic's. */
const SHARED = `
  SELECT 'TABLESPACE' AS kind, t.spcname::text AS name, r.rolname::text AS owner, ${itemsOf('t.spcacl', "'t'", 't.spcowner')} AS acl
    FROM pg_catalog.pg_tablespace t JOIN pg_catalog.pg_roles r ON r.oid = t.spcowner
   UNION ALL
  SELECT 'PARAMETER', p.parname, r.rolname::text, ${itemsOf('p.paracl', "'p'", '10::oid')}
    FROM pg_catalog.pg_parameter_acl p JOIN pg_catalog.pg_roles r ON r.oid = 10
   ORDER BY 1, 2`;

export async function sharedFindings(
  view: ServerView,
): Promise<{ readonly findings: Finding[]; readonly objects: number; readonly privileges: number }> {
  const objects = await view.session.query<SharedObject>(SHARED);
  return {
    findings: objects.flatMap((object) => [...ownerFindings(view, object), ...grantFindings(view, object)]),
    objects: objects.length,
    privileges: objects.reduce((sum, { acl }) => sum + acl.length, 0),
  };
}

function ownerFindings({ logins, owners, me }: ServerView, { kind, name, owner }: SharedObject): Finding[] {
  if (!logins.has(owner) && !owners.has(owner)) return [];
  return [
    {
      code: 'ACCESS_ROLE_OWNS',
      severity: 'error',
      subject: owner,
      message: `the tablespace ${name} belongs to ${owner}`,
      hint: onServer(`ALTER ${kind} ${quoteIdent(name)} OWNER TO ${quoteIdent(me)}`),
    },
  ];
}

function grantFindings(view: ServerView, { kind, name, owner, acl }: SharedObject): Finding[] {
  const { logins, owners, isTrusted } = view;
  const on = `${kind} ${name.split('.').map(quoteIdent).join('.')}`;
  return byGrantee(acl).flatMap(({ grantee, items }): Finding[] => {
    const surplus = surplusOf(items, []);
    const isOurs = grantee === null || logins.has(grantee) || owners.has(grantee);
    // Space for tables of somebody else's is no way to a clinic's rows; ALTER SYSTEM can be one to everything.
    if (surplus === undefined || grantee === owner || (!isOurs && kind === 'TABLESPACE')) return [];
    if (!isOurs && isTrusted(grantee)) return [];
    return [
      {
        code: 'ACCESS_GRANT',
        severity: 'error',
        subject: grantee ?? name,
        message: `${grantee === null ? 'everybody' : `the role ${grantee}`} has ${privilegesInWords(surplus)} on the ${kind.toLowerCase()} ${name}`,
        hint: onServer(...revokes(on, owner, surplus)),
      },
    ];
  });
}

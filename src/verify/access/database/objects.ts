import type { Finding } from '../../../core/finding.js';
import { quoteIdent } from '../../../core/identifiers.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { byGrantee, privilegesInWords, revokes, surplusOf } from '../acl.js';
import type { ServerView } from '../server/view.js';
import { granteeSql, inDatabase, ofClinic } from '../words.js';
import type { Expected } from './expected.js';
import type { Owned } from './inventory.js';
import { alterName, columnsOf, grantName, nameOf } from './names.js';

/** What one object's owner and grants say that they should not, or do not say that they should. */
export function objectFindings(
  view: ServerView,
  target: ClinicTarget,
  object: Owned,
  expected: Expected,
): Finding[] {
  return [
    ...ownerFindings(view, target, object, expected),
    ...surplusFindings(view, target, object, expected),
    ...lackFindings(target, object, expected),
  ];
}

function ownerFindings(view: ServerView, target: ClinicTarget, object: Owned, expected: Expected): Finding[] {
  const { origin, owner, kind } = object;
  if (owner === target.owner || kind === 'COLUMN' || object.follows) return [];
  // An application in service makes its own as the login.
  if (kind === 'LARGE OBJECT' && owner === target.role && target.state === 'active') return [];
  // Whoever may make an extension owns it and what it brings.
  if (origin === 'system' ? object.bySystem : origin === 'extension' && view.isTrusted(owner)) return [];
  const rightful = origin === 'own' ? target.owner : view.bootstrap;
  return [
    ofClinic(
      view.logins.has(owner) ? 'ACCESS_ROLE_OWNS' : 'ACCESS_OWNER',
      target,
      target.database,
      `${nameOf(object)} of its database belongs to ${owner}${object.definer ? ', with whose rights it runs,' : ''} and not to ${rightful}`,
      mendOwner(target, object, rightful, expected),
    ),
  ];
}

function mendOwner(target: ClinicTarget, object: Owned, rightful: string, expected: Expected): string {
  const { owner, kind } = object;
  // What an owner had as a grantee was lost when he became the owner. Provision knows nothing of large objects' grants.
  if (owner === target.role && expected.login.length > 0 && kind !== 'LARGE OBJECT')
    return 'Run clinic-migrate provision.';
  const given = kind === 'LARGE OBJECT' && owner === target.role ? expected.login : [];
  return inDatabase(
    target.database,
    kind === 'EXTENSION'
      ? `REASSIGN OWNED BY ${quoteIdent(owner)} TO ${quoteIdent(target.owner)}`
      : `ALTER ${alterName(object)} OWNER TO ${quoteIdent(rightful)}`,
    ...(given.length === 0
      ? []
      : [`GRANT ${given.join(', ')} ON ${grantName(object)} TO ${quoteIdent(target.role)}`]),
  );
}

function surplusFindings(
  view: ServerView,
  target: ClinicTarget,
  object: Owned,
  expected: Expected,
): Finding[] {
  const { origin, items, init, owner } = object;
  return byGrantee(items).flatMap(({ grantee, items: held }): Finding[] => {
    if (grantee === owner || grantee === target.owner) return [];
    const isClinics = grantee === null || view.logins.has(grantee) || view.owners.has(grantee);
    if (!isClinics && view.isTrusted(grantee)) return [];
    const surplus = surplusOf(held, allowedTo(grantee, target, object, expected));
    if (surplus === undefined) return [];
    const who =
      grantee === null
        ? 'everybody'
        : grantee === target.role
          ? `its login ${grantee}`
          : `the role ${grantee}`;
    // What PostgreSQL keeps from everybody from the beginning leads out of the database, or to secrets.
    const isKept =
      origin !== 'own' && object.kind === 'ROUTINE' && !init.some((item) => item.grantee === null);
    return [
      ofClinic(
        isKept ? 'ACCESS_REACHES_OUT' : 'ACCESS_GRANT',
        target,
        target.database,
        `${who} has ${privilegesInWords(surplus)} on ${nameOf(object)} of its database`,
        inDatabase(target.database, ...revokes(grantName(object), owner, surplus, columnsOf(object))),
      ),
    ];
  });
}

function allowedTo(
  grantee: string | null,
  target: ClinicTarget,
  { origin, schema, init }: Owned,
  expected: Expected,
): readonly string[] {
  if (grantee === null)
    return schema === 'information_schema' && origin === 'system'
      ? [...expected.public, 'SELECT', 'USAGE']
      : expected.public;
  if (grantee === target.role) return expected.login;
  // Some of PostgreSQL's own roles were given something when the server was made.
  return origin === 'own'
    ? []
    : init.filter((item) => item.grantee === grantee).map(({ privilege }) => privilege);
}

/** What a login, everybody or the owner needs and has not. */
function lackFindings(target: ClinicTarget, object: Owned, expected: Expected): Finding[] {
  const { items, init, owner, origin } = object;
  const lack = (grantee: string | null, privileges: readonly string[]): string[] =>
    privileges.filter(
      (privilege) => !items.some((item) => item.grantee === grantee && item.privilege === privilege),
    );
  const finding = (grantee: string | null, who: string, missing: readonly string[]): Finding[] => {
    if (missing.length === 0) return [];
    const list = missing.map((each) => each + columnsOf(object)).join(', ');
    return [
      ofClinic(
        'ACCESS_OWN_DATABASE',
        target,
        target.database,
        `${who} has not ${missing.join(', ')} on ${nameOf(object)} of its database`,
        inDatabase(target.database, `GRANT ${list} ON ${grantName(object)} TO ${granteeSql(grantee)}`),
        // Of what is PostgreSQL's own, somebody may have taken a part away on purpose.
        origin === 'own' ? 'error' : 'warning',
      ),
    ];
  };
  // What everybody has, a login need not be granted.
  const needed = lack(null, expected.login);
  const owners = init.filter((item) => item.grantee === owner).map(({ privilege }) => privilege);
  return [
    ...finding(target.role, `its login ${target.role}`, lack(target.role, needed)),
    ...finding(null, 'everybody', lack(null, expected.publicNeeds ?? expected.public)),
    ...(origin === 'own' && owner === target.owner
      ? finding(owner, `its owner ${owner}`, lack(owner, owners))
      : []),
  ];
}

import type { Finding } from '../../../core/finding.js';
import { provisionOr } from '../../../core/hints.js';
import { quoteIdent } from '../../../core/identifiers.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { byGrantee, privilegesInWords, revokes, type Surplus, surplusOf } from '../acl.js';
import { allNames, granteeSql, ofClinic, onServer } from '../words.js';
import type { DatabaseRow, ServerView } from './view.js';

/** The clinics' databases themselves: whose they are, who may enter, and whether anybody can. */
export function databaseFindings(view: ServerView): Finding[] {
  const { targets, databases } = view;
  const own = targets.flatMap((target): Finding[] => {
    const row = databases.get(target.database);
    if (row === undefined)
      return [
        ofClinic(
          'ACCESS_DATABASE_STATE',
          target,
          target.database,
          `its database ${target.database} does not exist on its server`,
          'Run clinic-migrate provision; where the clinic is served from it, restore it from a backup.',
        ),
      ];
    return [
      ...stateFindings(target, row),
      ...ownerFindings(view, target, row),
      ...grantFindings(view, target, row),
    ];
  });
  return [...own, ...crossings(view)];
}

/** True where the catalogs say that nobody but a superuser gets into this clinic's database. */
export function isShut({ databases }: ServerView, { database, role }: ClinicTarget): boolean {
  const row = databases.get(database);
  if (row === undefined || !row.connectable || row.limit === 0) return true;
  return !row.acl.some(
    ({ grantee, privilege }) => privilege === 'CONNECT' && (grantee === null || grantee === role),
  );
}

/** True where the catalogs say already that this clinic's login gets into that database. */
export function isSaid(
  { databases, memberships }: ServerView,
  { role }: ClinicTarget,
  database: string,
): boolean {
  const row = databases.get(database);
  if (row === undefined) return false;
  return (
    row.owner === role ||
    memberships.some(({ member }) => member === role) ||
    row.acl.some(
      ({ grantee, privilege }) => privilege === 'CONNECT' && (grantee === null || grantee === role),
    )
  );
}

function stateFindings(target: ClinicTarget, row: DatabaseRow): Finding[] {
  const finding = (what: string, clause: string, severity: Finding['severity'] = 'error'): Finding =>
    ofClinic(
      'ACCESS_DATABASE_STATE',
      target,
      row.name,
      `its database ${row.name} ${what}`,
      provisionOr(target.clinic.key, onServer(`ALTER DATABASE ${quoteIdent(row.name)} WITH ${clause}`)),
      severity,
    );
  return [
    ...(row.connectable ? [] : [finding('has ALLOW_CONNECTIONS false', 'ALLOW_CONNECTIONS true')]),
    ...(row.limit === -1
      ? []
      : [
          finding(
            `has CONNECTION LIMIT ${row.limit}`,
            'CONNECTION LIMIT -1',
            row.limit === 0 ? 'error' : 'warning',
          ),
        ]),
    ...(row.template
      ? [finding('has IS_TEMPLATE true: whoever may make databases can copy it', 'IS_TEMPLATE false')]
      : []),
  ];
}

function ownerFindings({ logins }: ServerView, target: ClinicTarget, row: DatabaseRow): Finding[] {
  if (row.owner === target.owner) return [];
  return [
    ofClinic(
      logins.has(row.owner) ? 'ACCESS_ROLE_OWNS' : 'ACCESS_OWNER',
      target,
      row.name,
      `its database ${row.name} belongs to ${row.owner} and not to ${target.owner}`,
      onServer(
        `ALTER DATABASE ${quoteIdent(row.name)} OWNER TO ${quoteIdent(target.owner)}`,
        // What it had as a grantee was lost when it became the owner.
        ...(row.owner === target.role
          ? [`GRANT CONNECT ON DATABASE ${quoteIdent(row.name)} TO ${quoteIdent(target.role)}`]
          : []),
      ),
    ),
  ];
}

function grantFindings(view: ServerView, target: ClinicTarget, row: DatabaseRow): Finding[] {
  const { logins, isTrusted } = view;
  const on = `DATABASE ${quoteIdent(row.name)}`;
  const findings = byGrantee(row.acl).flatMap(({ grantee, items }): Finding[] => {
    const surplus = surplusOf(items, grantee === target.role ? ['CONNECT'] : []);
    if (grantee === row.owner || grantee === target.owner || surplus === undefined) return [];
    if (grantee !== null && (isTrusted(grantee) || (logins.has(grantee) && grantee !== target.role)))
      return [];
    const enters = surplus.items.some(({ privilege }) => privilege === 'CONNECT');
    const hint = onServer(...revokes(on, row.owner, surplus));
    if (grantee === null && enters)
      return [
        ofClinic(
          'ACCESS_PUBLIC',
          target,
          row.name,
          `every login of the server may connect to its database ${row.name}`,
          hint,
        ),
      ];
    const who =
      grantee === null
        ? 'everybody'
        : grantee === target.role
          ? `its login ${grantee}`
          : `the role ${grantee}`;
    const what = `${who} has ${privilegesInWords(surplus)} on its database ${row.name}`;
    return [ofClinic(enters ? 'ACCESS_STRANGER' : 'ACCESS_GRANT', target, row.name, what, hint)];
  });
  return [...findings, ...lacking(target, row, on)];
}

/** What a login or an owner needs and has not. */
function lacking(target: ClinicTarget, row: DatabaseRow, on: string): Finding[] {
  const has = (grantee: string, privilege: string): boolean =>
    row.acl.some((item) => item.grantee === grantee && item.privilege === privilege);
  const finding = (role: string, who: string, privileges: readonly string[]): Finding[] => {
    const missing = privileges.filter((privilege) => !has(role, privilege));
    if (missing.length === 0) return [];
    return [
      ofClinic(
        'ACCESS_OWN_DATABASE',
        target,
        row.name,
        `${who} ${role} has not ${missing.join(', ')} on its database ${row.name}`,
        onServer(`GRANT ${missing.join(', ')} ON ${on} TO ${granteeSql(role)}`),
      ),
    ];
  };
  return [
    ...finding(target.role, 'its login', ['CONNECT']),
    ...(row.owner === target.owner
      ? finding(target.owner, 'the owner', ['CREATE', 'TEMPORARY', 'CONNECT'])
      : []),
  ];
}

/** What clinics' logins were granted on databases of other clinics, one finding a login. */
function crossings({ targets, databases, logins }: ServerView): Finding[] {
  const crossing = new Map<ClinicTarget, { readonly row: DatabaseRow; readonly surplus: Surplus }[]>();
  for (const target of targets) {
    const row = databases.get(target.database);
    for (const { grantee, items } of byGrantee(row?.acl ?? [])) {
      const other = grantee === null ? undefined : logins.get(grantee);
      const surplus = surplusOf(items, []);
      if (row === undefined || other === undefined || surplus === undefined) continue;
      if (other !== target && grantee !== row.owner)
        crossing.set(other, [...(crossing.get(other) ?? []), { row, surplus }]);
    }
  }
  return [...crossing].map(([target, places]) => {
    const names = allNames(places.map(({ row }) => row.name));
    const enters = places.some(({ surplus }) =>
      surplus.items.some(({ privilege }) => privilege === 'CONNECT'),
    );
    const held = { items: places.flatMap(({ surplus }) => surplus.items), options: [] };
    const what = enters ? `may connect to ${names}` : `has ${privilegesInWords(held)} on ${names}`;
    return ofClinic(
      enters ? 'ACCESS_CROSS_CONNECT' : 'ACCESS_GRANT',
      target,
      target.role,
      `its login ${target.role} ${what}`,
      onServer(
        ...places.flatMap(({ row, surplus }) =>
          revokes(`DATABASE ${quoteIdent(row.name)}`, row.owner, surplus),
        ),
      ),
    );
  });
}

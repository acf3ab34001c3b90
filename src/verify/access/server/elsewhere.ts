import type { Finding } from '../../../core/finding.js';
import { quoteIdent } from '../../../core/identifiers.js';
import type { Databases, Session } from '../../../core/ports.js';
import { withDatabase } from '../../../core/urls.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { byGrantee, privilegesInWords, revokes, surplusOf } from '../acl.js';
import { type Owned, readInventory } from '../database/inventory.js';
import { alterName, columnsOf, grantName, nameOf } from '../database/names.js';
import { isNotLetIn } from '../refusal.js';
import { inDatabase, ofClinic } from '../words.js';
import type { ServerView } from './view.js';

/** Every object of a database that names a role is in this catalog of the whole server. */
const NAMED = `
  SELECT d.datname::text AS database, pg_catalog.array_agg(DISTINCT r.rolname::text) AS roles
    FROM pg_catalog.pg_shdepend s
    JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid JOIN pg_catalog.pg_database d ON d.oid = s.dbid
   WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND r.rolname = ANY ($1::text[]) AND d.datname <> ALL ($2::text[])
   GROUP BY 1 ORDER BY 1`;

/** What clinics' logins and owners have in databases that are no clinic's. */
export async function elsewhereFindings(view: ServerView, databases: Databases): Promise<Finding[]> {
  const ours = [...view.logins.keys(), ...view.owners.keys()];
  const places = await view.session.query<{ database: string; roles: string[] }>(NAMED, [
    ours,
    view.targets.map(({ database }) => database),
  ]);
  const findings: Finding[] = [];
  for (const { database, roles } of places) {
    const objects = await lookInto(view, databases, database);
    const found = (objects ?? []).flatMap((object) => objectFindings(view, database, object));
    findings.push(...found);
    for (const role of roles) {
      const target = view.logins.get(role) ?? view.owners.get(role);
      if (target === undefined || found.some(({ subject }) => subject === role)) continue;
      findings.push(
        ofClinic(
          'ACCESS_GRANT',
          target,
          role,
          `the role ${role} has something in the database ${database}`,
          `As who owns it, take back what ${role} was given there, or else: ${inDatabase(database, `DROP OWNED BY ${quoteIdent(role)}`)} Then run clinic-migrate provision.`,
        ),
      );
    }
  }
  return findings;
}

/** Undefined where the provisioning login is not let in. */
async function lookInto(
  { targets }: ServerView,
  databases: Databases,
  database: string,
): Promise<readonly Owned[] | undefined> {
  const [first] = targets;
  if (first === undefined) return undefined;
  let session: Session;
  try {
    session = await databases.connect(withDatabase(first.adminUrl, database), { readOnly: true });
  } catch (error) {
    if (isNotLetIn(error)) return undefined;
    throw error;
  }
  try {
    return (await readInventory(session)).notable;
  } finally {
    await session.close();
  }
}

function objectFindings(view: ServerView, database: string, object: Owned): Finding[] {
  const clinicOf = (role: string): ClinicTarget | undefined => view.logins.get(role) ?? view.owners.get(role);
  const owner = object.follows ? undefined : clinicOf(object.owner);
  const grants = byGrantee(object.items).flatMap(({ grantee, items }): Finding[] => {
    const target = grantee === null || grantee === object.owner ? undefined : clinicOf(grantee);
    const surplus = surplusOf(items, []);
    if (target === undefined || grantee === null || surplus === undefined) return [];
    return [
      ofClinic(
        'ACCESS_GRANT',
        target,
        grantee,
        `the role ${grantee} has ${privilegesInWords(surplus)} on ${nameOf(object)} of the database ${database}`,
        inDatabase(database, ...revokes(grantName(object), object.owner, surplus, columnsOf(object))),
      ),
    ];
  });
  if (owner === undefined || object.kind === 'COLUMN') return grants;
  return [
    ...grants,
    ofClinic(
      'ACCESS_ROLE_OWNS',
      owner,
      object.owner,
      `${nameOf(object)} of the database ${database} belongs to ${object.owner}`,
      inDatabase(database, `ALTER ${alterName(object)} OWNER TO ${quoteIdent(view.me)}`),
    ),
  ];
}

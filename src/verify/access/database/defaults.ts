import type { Finding } from '../../../core/finding.js';
import { quoteIdent } from '../../../core/identifiers.js';
import type { Session } from '../../../core/ports.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { byGrantee, type Item, itemsOf, privilegesInWords, type Surplus, surplusOf } from '../acl.js';
import type { ServerView } from '../server/view.js';
import { granteeSql, inDatabase, ofClinic } from '../words.js';

interface Default extends Record<string, unknown> {
  readonly role: string;
  /** NULL: in every schema. */
  readonly schema: string | null;
  readonly kind: string;
  readonly items: readonly Item[];
  /** What everything of this kind has if nobody says otherwise. */
  readonly usual: readonly Item[];
}

const KINDS = `CASE a.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES'
  WHEN 'n' THEN 'SCHEMAS' WHEN 'L' THEN 'LARGE OBJECTS' END`;

/** Those of one schema are added to the others, and say nothing of what is usual. */
const DEFAULTS = `
  SELECT r.rolname::text AS role, n.nspname::text AS schema, ${KINDS} AS kind,
         ${itemsOf('a.defaclacl', `CASE a.defaclobjtype WHEN 'S' THEN 's' ELSE a.defaclobjtype END`, 'a.defaclrole')} AS items,
         CASE WHEN a.defaclnamespace = 0 THEN ${itemsOf('NULL::aclitem[]', `CASE a.defaclobjtype WHEN 'S' THEN 's' ELSE a.defaclobjtype END`, 'a.defaclrole')}
              ELSE '[]'::jsonb END AS usual
    FROM pg_catalog.pg_default_acl a
    JOIN pg_catalog.pg_roles r ON r.oid = a.defaclrole
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = a.defaclnamespace
   ORDER BY 1, 2, 3`;

/** What versions before the record gave a clinic's login of whatever its owner, or who provisions, makes some day. */
const LATER: Readonly<Record<string, readonly string[]>> = {
  TABLES: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  SEQUENCES: ['USAGE', 'SELECT'],
};

/** Privileges that are granted on nothing yet, and will be on what is made next. */
export async function defaultFindings(
  view: ServerView,
  session: Session,
  target: ClinicTarget,
  hasRecord: boolean,
): Promise<Finding[]> {
  const defaults = await session.query<Default>(DEFAULTS);
  return defaults.flatMap((each) =>
    byGrantee(each.items).flatMap(({ grantee, items }): Finding[] => {
      if (grantee === each.role || grantee === target.owner) return [];
      const isClinics = grantee === null || view.logins.has(grantee) || view.owners.has(grantee);
      if (!isClinics && view.isTrusted(grantee)) return [];
      const usual = each.usual.filter((item) => item.grantee === grantee).map(({ privilege }) => privilege);
      const isMeant =
        !hasRecord && grantee === target.role && (each.role === target.owner || each.role === view.me);
      const surplus = surplusOf(items, [...usual, ...(isMeant ? (LATER[each.kind] ?? []) : [])]);
      return surplus === undefined ? [] : [finding(target, each, grantee, surplus)];
    }),
  );
}

function finding(
  target: ClinicTarget,
  { role, schema, kind }: Default,
  grantee: string | null,
  surplus: Surplus,
): Finding {
  const where = schema === null ? '' : ` IN SCHEMA ${quoteIdent(schema)}`;
  const statement = (what: string, items: readonly Item[]): string[] =>
    items.length === 0
      ? []
      : [
          `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdent(role)}${where} REVOKE ${what}${items.map(({ privilege }) => privilege).join(', ')} ON ${kind} FROM ${granteeSql(grantee)}`,
        ];
  const who = grantee === null ? 'everybody' : `the role ${grantee}`;
  return ofClinic(
    'ACCESS_DEFAULT_PRIVILEGES',
    target,
    target.database,
    `${who} will have ${privilegesInWords(surplus)} on ${kind.toLowerCase()} that ${role} makes in ${schema === null ? 'its database' : `the schema ${schema} of its database`}`,
    inDatabase(
      target.database,
      ...statement('', surplus.items),
      ...statement('GRANT OPTION FOR ', surplus.options),
    ),
  );
}

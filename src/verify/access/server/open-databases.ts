import type { Finding } from '../../../core/finding.js';
import { quoteIdent } from '../../../core/identifiers.js';
import type { Session } from '../../../core/ports.js';
import { databaseOf, endpointOf, withDatabase } from '../../../core/urls.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { byGrantee, privilegesInWords, revokes, type Surplus, surplusOf } from '../acl.js';
import { type Around, lookAround } from '../login/look-around.js';
import type { VerifyAccessOptions } from '../options.js';
import { mayAskAnother } from '../refusal.js';
import { granteeSql, ofClinic, onServer } from '../words.js';
import { isExplained } from './roles.js';
import type { DatabaseRow, ServerView } from './view.js';

/** Databases of the server that are no clinic's, and that clinics' logins may do something with all the same. */
export async function openDatabaseFindings(
  options: VerifyAccessOptions,
  view: ServerView,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const clinics = new Set(view.targets.map(({ database }) => database));
  const names = await ownTables(options, view);
  for (const row of view.databases.values()) {
    if (clinics.has(row.name)) continue;
    for (const { grantee, items } of byGrantee(row.acl)) {
      const surplus = surplusOf(items, []);
      if (surplus === undefined || grantee === row.owner) continue;
      findings.push(...(await grantFindings(options, view, row, grantee, surplus, names)));
    }
    findings.push(...ownerFindings(view, row));
  }
  return findings;
}

async function grantFindings(
  options: VerifyAccessOptions,
  view: ServerView,
  row: DatabaseRow,
  grantee: string | null,
  surplus: Surplus,
  names: readonly string[],
): Promise<Finding[]> {
  const target = grantee === null ? undefined : (view.logins.get(grantee) ?? view.owners.get(grantee));
  if (grantee !== null && target === undefined) return [];
  const hint = onServer(...revokes(`DATABASE ${quoteIdent(row.name)}`, row.owner, surplus));
  const enters = surplus.items.some(({ privilege }) => privilege === 'CONNECT');
  if (target !== undefined && grantee !== null && (!enters || grantee === target.owner))
    return [
      ofClinic(
        'ACCESS_GRANT',
        target,
        grantee,
        `the role ${grantee} has ${privilegesInWords(surplus)} on the database ${row.name}`,
        hint,
      ),
    ];
  if (!enters || !row.connectable) return [];
  const visitor = target ?? view.targets.find((each) => !isExplained(view, each));
  if (visitor === undefined) return [];
  const url = withDatabase(visitor.adminUrl, row.name);
  const around = await lookAround(options.databases, visitor, url, names).catch(async (error: unknown) => {
    if (await isThere(view, row.name)) throw error;
    return undefined; // It was dropped in the meantime, with those who were in it.
  });
  if (around === undefined) return [];
  const place = options.offLimits.find((each) => isSame(each.url, url));
  return [tell(row, grantee, target, surplus, around, place?.name)];
}

async function isThere({ session }: ServerView, database: string): Promise<boolean> {
  const rows = await session.query('SELECT FROM pg_catalog.pg_database WHERE datname = $1', [database]);
  return rows.length > 0;
}

function tell(
  row: DatabaseRow,
  grantee: string | null,
  target: ClinicTarget | undefined,
  surplus: Surplus,
  { tables, means, copy }: Around,
  name: string | undefined,
): Finding {
  const where = name ?? `the database ${row.name}`;
  const like = copy && name === undefined ? ', which has the tables of a clinic,' : '';
  const hint = onServer(...revokes(`DATABASE ${quoteIdent(row.name)}`, row.owner, surplus));
  if (target !== undefined)
    return ofClinic(
      'ACCESS_CROSS_CONNECT',
      target,
      row.name,
      `its login ${target.role} opened ${where}${like} and may read ${tables} of its tables`,
      hint,
    );
  // Whoever provisions may not always take it back from a server's own databases, where nothing is to be seen.
  const isGain = name !== undefined || tables > 0 || means > 0 || copy;
  const others = `First grant CONNECT to the logins that need it. ${hint}`;
  return {
    code: 'ACCESS_CROSS_CONNECT',
    severity: isGain ? 'error' : 'warning',
    subject: row.name,
    message: `every clinic's login may connect to ${where}${like} and may read ${tables} of its tables, because ${granteeSql(grantee)} may connect`,
    hint: others,
  };
}

function ownerFindings({ logins, owners, me }: ServerView, row: DatabaseRow): Finding[] {
  const target = logins.get(row.owner) ?? owners.get(row.owner);
  if (target === undefined) return [];
  return [
    ofClinic(
      'ACCESS_ROLE_OWNS',
      target,
      row.owner,
      `the database ${row.name} belongs to ${row.owner}`,
      onServer(`ALTER DATABASE ${quoteIdent(row.name)} OWNER TO ${quoteIdent(me)}`),
    ),
  ];
}

/** Names that tell a copy of the legacy database, from the first clinic that can be asked. */
async function ownTables(
  { databases, schemas }: VerifyAccessOptions,
  { targets }: ServerView,
): Promise<string[]> {
  for (const { adminUrl } of targets) {
    let session: Session;
    try {
      session = await databases.connect(adminUrl, { readOnly: true });
    } catch (error) {
      if (mayAskAnother(error)) continue;
      throw error;
    }
    try {
      const rows = await session.query<{ name: string }>(
        `SELECT n.nspname || '.' || c.relname AS name FROM pg_catalog.pg_class c
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY ($1::text[])`,
        [schemas],
      );
      return rows.map(({ name }) => name);
    } finally {
      await session.close();
    }
  }
  return [];
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [endpointOf(a), endpointOf(b)];
  return one.host === other.host && one.port === other.port && databaseOf(a) === databaseOf(b);
}

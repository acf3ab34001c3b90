import { readCode } from '../../../catalog/code.js';
import { DatabaseError } from '../../../core/errors.js';
import type { Finding } from '../../../core/finding.js';
import { displayName, type QualifiedName, quoteIdent, quoteName } from '../../../core/identifiers.js';
import type { Databases, Session } from '../../../core/ports.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { inDatabase, ofClinic } from '../words.js';

interface Secured extends Record<string, unknown>, QualifiedName {
  /** True where some policy is for this login: which rows it shows may hang on what the application sets. */
  readonly hasPolicy: boolean;
}

const SECURED = `
  SELECT n.nspname::text AS schema, c.relname::text AS name,
         EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', 'r')
                    AND (0::oid = ANY (p.polroles) OR EXISTS (SELECT FROM pg_catalog.pg_roles r
                          WHERE r.rolname = session_user AND r.oid = ANY (p.polroles)))) AS "hasPolicy"
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND c.relrowsecurity AND NOT c.relispartition
     AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
   ORDER BY 1, 2`;

/** Tables of which the login sees fewer rows than their owner, at the same instant: policies hide them. */
export async function hiddenRowFindings(
  session: Session,
  databases: Databases,
  target: ClinicTarget,
  schemas: readonly string[],
): Promise<Finding[]> {
  const secured = await session.query<Secured>(SECURED, [schemas]);
  if (secured.length === 0) return [];
  const admin = await databases.connect(target.adminUrl, { readOnly: true });
  try {
    // Its functions may be anybody's who can act as the owner; the login's own session is no more than the login.
    const running = [...(await readCode(admin)).entries.values()].filter(
      ({ onRead, calls }) => onRead && calls,
    );
    if (running.length > 0) return secured.map((table) => notRead(target, table, running[0]?.place ?? ''));
    await admin.execute('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const [row] = await admin.query<{ snapshot: string }>(
      'SELECT pg_catalog.pg_export_snapshot() AS snapshot',
    );
    await session.execute(
      `BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '${row?.snapshot ?? ''}'`,
    );
    const findings: Finding[] = [];
    for (const table of secured) {
      const seen = await count(session, table);
      const all = seen === undefined ? undefined : await count(admin, table);
      if (seen !== undefined && all === undefined) findings.push(notCompared(target, table));
      if (seen !== undefined && all !== undefined && seen < all)
        findings.push(hidden(target, table, seen, all));
    }
    await session.execute('ROLLBACK');
    return findings;
  } finally {
    await admin.close();
  }
}

function hidden(target: ClinicTarget, table: Secured, seen: number, all: number): Finding {
  const name = displayName(table);
  return ofClinic(
    'ACCESS_ROWS_HIDDEN',
    target,
    target.database,
    `its login ${target.role} sees ${seen} of the ${all} rows of ${name}${table.hasPolicy ? '' : ': no policy is for it'}`,
    table.hasPolicy
      ? `If the application sets what the policies of ${name} ask for, this is as it should be; else run clinic-migrate provision.`
      : inDatabase(
          target.database,
          `CREATE POLICY clinic_migrate_login ON ${quoteName(table)} TO ${quoteIdent(target.role)} USING (true)`,
        ),
    table.hasPolicy ? 'warning' : 'error',
  );
}

function notRead(target: ClinicTarget, table: Secured, place: string): Finding {
  return ofClinic(
    'ACCESS_NOT_CHECKED',
    target,
    target.database,
    `whether its login sees every row of ${displayName(table)} is not known: reading it with a right to all rows could run functions of the database, for ${place} calls some`,
    `Have the application's own tests count them.`,
    'warning',
  );
}

function notCompared(target: ClinicTarget, table: Secured): Finding {
  return ofClinic(
    'ACCESS_NOT_CHECKED',
    target,
    target.database,
    `whether its login sees every row of ${displayName(table)} is not known: its policies bind the owner, too`,
    `Run verify with a superuser's URL for its server.`,
    'warning',
  );
}

/** Undefined where a policy binds whoever asks, wants what only the application sets, or somebody holds the table. */
async function count(session: Session, table: QualifiedName): Promise<number | undefined> {
  await session.execute('SAVEPOINT one_table');
  try {
    const [row] = await session.query<{ rows: string }>(
      `SELECT count(*)::text AS rows FROM ${quoteName(table)}`,
    );
    return Number(row?.rows);
  } catch (error) {
    if (!(error instanceof DatabaseError) || /^(08|53|57|58|XX)|^$/.test(error.sqlState ?? '')) throw error;
    await session.execute('ROLLBACK TO SAVEPOINT one_table');
    return undefined;
  }
}

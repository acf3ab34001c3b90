import { DatabaseError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import { displayName, quoteIdent, quoteName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import type { ClinicTarget } from '../../provision/types.js';
import { showClinic, showKeys } from '../data/words.js';
import type { VerifyAccessOptions } from './options.js';
import { isRefusal } from './refusal.js';

interface OwnTable extends Record<string, unknown> {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[] | null;
  /** The privileges it lacks. */
  readonly lacks: readonly string[] | null;
}

const TABLES = `
  SELECT n.nspname::text AS schema, c.relname::text AS name,
         (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
             AND a.attidentity <> 'a') AS columns,
         (SELECT pg_catalog.array_agg(p) FROM pg_catalog.unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS p
           WHERE NOT pg_catalog.has_table_privilege(c.oid, p)) AS lacks
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                        AND d.objid = c.oid AND d.deptype = 'e')
   ORDER BY 1, 2`;

// CASE, since the function fails on anything that is no sequence and AND keeps no order.
const SEQUENCES = `
  SELECT n.nspname::text AS schema, c.relname::text AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND CASE c.relkind WHEN 'S' THEN NOT pg_catalog.has_sequence_privilege(c.oid, 'USAGE') END
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                        AND d.objid = c.oid AND d.deptype = 'i')
   ORDER BY 1, 2`;

const REACHING_OUT = ['dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'plpython3u', 'plperlu'];

/** The files of a server are those of all its databases. */
const READING_FILES = [
  'pg_read_file',
  'pg_read_binary_file',
  'pg_ls_dir',
  'pg_stat_file',
  'lo_import',
  'lo_export',
];

/**
 * The positive control: without it, a login that can do nothing at all would pass for isolated. Reads and writes
 * every table as the login does, in a transaction that is rolled back and inserts no row.
 */
export async function ownDatabaseFindings(
  { databases, schemas }: VerifyAccessOptions,
  target: ClinicTarget,
): Promise<Finding[]> {
  let session: Session;
  try {
    session = await databases.connect(target.roleUrl);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return [failure(target, `its login ${target.role} is refused by its own database ${target.database}`)];
  }
  try {
    // As the application would see it; our own sessions ask for an error where a policy hides rows.
    await session.execute('SET row_security = on');
    const tables = await session.query<OwnTable>(TABLES, [schemas]);
    const findings = await whoAmI(session, target);
    const barred = await barredTables(session, tables);
    if (tables.length === 0) findings.push(failure(target, 'its database has no table'));
    if (barred.length > 0)
      findings.push(
        failure(target, `its login ${target.role} cannot use ${showKeys(barred, barred.length)}`),
      );
    const sequences = await session.query<{ schema: string; name: string }>(SEQUENCES, [schemas]);
    if (sequences.length > 0)
      findings.push(
        failure(
          target,
          `its login ${target.role} cannot draw from ${showKeys(sequences.map(displayName), sequences.length)}`,
        ),
      );
    return [...findings, ...(await reachingOut(session, target))];
  } finally {
    await session.close();
  }
}

function failure(target: ClinicTarget, message: string): Finding {
  return {
    code: 'ACCESS_OWN_DATABASE',
    severity: 'error',
    subject: target.database,
    message: `${showClinic(target.clinic)}: ${message}`,
  };
}

/** A connection pooler or a URL may bring us somewhere else. */
async function whoAmI(session: Session, target: ClinicTarget): Promise<Finding[]> {
  const [row] = await session.query<{ role: string; database: string }>(
    'SELECT session_user::text AS role, current_database()::text AS database',
  );
  if (row?.role === target.role && row.database === target.database) return [];
  return [
    failure(
      target,
      `its URL leads to ${row?.role} in ${row?.database}, not to ${target.role} in ${target.database}`,
    ),
  ];
}

async function barredTables(session: Session, tables: readonly OwnTable[]): Promise<string[]> {
  const barred: string[] = [];
  await session.execute('BEGIN');
  for (const table of tables) {
    await session.execute('SAVEPOINT one_table');
    const works = await tryTable(session, table);
    await session.execute('ROLLBACK TO SAVEPOINT one_table');
    if (!works || table.lacks !== null) barred.push(displayName(table));
  }
  await session.execute('ROLLBACK');
  return barred;
}

/** No row is inserted, and the right to insert is checked all the same. */
async function tryTable(session: Session, table: OwnTable): Promise<boolean> {
  const name = quoteName(table);
  const columns = (table.columns ?? []).map(quoteIdent).join(', ');
  try {
    await session.query(`SELECT * FROM ${name} LIMIT 1`);
    if (columns !== '')
      await session.query(`INSERT INTO ${name} (${columns}) SELECT ${columns} FROM ${name} LIMIT 0`);
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlState === '42501') return false;
    throw error;
  }
}

async function reachingOut(session: Session, target: ClinicTarget): Promise<Finding[]> {
  const extensions = await session.query<{ name: string }>(
    'SELECT extname::text AS name FROM pg_catalog.pg_extension WHERE extname = ANY ($1::text[]) ORDER BY 1',
    [REACHING_OUT],
  );
  const functions = await session.query<{ name: string }>(
    `SELECT DISTINCT proname::text AS name FROM pg_catalog.pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1::text[])
        AND pg_catalog.has_function_privilege(oid, 'EXECUTE')
        AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user) ORDER BY 1`,
    [READING_FILES],
  );
  const finding = (what: string): Finding => ({
    code: 'ACCESS_REACHES_OUT',
    severity: 'warning',
    subject: target.database,
    message: `${showClinic(target.clinic)}: ${what}`,
  });
  return [
    ...extensions.map(({ name }) =>
      finding(`its database has the extension ${name}, which reaches outside the database`),
    ),
    ...functions.map(({ name }) =>
      finding(`its login ${target.role} may call ${name}(), which reaches the server's files`),
    ),
  ];
}

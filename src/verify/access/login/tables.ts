import { DatabaseError } from '../../../core/errors.js';
import type { Finding } from '../../../core/finding.js';
import { displayName, type QualifiedName, quoteIdent, quoteName } from '../../../core/identifiers.js';
import type { Databases, Session } from '../../../core/ports.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { allNames, inDatabase, ofClinic } from '../words.js';
import { holders } from './holders.js';

interface OwnTable extends Record<string, unknown>, QualifiedName {
  readonly isTable: boolean;
  /** Those it may read, and those it may write. */
  readonly readable: readonly string[];
  readonly insertable: readonly string[];
  readonly updatable: readonly string[];
  readonly deletes: boolean;
}

const COLUMNS = (privilege: string): string => `ARRAY(
  SELECT a.attname::text FROM pg_catalog.pg_attribute a
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     AND pg_catalog.has_column_privilege(c.oid, a.attnum, '${privilege}')${privilege === 'SELECT' ? '' : " AND a.attgenerated = '' AND a.attidentity <> 'a'"}
   ORDER BY a.attnum)`;

/** What the catalogs say that the login may do. A schema that it may not look into is found by trying. */
const TABLES = `
  SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind IN ('r', 'p') AS "isTable",
         ${COLUMNS('SELECT')} AS readable, ${COLUMNS('INSERT')} AS insertable, ${COLUMNS('UPDATE')} AS updatable,
         pg_catalog.has_table_privilege(c.oid, 'DELETE') AS deletes
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND c.relispopulated
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                        AND d.objid = c.oid AND d.deptype = 'e')
   ORDER BY 1, 2`;

/** Tries what the login may do with every table, as the login. */
export async function tableFindings(
  session: Session,
  databases: Databases,
  target: ClinicTarget,
  schemas: readonly string[],
  isLackKnown: boolean,
): Promise<Finding[]> {
  const tables = await session.query<OwnTable>(TABLES, [schemas]);
  if (!tables.some(({ isTable }) => isTable))
    return [
      ofClinic(
        'ACCESS_OWN_DATABASE',
        target,
        target.database,
        'its database has no table',
        'Run clinic-migrate provision.',
      ),
    ];
  // All at once, since most often all is well.
  const all = tables.flatMap(statementsOf);
  if ((await trial(session, all)) === undefined) return [];
  const barred: string[] = [];
  const findings: Finding[] = [];
  for (const table of tables) {
    const error = await trial(session, statementsOf(table));
    if (error?.sqlState === '42501') barred.push(displayName(table));
    else if (error?.sqlState === '55P03') findings.push(await notTried(databases, target, table));
    // Triggers and policies may want what only the application says.
    else if (error !== undefined) findings.push(failed(target, table, error));
  }
  if (barred.length === 0 || isLackKnown) return findings;
  return [
    ...findings,
    ofClinic(
      'ACCESS_OWN_DATABASE',
      target,
      target.database,
      `its login ${target.role} cannot use ${allNames(barred)}`,
      'Run clinic-migrate provision.',
    ),
  ];
}

/** No row is written, and the right to write is checked all the same. */
function statementsOf(table: OwnTable): string[] {
  const name = quoteName(table);
  const list = (columns: readonly string[]): string => columns.map(quoteIdent).join(', ');
  const { isTable, readable, insertable, updatable, deletes } = table;
  const [first] = updatable;
  return [
    ...(readable.length > 0 ? [`SELECT ${list(readable)} FROM ${name} LIMIT ${isTable ? 1 : 0}`] : []),
    ...(isTable && insertable.length > 0
      ? [
          `INSERT INTO ${name} (${list(insertable)}) SELECT ${insertable.map(() => 'NULL').join(', ')} WHERE false`,
        ]
      : []),
    ...(isTable && first !== undefined
      ? [`UPDATE ${name} SET ${quoteIdent(first)} = DEFAULT WHERE false`]
      : []),
    ...(isTable && deletes ? [`DELETE FROM ${name} WHERE false`] : []),
  ];
}

/** Undefined where all of them went through; nothing is kept. */
async function trial(session: Session, statements: readonly string[]): Promise<DatabaseError | undefined> {
  try {
    await session.execute(['BEGIN', ...statements, 'ROLLBACK'].join(';\n'));
    return undefined;
  } catch (error) {
    if (!(error instanceof DatabaseError) || /^(08|53|57|58|XX)|^$/.test(error.sqlState ?? '')) throw error;
    await session.execute('ROLLBACK');
    return error;
  }
}

function failed(target: ClinicTarget, table: OwnTable, error: DatabaseError): Finding {
  return ofClinic(
    'ACCESS_OWN_DATABASE',
    target,
    target.database,
    `using ${displayName(table)} as its login ${target.role} ends in an error (${error.sqlState})`,
    `If a policy or a trigger of ${displayName(table)} asks for what the application sets, this is as it should be.`,
    'warning',
  );
}

async function notTried(databases: Databases, target: ClinicTarget, table: OwnTable): Promise<Finding> {
  const { names, pids } = await holders(databases, target, table);
  return ofClinic(
    'ACCESS_NOT_CHECKED',
    target,
    target.database,
    `${displayName(table)} could not be tried: it is locked by ${names}`,
    pids.length === 0
      ? 'Run verify again.'
      : `Wait for it and run verify again (--lock-timeout makes it wait longer), or end it: ${inDatabase(target.database, ...pids.map((pid) => `SELECT pg_catalog.pg_terminate_backend(${pid})`))}`,
  );
}

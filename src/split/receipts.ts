import { type Digest, digestQuery, EMPTY_DIGEST, parseDigest, showDigest } from '../catalog/digest.js';
import { actAs } from '../core/act-as.js';
import { RunError } from '../core/errors.js';
import { displayName, type QualifiedName, quoteName } from '../core/identifiers.js';
import { OWN_TABLES, refuseChangedOwnTables } from '../core/own-tables.js';
import type { Session } from '../core/ports.js';

/** What was copied into one table of one database; committed with the rows it speaks of. */
export interface CopyReceipt {
  readonly table: QualifiedName;
  readonly rows: number;
  readonly digest: string;
  readonly snapshot: string;
  readonly fingerprint: string;
}

// Two integers that no other program is likely to use: "clin" and "rows" in ASCII.
const LOCK = '1668049262, 1919907699';

/**
 * From here to its end, only this session copies into the database. What an earlier run left is ended first: its
 * process may be gone and its COMMIT still on the way, to arrive beside the rows of this run. No other run can be
 * at work, since that would hold the run lock.
 */
const TAKE_OVER = `
    SELECT pg_catalog.pg_terminate_backend(l.pid)
      FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database
     WHERE d.datname = pg_catalog.current_database() AND l.locktype = 'advisory' AND l.granted
       AND (l.classid, l.objid) = (${LOCK}) AND l.pid <> pg_catalog.pg_backend_pid();
    SELECT pg_catalog.pg_advisory_lock(${LOCK});`;

/**
 * Makes the receipts' table where it is missing, and answers with what is in it; see TAKE_OVER. From here on the session
 * acts as `owner`, where there is one. RunError where there is no such role.
 */
export async function openReceipts(session: Session, owner?: string): Promise<CopyReceipt[]> {
  await session.execute(TAKE_OVER);
  await refuseChangedOwnTables(session);
  if (owner !== undefined) await actAs(session, owner);
  await session.execute(OWN_TABLES);
  return selectReceipts(session);
}

/** What is there, without making or locking anything; none where there is no such table. */
export async function readReceipts(session: Session): Promise<CopyReceipt[]> {
  const [found] = await session.query<{ there: boolean }>(
    `SELECT pg_catalog.to_regclass('clinic_migrate.receipts') IS NOT NULL AS there`,
  );
  if (found?.there !== true) return [];
  await refuseChangedOwnTables(session, ['receipts']);
  return selectReceipts(session);
}

async function selectReceipts(session: Session): Promise<CopyReceipt[]> {
  const rows = await session.query<Record<string, string>>(
    `SELECT table_schema, table_name, rows::text, digest, snapshot, fingerprint FROM clinic_migrate.receipts
      ORDER BY table_schema, table_name`,
  );
  return rows.map((row) => ({
    table: { schema: String(row['table_schema']), name: String(row['table_name']) },
    rows: Number(row['rows']),
    digest: String(row['digest']),
    snapshot: String(row['snapshot']),
    fingerprint: String(row['fingerprint']),
  }));
}

/** A table of the database that a session is on, and how many rows were sent to it. */
export interface CopiedTable {
  readonly table: QualifiedName;
  /** Its rows, ready for FROM. */
  readonly rows: string;
  readonly columns: readonly string[];
  readonly sent: number;
}

/** Empties the tables that hold anything: TRUNCATE makes new files for a table, so empty ones are left alone. */
export async function emptyTables(
  session: Session,
  tables: readonly Pick<CopiedTable, 'table' | 'rows'>[],
): Promise<void> {
  if (tables.length === 0) return;
  const filled = tables.map(({ rows }, i) => `SELECT ${i} AS i WHERE EXISTS (SELECT FROM ${rows})`);
  const found = await session.query<{ i: number }>(filled.join(' UNION ALL '));
  const names = found.flatMap(({ i }) => tables[i]?.table ?? []).map(quoteName);
  if (names.length > 0) await session.query(`TRUNCATE ${names.join(', ')}`);
}

/** Counts and digests tables as the database itself sees them, in the order given. */
export async function digestTables(
  session: Session,
  tables: readonly Pick<CopiedTable, 'rows' | 'columns'>[],
): Promise<Digest[]> {
  if (tables.length === 0) return [];
  const queries = tables.map(({ rows, columns }, i) => {
    const digest = digestQuery({ from: `${rows} AS t`, row: 't', columns });
    return `SELECT ${i} AS i, d.* FROM (${digest}) AS d`;
  });
  const found = await session.query<{ i: number }>(queries.join(' UNION ALL '));
  const digests = new Map(found.map((row) => [row.i, parseDigest(row)]));
  return tables.map((_, i) => digests.get(i) ?? EMPTY_DIGEST);
}

/**
 * Counts and digests what was copied, as the database itself sees it, in the order given. RunError, before anything is
 * committed, where that is not the number of rows that were sent.
 */
export async function digestCopies(session: Session, tables: readonly CopiedTable[]): Promise<Digest[]> {
  const digests = await digestTables(session, tables);
  for (const [i, { table, sent }] of tables.entries()) {
    const there = digests[i]?.rows;
    if (there === sent) continue;
    throw new RunError(
      `copying ${displayName(table)} into ${session.label}: ${sent} rows were sent and ${there} are there`,
      { hint: 'Look for a trigger or a rule in the clinic database, then run split again.' },
    );
  }
  return digests;
}

/** Writes a receipt for each of these tables, in the transaction that copied them. */
export async function writeReceipts(
  session: Session,
  tables: readonly CopiedTable[],
  digests: readonly Digest[],
  origin: { readonly snapshot: string; readonly fingerprint: string },
): Promise<void> {
  await session.query(
    `INSERT INTO clinic_migrate.receipts (table_schema, table_name, rows, digest, snapshot, fingerprint)
      SELECT r.*, $5, $6 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS r
      ON CONFLICT (table_schema, table_name) DO UPDATE SET rows = excluded.rows, digest = excluded.digest,
        snapshot = excluded.snapshot, fingerprint = excluded.fingerprint, copied_at = now()`,
    [
      tables.map(({ table }) => table.schema),
      tables.map(({ table }) => table.name),
      digests.map(({ rows }) => rows),
      digests.map(showDigest),
      origin.snapshot,
      origin.fingerprint,
    ],
  );
}

/**
 * True when these receipts say that every table of the plan was copied from one snapshot. RunError where some were
 * copied under another plan: such rows may be in the wrong place by today's.
 */
export function copyIsComplete(
  receipts: readonly CopyReceipt[],
  tables: readonly Pick<CopiedTable, 'table'>[],
  fingerprint: string,
  database: string,
): boolean {
  if (receipts.some((receipt) => receipt.fingerprint !== fingerprint)) {
    throw new RunError(
      `${database} holds rows that were copied under another schema, tenancy map or configuration`,
      { hint: 'Go back to that configuration, or drop this database and run provision and split again.' },
    );
  }
  const snapshots = new Set(receipts.map((receipt) => receipt.snapshot));
  const names = new Set(
    receipts.map((receipt) => JSON.stringify([receipt.table.schema, receipt.table.name])),
  );
  return (
    (snapshots.size === 1 || tables.length === 0) &&
    tables.every(({ table }) => names.has(JSON.stringify([table.schema, table.name])))
  );
}

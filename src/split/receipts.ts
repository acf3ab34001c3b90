import { type Digest, readDigest, showDigest } from '../catalog/digest.js';
import { actAs } from '../core/act-as.js';
import { RunError } from '../core/errors.js';

import { type QualifiedName, quoteName } from '../core/identifiers.js';
import { OWN_TABLES, refuseChangedOwnTables } from '../core/own-tables.js';

import type { Session } from '../core/ports.js';
import { Buckets } from './buckets.js';
import type { TablePlan } from './plan.js';

/** What was copied into one table of one database; committed with the rows it speaks of. */
export interface CopyReceipt {
  readonly table: QualifiedName;
  readonly rows: number;
  readonly digest: string;
  readonly snapshot: string;
  readonly fingerprint: string;
  /** The same digest in parts; not where there is only one, nor in receipts of an earlier version. */
  readonly parts?: Buckets;
  /** What stampTables() said of the table; not in receipts of an earlier version. */
  readonly stamp?: string;
}

/** The digest that a receipt has. */
export function digestOf({ rows, digest }: CopyReceipt): Digest {
  return readDigest(rows, digest);
}

/** What a receipt is written of. */
export interface Copied {
  readonly plan: Pick<TablePlan, 'table'>;
  readonly digests: Buckets;
  readonly stamp: string;
}

/** True where these rows are the ones that the receipt speaks of. */
export function isReceiptOf(receipt: CopyReceipt | undefined, { rows, ...sums }: Digest): boolean {
  return receipt?.rows === rows && receipt.digest === showDigest({ rows, ...sums });
}

// Two integers that no other program is likely to use: "clin" and "rows" in ASCII.
const LOCK = '1668049262, 1919907699';

/**
 * From here to its end, only this session copies into the database. What an earlier run left is ended first: its
 * process may be gone and its COMMIT still on the way, to arrive beside the rows of this run. No other run can be
 * at work, since that would hold the run lock.
 */
async function takeOver(session: Session): Promise<void> {
  const [lock] = await session.query<{ isFree: boolean }>(
    `SELECT pg_catalog.pg_try_advisory_lock(${LOCK}) AS "isFree"`,
  );
  if (lock?.isFree) return;
  await session.execute(`
    SELECT pg_catalog.pg_terminate_backend(l.pid)
      FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database
     WHERE d.datname = pg_catalog.current_database() AND l.locktype = 'advisory' AND l.granted
       AND (l.classid, l.objid) = (${LOCK}) AND l.pid <> pg_catalog.pg_backend_pid();
    SELECT pg_catalog.pg_advisory_lock(${LOCK});`);
}

/**
 * Makes the receipts' table where it is missing, and answers with what is in it; see takeOver(). From here on the session
 * acts as `owner`, where there is one. RunError where there is no such role.
 */
export async function openReceipts(session: Session, owner?: string): Promise<CopyReceipt[]> {
  await takeOver(session);
  await refuseChangedOwnTables(session);
  if (owner !== undefined) await actAs(session, owner);
  await session.execute(OWN_TABLES);
  return selectReceipts(session, `${COLUMNS}, stamp`);
}

/** What is there, without making or locking anything; none where there is no such table. Parts only where asked for. */
export async function readReceipts(session: Session, withParts = false): Promise<CopyReceipt[]> {
  const [found] = await session.query<{ there: boolean }>(
    `SELECT pg_catalog.to_regclass('clinic_migrate.receipts') IS NOT NULL AS there`,
  );
  if (found?.there !== true) return [];
  await refuseChangedOwnTables(session, ['receipts']);
  // An earlier version wrote down no parts: there may be no such column.
  return selectReceipts(session, withParts ? '*' : COLUMNS);
}

const COLUMNS = 'table_schema, table_name, rows, digest, snapshot, fingerprint';

async function selectReceipts(session: Session, columns: string): Promise<CopyReceipt[]> {
  const rows = await session.query(
    `SELECT ${columns} FROM clinic_migrate.receipts ORDER BY table_schema, table_name`,
  );
  return rows.map((row): CopyReceipt => {
    const parts = Buffer.isBuffer(row['parts']) ? Buckets.decode(row['parts']) : undefined;
    const stamp = row['stamp'];
    return {
      table: { schema: String(row['table_schema']), name: String(row['table_name']) },
      rows: Number(row['rows']),
      digest: String(row['digest']),
      snapshot: String(row['snapshot']),
      fingerprint: String(row['fingerprint']),
      ...(parts === undefined ? {} : { parts }),
      ...(typeof stamp === 'string' ? { stamp } : {}),
    };
  });
}

/** Empties the tables that hold anything: TRUNCATE makes new files for a table, so empty ones are left alone. */
export async function emptyTables(
  session: Session,
  tables: readonly Pick<TablePlan, 'table' | 'rows'>[],
): Promise<void> {
  if (tables.length === 0) return;
  const filled = tables.map(({ rows }, i) => `SELECT ${i} AS i WHERE EXISTS (SELECT FROM ${rows})`);
  const found = await session.query<{ i: number }>(filled.join(' UNION ALL '));
  const names = found.flatMap(({ i }) => tables[i]?.table ?? []).map(quoteName);
  if (names.length > 0) await session.query(`TRUNCATE ${names.join(', ')}`);
}

/** Writes a receipt for each of these tables, in the transaction that copied them. */
export async function writeReceipts(
  session: Session,
  copies: readonly Copied[],
  origin: { readonly snapshot: string; readonly fingerprint: string },
): Promise<void> {
  const totals = copies.map(({ digests }) => digests.total());
  await session.query(
    `INSERT INTO clinic_migrate.receipts (table_schema, table_name, rows, digest, parts, stamp, snapshot, fingerprint)
      SELECT r.*, $7, $8 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bytea[], $6::text[]) AS r
      ON CONFLICT (table_schema, table_name) DO UPDATE SET rows = excluded.rows, digest = excluded.digest,
        parts = excluded.parts, stamp = excluded.stamp, snapshot = excluded.snapshot, fingerprint = excluded.fingerprint, copied_at = now()`,
    [
      copies.map(({ plan }) => plan.table.schema),
      copies.map(({ plan }) => plan.table.name),
      totals.map(({ rows }) => rows),
      totals.map(showDigest),
      copies.map(({ digests }) => (digests.count === 1 ? null : digests.encode())),
      copies.map(({ stamp }) => stamp),
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
  tables: readonly Pick<TablePlan, 'table'>[],
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

import { type Digest, digestColumns, parseDigest, showDigest } from '../catalog/digest.js';
import { RunError } from '../core/errors.js';
import { displayName, type QualifiedName, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';

/** What was copied into one table of one database; committed with the rows it speaks of. */
export interface CopyReceipt {
  readonly table: QualifiedName;
  readonly rows: number;
  readonly digest: string;
  readonly snapshot: string;
  readonly fingerprint: string;
}

/** Makes the receipts' table where it is missing. */
export async function prepareReceipts(session: Session): Promise<void> {
  await session.execute(`
    CREATE SCHEMA IF NOT EXISTS clinic_migrate;
    CREATE TABLE IF NOT EXISTS clinic_migrate.receipts (
      table_schema text NOT NULL, table_name text NOT NULL, rows bigint NOT NULL, digest text NOT NULL,
      snapshot text NOT NULL, fingerprint text NOT NULL, copied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (table_schema, table_name))`);
}

export async function readReceipts(session: Session): Promise<CopyReceipt[]> {
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

/**
 * Counts and digests what the table now holds, as the database itself sees it, and writes the receipt. RunError,
 * before anything is committed, where that is not the number of rows that were sent.
 */
export async function writeReceipt(
  session: Session,
  table: QualifiedName,
  columns: readonly string[],
  sent: number,
  origin: { readonly snapshot: string; readonly fingerprint: string },
): Promise<CopyReceipt> {
  const digest = await digestTable(session, table, columns);
  if (digest.rows !== sent) {
    throw new RunError(
      `copying ${displayName(table)} into ${session.label}: ${sent} rows were sent and ${digest.rows} are there`,
      { hint: 'Look for a trigger or a rule in the clinic database, then run split again.' },
    );
  }
  const receipt = { table, rows: digest.rows, digest: showDigest(digest), ...origin };
  await session.query(
    `INSERT INTO clinic_migrate.receipts (table_schema, table_name, rows, digest, snapshot, fingerprint)
      VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (table_schema, table_name) DO UPDATE SET rows = excluded.rows, digest = excluded.digest,
        snapshot = excluded.snapshot, fingerprint = excluded.fingerprint, copied_at = now()`,
    [table.schema, table.name, receipt.rows, receipt.digest, receipt.snapshot, receipt.fingerprint],
  );
  return receipt;
}

/** The digest of a table's rows over these columns. */
export async function digestTable(
  session: Session,
  table: QualifiedName,
  columns: readonly string[],
): Promise<Digest> {
  const [row] = await session.query(`SELECT ${digestColumns('t', columns)} FROM ${quoteName(table)} AS t`);
  return parseDigest(row ?? {});
}

/**
 * True when these receipts say that every table of the plan was copied from one snapshot. RunError where some were
 * copied under another plan: such rows may be in the wrong place by today's.
 */
export function copyIsComplete(
  receipts: readonly CopyReceipt[],
  tables: readonly QualifiedName[],
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
    snapshots.size === 1 && tables.every(({ schema, name }) => names.has(JSON.stringify([schema, name])))
  );
}

import { EMPTY_DIGEST, showDigest } from '../catalog/digest.js';
import type { QualifiedName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';

/** Whole tables are copied to central: by whatever map, they are what they are. */
export async function adoptReceipts(central: Session, fingerprint: string): Promise<void> {
  if (!(await hasReceipts(central))) return;
  await central.query('UPDATE clinic_migrate.receipts SET fingerprint = $1 WHERE fingerprint <> $1', [
    fingerprint,
  ]);
}

/** The tables whose rows were copied by a run that was finished; undefined where none was. */
export async function readFilled(central: Session): Promise<QualifiedName[] | undefined> {
  if (!(await hasReceipts(central))) return undefined;
  const finished = await central.query('SELECT FROM clinic_migrate.finished');
  const filled = await central.query<{ schema: string; name: string }>(
    `SELECT table_schema AS schema, table_name AS name FROM clinic_migrate.receipts WHERE copied_at > '-infinity'`,
  );
  return finished.length === 0 || filled.length === 0 ? undefined : filled;
}

async function hasReceipts(central: Session): Promise<boolean> {
  const [found] = await central.query<{ there: boolean }>(
    `SELECT pg_catalog.to_regclass('clinic_migrate.receipts') IS NOT NULL
        AND pg_catalog.to_regclass('clinic_migrate.finished') IS NOT NULL AS there`,
  );
  return found?.there === true;
}

/** Receipts that say that nothing was copied yet, so that what has no row is known to be right. */
export async function awaitRows(central: Session, late: readonly QualifiedName[]): Promise<void> {
  const names = [late.map(({ schema }) => schema), late.map(({ name }) => name)];
  await central.query(
    `DELETE FROM clinic_migrate.receipts
      WHERE pg_catalog.to_regclass(pg_catalog.format('%I.%I', table_schema, table_name)) IS NULL
         OR (table_schema, table_name) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
    names,
  );
  await central.query(
    `INSERT INTO clinic_migrate.receipts (table_schema, table_name, rows, digest, snapshot, fingerprint, copied_at)
     SELECT n.schema, n.name, 0, $3, r.snapshot, r.fingerprint, '-infinity'
       FROM unnest($1::text[], $2::text[]) AS n (schema, name),
            (SELECT snapshot, fingerprint FROM clinic_migrate.receipts LIMIT 1) AS r`,
    [...names, showDigest(EMPTY_DIGEST)],
  );
}

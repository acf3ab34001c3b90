import { randomUUID } from 'node:crypto';
import { RunError } from '../core/errors.js';
import type { Session } from '../core/ports.js';
import type { AccessRecord, ClinicState, RegistryEntry } from './types.js';

/** Notified with the clinic's key whenever its entry changes; the application listens. */
export const REGISTRY_CHANNEL = 'clinic_migrate_clinics';

interface EntryRow extends Record<string, unknown>, Omit<RegistryEntry, 'schemaFingerprint'> {
  readonly schema_fingerprint: string;
}

/** What sets this installation apart from others that share a server, and the schema its central tables have. */
export interface Installation {
  readonly id: string;
  readonly centralFingerprint: string | undefined;
}

/** Makes the registry in the central database where it is missing. Under the run lock. */
export async function ensureRegistry(central: Session): Promise<Installation> {
  const found = await readInstallation(central);
  if (found !== undefined) return found;
  await central.execute(`
    CREATE SCHEMA IF NOT EXISTS clinic_migrate;
    CREATE TABLE IF NOT EXISTS clinic_migrate.clinics (
      key text PRIMARY KEY,
      label text NOT NULL,
      state text NOT NULL CHECK (state IN ('provisioned', 'loading', 'ready', 'active', 'moving', 'suspended')),
      server text NOT NULL,
      host text NOT NULL,
      port integer NOT NULL,
      database text NOT NULL,
      role text NOT NULL,
      password text NOT NULL,
      schema_fingerprint text NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (host, port, database));
    CREATE TABLE IF NOT EXISTS clinic_migrate.installation (
      single boolean PRIMARY KEY DEFAULT true CHECK (single),
      id uuid NOT NULL,
      central_fingerprint text);
    INSERT INTO clinic_migrate.installation (id) VALUES ('${randomUUID()}') ON CONFLICT DO NOTHING`);
  const made = await readInstallation(central);
  if (made === undefined) throw new RunError(`${central.label}: the registry could not be made`);
  return made;
}

/** Writes down what clinics' logins and PUBLIC may do, where it is not what was written last; for verify. */
export async function saveAccess(central: Session, record: AccessRecord): Promise<void> {
  const [column] = await central.query(
    `SELECT FROM pg_catalog.pg_attribute
      WHERE attrelid = 'clinic_migrate.installation'::regclass AND attname = 'access' AND NOT attisdropped`,
  );
  if (column === undefined)
    await central.execute('ALTER TABLE clinic_migrate.installation ADD COLUMN IF NOT EXISTS access jsonb');
  await central.query(
    'UPDATE clinic_migrate.installation SET access = $1::jsonb WHERE access IS DISTINCT FROM $1::jsonb',
    [JSON.stringify(record)],
  );
}

/** Undefined where provision has not run on this central database. */
export async function readInstallation(central: Session): Promise<Installation | undefined> {
  if (!(await hasTable(central, 'clinic_migrate.installation'))) return undefined;
  const [row] = await central.query<{ id: string; fingerprint: string | null }>(
    'SELECT id::text, central_fingerprint AS fingerprint FROM clinic_migrate.installation',
  );
  return row === undefined ? undefined : { id: row.id, centralFingerprint: row.fingerprint ?? undefined };
}

/** Every entry, by key; none where there is no registry yet. */
export async function readRegistry(central: Session): Promise<RegistryEntry[]> {
  if (!(await hasTable(central, 'clinic_migrate.clinics'))) return [];
  const rows = await central.query<EntryRow>(
    `SELECT key, label, state, server, host, port, database, role, password, schema_fingerprint
       FROM clinic_migrate.clinics ORDER BY key COLLATE "C"`,
  );
  return rows.map(({ schema_fingerprint, ...entry }) => ({
    ...entry,
    schemaFingerprint: schema_fingerprint,
  }));
}

/** Writes an entry, new or changed, and tells the listening applications. */
export async function saveEntry(central: Session, entry: RegistryEntry): Promise<void> {
  await central.query(
    `WITH saved AS (
       INSERT INTO clinic_migrate.clinics
         (key, label, state, server, host, port, database, role, password, schema_fingerprint)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (key) DO UPDATE SET label = excluded.label, state = excluded.state, server = excluded.server,
         host = excluded.host, port = excluded.port, database = excluded.database, role = excluded.role,
         password = excluded.password, schema_fingerprint = excluded.schema_fingerprint, updated_at = now()
       RETURNING key)
     SELECT pg_catalog.pg_notify('${REGISTRY_CHANNEL}', key) FROM saved`,
    [
      entry.key,
      entry.label,
      entry.state,
      entry.server,
      entry.host,
      entry.port,
      entry.database,
      entry.role,
      entry.password,
      entry.schemaFingerprint,
    ],
  );
}

/** Changes where a clinic stands and tells the listening applications. RunError where it is not registered. */
export async function setState(central: Session, key: string, state: ClinicState): Promise<void> {
  const told = await central.query(
    `WITH changed AS (
       UPDATE clinic_migrate.clinics SET state = $2, updated_at = now() WHERE key = $1 RETURNING key)
     SELECT pg_catalog.pg_notify('${REGISTRY_CHANNEL}', key) FROM changed`,
    [key, state],
  );
  if (told.length === 1) return;
  throw new RunError(`clinic ${JSON.stringify(key)} is not in the registry of ${central.label}`, {
    hint: 'Run provision for it first.',
  });
}

async function hasTable(session: Session, name: string): Promise<boolean> {
  const [row] = await session.query<{ found: boolean }>(
    'SELECT pg_catalog.to_regclass($1) IS NOT NULL AS found',
    [name],
  );
  return row?.found === true;
}

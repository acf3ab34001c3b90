import { refuseChangedOwnTables } from '../core/own-tables.js';
import type { Session } from '../core/ports.js';
import type { ClinicTarget } from '../provision/types.js';
import { objectsOfCentral, objectsOfClinic } from './large-objects.js';
import type { Run } from './run.js';

/**
 * How many large objects one database was given that the legacy database has otherwise by now, lacks or has more of, by
 * what was written down when they were copied. `target` undefined: the central database.
 */
export async function staleObjects(
  { options, largeObjects }: Run,
  session: Session,
  target: ClinicTarget | undefined,
): Promise<number> {
  if (!options.map.tables.some((table) => table.largeObjects !== undefined)) return 0;
  const objects = await largeObjects();
  const wanted =
    target === undefined
      ? objectsOfCentral(objects, options.unassignable === 'quarantine')
      : objectsOfClinic(objects, target.clinic.key);
  const [made] = await session.query<{ there: boolean }>(
    `SELECT pg_catalog.to_regclass('clinic_migrate.large_objects') IS NOT NULL AS there`,
  );
  if (made?.there !== true) return wanted.length;
  await refuseChangedOwnTables(session, ['large_objects']);
  const given = await session.query<{ oid: string; digest: string }>(
    'SELECT oid::text AS oid, bytes || digest AS digest FROM clinic_migrate.large_objects',
  );
  const before = new Map(given.map(({ oid, digest }) => [oid, digest]));
  const changed = wanted.filter(({ oid, bytes, digest }) => before.get(oid) !== `${bytes}${digest}`);
  const gone = before.size - wanted.filter(({ oid }) => before.has(oid)).length;
  return changed.length + gone;
}

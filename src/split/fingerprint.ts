import { createHash } from 'node:crypto';
import type { SchemaCatalog } from '../catalog/types.js';
import type { TenancyMap } from '../tenancy/types.js';

/**
 * A fingerprint of everything that decides which row goes where: columns, keys, foreign keys, the map. Not of row
 * counts or of the clinics there are, so that a clinic added later does not make the copies of others stale.
 */
export function splitFingerprint(
  catalog: SchemaCatalog,
  map: TenancyMap,
  unassignable: 'stop' | 'quarantine',
): string {
  const tables = catalog.tables.map(({ estimatedRows, ...table }) => table);
  const mapped = map.tables.map(({ evidence, rule, ...table }) => table);
  const plan = { tables, clinicTable: map.clinicTable, mapped, unassignable };
  return createHash('sha256').update(JSON.stringify(plan, sortedKeys)).digest('hex').slice(0, 32);
}

/** Objects that hold the same have the same text, whatever order they were built in. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

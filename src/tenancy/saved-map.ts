import { UsageError } from '../core/errors.js';
import type { TenancyMap } from './types.js';

const VERSION = 1;

/** The map as text for `.clinic-migrate/tenancy.json`: code is migrated by it without a database. */
export function serializeMap(map: TenancyMap): string {
  return `${JSON.stringify({ version: VERSION, map }, null, 2)}\n`;
}

/** Reads what serializeMap() wrote; UsageError for anything else. `file` is for the message. */
export function parseMap(text: string, file: string): TenancyMap {
  const saved = parseJson(text);
  if (isSaved(saved) && saved.version === VERSION) return saved.map;
  throw new UsageError(`${file} is not a tenancy map that this version wrote`, {
    hint: 'Write it anew: clinic-migrate inspect --save.',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSaved(value: unknown): value is { version: number; map: TenancyMap } {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('map' in value)) return false;
  const { map } = value;
  return (
    typeof map === 'object' &&
    map !== null &&
    'tables' in map &&
    Array.isArray(map.tables) &&
    'clinicTable' in map
  );
}

import { createHash } from 'node:crypto';
import { UsageError } from '../core/errors.js';
import { checkedIdentifier } from '../core/identifiers.js';
import type { Clinic } from '../tenancy/types.js';

export interface ClinicName {
  readonly database: string;
  readonly role: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Database and role of each clinic, by its key: what the registry says already, else what the pattern gives.
 * UsageError where two clinics would share a name, or PostgreSQL would cut or refuse one; so nothing is made before
 * every name is known to be good.
 */
export function nameClinics(
  pattern: string,
  clinics: readonly Clinic[],
  registered: ReadonlyMap<string, ClinicName>,
): Map<string, ClinicName> {
  const names = new Map<string, ClinicName>();
  const taken = new Map([...registered].map(([key, { database }]) => [database, key]));
  for (const clinic of clinics) {
    const name = registered.get(clinic.key) ?? nameOf(pattern, clinic);
    const other = taken.get(name.database);
    if (other !== undefined && other !== clinic.key) {
      throw new UsageError(
        `clinics ${JSON.stringify(other)} and ${JSON.stringify(clinic.key)} would both get the database ${JSON.stringify(name.database)}`,
        { hint: 'Use {key} in clinics.database: keys differ where labels may not.' },
      );
    }
    taken.set(name.database, clinic.key);
    names.set(clinic.key, name);
  }
  return names;
}

function nameOf(pattern: string, { key, label }: Clinic): ClinicName {
  const text = pattern.replace(/\{(key|label)\}/g, (_, part: string) =>
    part === 'key' ? safeKey(key) : safeLabel(label),
  );
  const database = checkedIdentifier(text, `the database name of clinic ${JSON.stringify(key)}`);
  if (/[;/?:@&=+$,#]/.test(database)) {
    throw new UsageError(`${JSON.stringify(database)} has a character that means something else in a URL`, {
      hint: 'Use letters, digits, dashes and underscores in clinics.database.',
    });
  }
  // Roles have rules of their own: these names are refused or mean something else.
  if (/^pg_/i.test(database) || ['public', 'none'].includes(database)) {
    throw new UsageError(`PostgreSQL reserves the name ${JSON.stringify(database)} for itself`, {
      hint: 'Change clinics.database.',
    });
  }
  return { database, role: database };
}

/** Different keys stay different: what the plain form loses (signs, capitals, spaces) comes back as a hash. */
function safeKey(key: string): string {
  if (/^[a-z0-9_]+$/.test(key)) return key;
  if (UUID.test(key)) return key.replaceAll('-', '_');
  return [plain(key), shortHash(key)].filter((part) => part !== '').join('_');
}

/** Labels stay readable; two that end up the same are refused by nameClinics(). */
function safeLabel(label: string): string {
  return plain(label) || shortHash(label);
}

/** Lower-case ASCII letters and digits, with one underscore for every run of anything else. */
function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

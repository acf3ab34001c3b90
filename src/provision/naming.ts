import { createHash } from 'node:crypto';
import type { Finding } from '../core/finding.js';
import { MAX_IDENTIFIER_BYTES } from '../core/identifiers.js';
import type { Clinic } from '../tenancy/types.js';
import { ownerName } from './owner.js';

export interface ClinicName {
  readonly database: string;
  readonly role: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What `clinics` of the configuration says of names. */
export interface NamePattern {
  readonly database: string;
  /** By clinic key, in place of what the pattern gives. */
  readonly names?: Readonly<Record<string, string>> | undefined;
}

export interface NamedClinics {
  /** By key; clinics without a good name are not here. */
  readonly names: ReadonlyMap<string, ClinicName>;
  readonly findings: readonly Finding[];
}

/** Databases of every server, which no clinic's may be. */
const SERVERS_OWN = ['postgres', 'template0', 'template1'];

/**
 * Database and role of each clinic, by its key: what the registry says already, else what the configuration gives.
 * A clinic whose name PostgreSQL would cut or refuse, or that another clinic has too, gets a finding and no name.
 * `reserved` are databases that are something else: the legacy and the central one.
 */
export function nameClinics(
  pattern: NamePattern,
  clinics: readonly Clinic[],
  registered: ReadonlyMap<string, ClinicName>,
  reserved: readonly string[] = [],
): NamedClinics {
  const found = clinics.map((clinic) => ({
    clinic,
    isKept: registered.has(clinic.key),
    name: registered.get(clinic.key) ?? nameOf(pattern, clinic),
  }));
  const owners = new Map<string, string[]>();
  const claim = (database: string, key: string): void => {
    for (const name of namesOf(database)) owners.set(name, [...new Set([...(owners.get(name) ?? []), key])]);
  };
  for (const [key, { database }] of registered) claim(database, key);
  for (const { clinic, name } of found) claim(name.database, clinic.key);
  const taken = new Set([...SERVERS_OWN, ...reserved]);
  const names = new Map<string, ClinicName>();
  const findings: Finding[] = [];
  for (const { clinic, isKept, name } of found) {
    const others = [...new Set(namesOf(name.database).flatMap((each) => owners.get(each) ?? []))].filter(
      (key) => key !== clinic.key,
    );
    const fault = isKept ? undefined : (faultOf(name.database, taken) ?? sharedWith(others));
    if (fault === undefined) names.set(clinic.key, name);
    else findings.push(finding(clinic, name.database, fault));
  }
  return { names, findings };
}

/** Of the roles that a database brings with it: the login is named like the database. */
const namesOf = (database: string): string[] => [database, ownerName(database)];

function sharedWith(others: readonly string[]): string | undefined {
  if (others.length === 0) return undefined;
  const keys = others.slice(0, 5).map((key) => JSON.stringify(key));
  return `would be that of ${others.length === 1 ? 'clinic' : 'clinics'} ${keys.join(', ')}${others.length > 5 ? ', …' : ''} too`;
}

/** What is wrong with a name, in words that follow it. */
function faultOf(database: string, taken: ReadonlySet<string>): string | undefined {
  const bytes = Buffer.byteLength(database);
  if (database === '') return 'is empty';
  if (bytes > MAX_IDENTIFIER_BYTES) return `has ${bytes} bytes, and PostgreSQL keeps ${MAX_IDENTIFIER_BYTES}`;
  if (/[;/?:@&=+$,#%\\\s\p{Cc}]/u.test(database)) return 'has a character that means something else in a URL';
  // Roles have rules of their own: these names are refused or mean something else.
  if (/^pg_/i.test(database) || ['public', 'none'].includes(database))
    return 'is a name that PostgreSQL reserves for itself';
  if (taken.has(database)) return 'is the name of a database that is something else';
  return undefined;
}

function finding({ key, label }: Clinic, database: string, fault: string): Finding {
  return {
    code: 'PROVISION_NAME_UNFIT',
    severity: 'error',
    subject: key,
    message: `clinic ${JSON.stringify(label)} (${JSON.stringify(key)}) gets no database: the name ${JSON.stringify(database)} ${fault}`,
    hint: `In the configuration: clinics: { names: { ${JSON.stringify(key)}: ${JSON.stringify(suggestion(key))} } }`,
  };
}

/** Short, and different for every key. */
function suggestion(key: string): string {
  return `clinic_${[plain(key).slice(0, 20), shortHash(key)].filter((part) => part !== '').join('_')}`;
}

function nameOf({ database: pattern, names = {} }: NamePattern, { key, label }: Clinic): ClinicName {
  const said = Object.hasOwn(names, key) ? names[key] : undefined;
  const database =
    said ??
    pattern.replace(/\{(key|label)\}/g, (_, part: string) =>
      part === 'key' ? safeKey(key) : safeLabel(label),
    );
  return { database, role: database };
}

/** Different keys stay different: what the plain form loses (signs, capitals, spaces) comes back as a hash. */
function safeKey(key: string): string {
  if (/^[a-z0-9_]+$/.test(key)) return key;
  if (UUID.test(key)) return key.replaceAll('-', '_');
  return [plain(key), shortHash(key)].filter((part) => part !== '').join('_');
}

/** Labels stay readable; two that end up the same are findings of nameClinics(). */
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

import type { SettingsPlan } from '../catalog/settings.js';
import type { Config } from '../config/types.js';
import { RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import type { Databases, Progress, Session } from '../core/ports.js';
import { databaseOf } from '../core/urls.js';
import type { Clinic } from '../tenancy/types.js';
import type { AccessPlan } from './access/plan.js';
import type { FinishPlan } from './finish.js';
import { type ClinicName, nameClinics } from './naming.js';
import { ownerName } from './owner.js';
import { placeClinics } from './placement.js';
import { readRegistry } from './registry.js';
import type { LegacySource, PreData } from './schema-source.js';
import type { RegistryEntry } from './types.js';
import type { Uses } from './uses.js';

export interface ProvisionOptions extends LegacySource {
  readonly databases: Databases;
  readonly config: Pick<Config, 'servers' | 'clinics' | 'largeObjects'>;
  readonly centralUrl: string;
  /** What split writes into receipts, of the schema, the map and the configuration. */
  readonly copyFingerprint: string;
  /** The application's login in the legacy database; undefined: whom the legacy URL names. */
  readonly login: string | undefined;
  /** Every clinic of the legacy database: names must differ among all of them. */
  readonly clinics: readonly Clinic[];
  /** Those to make; the central database is made in any case. */
  readonly selected: readonly Clinic[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dryRun: boolean;
  readonly jobs: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Everything that is known before the first write. */
export interface Plan {
  readonly options: ProvisionOptions;
  readonly key: Buffer;
  readonly names: ReadonlyMap<string, ClinicName>;
  /** Selected clinics that can have a database, and what is to be said of the others. */
  readonly selected: readonly Clinic[];
  readonly unnamed: readonly Finding[];
  readonly places: ReadonlyMap<string, string>;
  readonly registered: ReadonlyMap<string, RegistryEntry>;
  /** Logins and owners of all clinics. */
  readonly ourRoles: ReadonlySet<string>;
  readonly clinicData: PreData;
  readonly centralData: PreData;
  /** What clinics' databases get after their rows; read where it is asked for, since that is a dump more. */
  readonly rehearsal: () => Promise<FinishPlan>;
  readonly settings: SettingsPlan;
  /** What the legacy database's objects use. */
  readonly uses: Uses;
  readonly access: AccessPlan;
}

export async function makePlan(
  options: ProvisionOptions,
  central: Session | undefined,
  known: Pick<Plan, 'key' | 'clinicData' | 'centralData' | 'rehearsal' | 'settings' | 'uses' | 'access'>,
): Promise<Plan> {
  const { config, clinics } = options;
  const entries = central === undefined ? [] : await readRegistry(central);
  const registered = new Map(entries.map((entry) => [entry.key, entry]));
  const { names, findings } = nameClinics(config.clinics, clinics, registered, [
    databaseOf(options.legacyUrl),
    databaseOf(options.centralUrl),
  ]);
  const selected = options.selected.filter(({ key }) => names.has(key));
  const unnamed = findings.filter(({ subject }) => options.selected.some(({ key }) => key === subject));
  return {
    ...known,
    options,
    registered,
    ourRoles: new Set(
      [...entries, ...names.values()].flatMap(({ database, role }) => [role, ownerName(database)]),
    ),
    names,
    selected,
    unnamed,
    places: placeClinics(config, clinics, new Map(entries.map((entry) => [entry.key, entry.server]))),
  };
}

export function placeOf({ places }: Plan, { key }: Clinic): string {
  return known(places.get(key), key);
}

export function nameOf({ names }: Plan, { key }: Clinic): ClinicName {
  return known(names.get(key), key);
}

export function serverUrl({ options }: Plan, server: string): string {
  return known(options.config.servers[server]?.url, server);
}

export function known<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new RunError(`${JSON.stringify(name)} is not known to this run`);
  return value;
}

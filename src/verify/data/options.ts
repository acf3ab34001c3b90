import type { SchemaCatalog } from '../../catalog/types.js';
import type { Databases, Progress } from '../../core/ports.js';
import type { ClinicTarget } from '../../provision/types.js';
import type { Clinic, TenancyMap } from '../../tenancy/types.js';

export interface VerifyDataOptions {
  readonly databases: Databases;
  readonly legacyUrl: string;
  /** The legacy database's. */
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  /** Every clinic of the legacy database. */
  readonly clinics: readonly Clinic[];
  /** Those that have a database of their own. */
  readonly targets: readonly ClinicTarget[];
  /** May name the legacy database itself. */
  readonly centralUrl: string;
  /** The application's login in the legacy database; undefined: whom the legacy URL names. */
  readonly login?: string | undefined;
  readonly progress: Progress;
  /** How many databases are looked at side by side. */
  readonly jobs: number;
  readonly signal: AbortSignal;
}

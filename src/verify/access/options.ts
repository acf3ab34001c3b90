import type { Databases, Progress } from '../../core/ports.js';
import type { ClinicTarget } from '../../provision/types.js';

/** A database that no clinic's login may open: the central one, the legacy one. */
export interface OffLimits {
  /** In words: `the legacy database`. */
  readonly name: string;
  /** Any login's URL; only the server and the database count. */
  readonly url: string;
}

export interface VerifyAccessOptions {
  readonly databases: Databases;
  readonly targets: readonly ClinicTarget[];
  /** The application's schemas: what a login must be able to use in its own database. */
  readonly schemas: readonly string[];
  readonly offLimits: readonly OffLimits[];
  readonly progress: Progress;
  readonly jobs: number;
  readonly signal: AbortSignal;
}

import type { Finding } from '../../core/finding.js';
import type { Databases, Progress } from '../../core/ports.js';
import type { ClinicTarget } from '../../provision/types.js';
import type { AccessRecord } from './record.js';

/** A database that no clinic's login may open: the central one, the legacy one. */
export interface OffLimits {
  /** In words: `the legacy database`. */
  readonly name: string;
  /** Any login's URL; only the server and the database count. */
  readonly url: string;
}

export interface VerifyAccessOptions {
  readonly databases: Databases;
  /** Every clinic: they are what strangers are told from. */
  readonly targets: readonly ClinicTarget[];
  /** Those whose databases are looked into and whose logins are tried; all of them where nothing is said. */
  readonly selected?: readonly ClinicTarget[];
  /** The application's schemas: what a login must be able to use in its own database. */
  readonly schemas: readonly string[];
  readonly offLimits: readonly OffLimits[];
  /** Logins of the operator's own, which may get into clinics' databases as superusers may. */
  readonly logins: readonly string[];
  /** What provision granted; undefined where no version that writes it down has run. */
  readonly record: AccessRecord | undefined;
  /** The extensions of the legacy database; undefined where nobody can tell. */
  readonly extensions: readonly string[] | undefined;
  readonly progress: Progress;
  readonly jobs: number;
  readonly signal: AbortSignal;
}

/** How much was compared, for the end of a report: a check that looked at nothing holds, too. */
export interface Compared {
  readonly databases: number;
  readonly logins: number;
  readonly objects: number;
  readonly privileges: number;
}

export interface VerifyAccessResult {
  readonly findings: readonly Finding[];
  readonly compared: Compared;
}

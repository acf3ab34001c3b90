import type { SchemaCatalog } from '../catalog/types.js';
import type { Finding } from '../core/finding.js';
import type { QualifiedName } from '../core/identifiers.js';
import type { Databases, Progress } from '../core/ports.js';
import type { ClinicTarget } from '../provision/types.js';
import type { Clinic, TenancyMap } from '../tenancy/types.js';
import type { TableSurvey } from './survey/types.js';

export interface SplitOptions {
  readonly databases: Databases;
  readonly legacyUrl: string;
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  /** Every clinic of the legacy database, selected or not: a key that is not among them is no clinic's. */
  readonly clinics: readonly Clinic[];
  /** The clinics to copy. Those that are `ready` are passed over; those that are served are refused. */
  readonly targets: readonly ClinicTarget[];
  /**
   * `holdsLegacy`: the central database is the legacy one, and central tables stay where they are. `serves`: some clinic
   * is served from its own database, and what is common to all from the central one.
   */
  readonly central: { readonly url: string; readonly holdsLegacy: boolean; readonly serves: boolean };
  readonly unassignable: 'stop' | 'quarantine';
  /** Whether rows may name large objects that are not there. */
  readonly largeObjects: 'stop' | 'leave';
  /** The application's login in the legacy database; undefined: whom the legacy URL names. */
  readonly login: string | undefined;
  /** Surveys the legacy database and stops before the first write. */
  readonly dryRun: boolean;
  /** Brings copies of earlier runs up to date too. */
  readonly refresh: boolean;
  /** Where a refresh may give up what was written into a copy: the central one is not meant where clinics are named. */
  readonly overwrite: 'nothing' | 'clinics' | 'all';
  readonly jobs: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Before a clinic's first byte. */
  readonly onClinicStart: (target: ClinicTarget) => Promise<void>;
  /** When every row of a clinic is committed: the place for indexes, foreign keys and sequences. */
  readonly onClinicCopied: (target: ClinicTarget) => Promise<void>;
  /** The same for the central database's own tables; not called where it holds the legacy tables. */
  readonly onCentralCopied: () => Promise<void>;
  /** SQL that follows a refresh in its transaction: sequences, and what shows rows; `key` is undefined for central. */
  readonly afterRefresh: (key: string | undefined, rowsChanged: boolean) => Promise<string>;
  /** SQL that follows the rows of tables that the central database got later, in their transaction. */
  readonly afterLateTables: (tables: readonly QualifiedName[]) => Promise<string>;
}

/** One table of one clinic, as its receipt has it. */
export interface ClinicTableFigures {
  readonly table: string;
  readonly rows: number;
  /** COPY text sent in this run. */
  readonly bytes: number;
  /** From its first row to its last byte; other clinics are fed at the same time. */
  readonly seconds: number;
  readonly digest: string;
  /** Rows written into a copy of an earlier run. */
  readonly changed?: { readonly inserted: number; readonly updated: number; readonly deleted: number };
}

export interface ClinicFigures {
  readonly clinic: Clinic;
  readonly database: string;
  /** `differs`: what arrived is not what the legacy database has for it, and it stays as it is, unfinished. */
  readonly outcome: 'copied' | 'finished' | 'was ready' | 'refreshed' | 'up to date' | 'to copy' | 'differs';
  /** When the snapshot was taken that it is a copy of, and how many seconds before this run's. */
  readonly copyOf?: { readonly at: string; readonly age: number };
  readonly tables: readonly ClinicTableFigures[];
  readonly rows: number;
  /** COPY text sent. */
  readonly bytes: number;
  /** Seconds for keys, indexes and what else follows the rows. */
  readonly finishing: number;
}

export interface TableFigures {
  readonly table: string;
  readonly scope: string;
  /** In the legacy snapshot. */
  readonly rows: number;
  readonly digest: string;
  /** Copied into clinic databases in this run; a shared row counts once a clinic. */
  readonly copied: number;
  readonly central: number;
  readonly quarantined: number;
  /** Inserted, updated or deleted in this run in copies of earlier runs. */
  readonly refreshed: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface SplitResult {
  readonly findings: readonly Finding[];
  /** False where findings stopped the run before anything was written. */
  readonly done: boolean;
  readonly surveys: readonly TableSurvey[];
  readonly clinics: readonly ClinicFigures[];
  readonly tables: readonly TableFigures[];
  /** How many large objects rows name, in the legacy snapshot. */
  readonly largeObjects: number;
  readonly fingerprint: string;
}

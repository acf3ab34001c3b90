import type { Digest } from '../../catalog/digest.js';
import type { SchemaCatalog } from '../../catalog/types.js';
import type { QualifiedName } from '../../core/identifiers.js';
import type { Clinic, TenancyMap } from '../../tenancy/types.js';
import type { Buckets } from '../buckets.js';
import type { Places } from '../places.js';
import type { StoredParts } from '../stored-parts.js';

export type ProblemReason = 'no clinic' | 'unknown clinic' | 'paths disagree' | 'dangling';

/** Rows that no clinic can be given, and why. */
export interface Problem {
  readonly reason: ProblemReason;
  readonly rows: number;
  /** Primary keys as text, at most SAMPLES of them, in text order. */
  readonly samples: readonly string[];
}

/** Where the rows of one table belong. For a clinic table: total = sum of perClinic + shared + aside. */
export interface TableSurvey {
  readonly table: QualifiedName;
  readonly total: Digest;
  /** By clinic key; clinics without rows are left out. Empty where the table's rows are not clinics' own. */
  readonly perClinic: ReadonlyMap<string, Digest>;
  /** Rows that go to every clinic: nothing names one and the configuration says so, or all refer to them. */
  readonly shared: Digest;
  /** Rows that have no place: those of `problems` together. */
  readonly aside: Digest;
  /** The same rows as quarantine keeps them, where nothing is generated. */
  readonly kept: Digest;
  readonly problems: readonly Problem[];
  /** The same in parts, where copies of earlier runs are to be brought up to date. */
  readonly parts?: SurveyParts;
}

export interface SurveyParts {
  readonly total: Buckets;
  readonly perClinic: ReadonlyMap<string, Buckets>;
  readonly shared: Buckets;
  /** Where the rows lie that clinics may lack. */
  readonly places?: Places | undefined;
}

export interface SurveyedDatabase {
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  readonly clinics: readonly Clinic[];
  /** False where only counts are wanted: then all sums are the same and mean nothing. */
  readonly digests: boolean;
  /** In which parts digests are wanted, and what these had before, if in parts at all. */
  readonly stored?: StoredParts | undefined;
}

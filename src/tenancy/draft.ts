import type { ColumnProbe, Table } from '../catalog/types.js';
import type { TableConfig } from '../config/types.js';
import type { Evidence, Rule } from './types.js';

/** Everything that is known of one table before the tables are seen together. */
export interface Draft {
  readonly table: Table;
  readonly config: TableConfig | undefined;
  /** What the configuration says of the way to the clinic. */
  readonly configured: readonly Rule[];
  /** Columns that hold a clinic's key: by foreign key, then by their values. */
  readonly columns: readonly (Rule & { kind: 'column' })[];
  /** How many of `columns` carry a foreign key. */
  readonly declared: number;
  readonly paths: readonly (Rule & { kind: 'path' })[];
  /** Columns that may name clinics by their name, and whose values do not all. */
  readonly doubtful: readonly ColumnProbe[];
  /** Columns that rightly name other clinics. */
  readonly otherClinics: readonly string[];
  readonly largeObjects: readonly string[];
}

/** What settle() decides for one table. */
export interface SettledWays {
  readonly rules: readonly Rule[];
  readonly witnesses: readonly Rule[];
  readonly evidence: Evidence;
}

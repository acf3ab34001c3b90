import type { Scope } from '../config/types.js';
import type { Finding } from '../core/finding.js';
import type { QualifiedName } from '../core/identifiers.js';

/** One step from a row to the row it belongs to. */
export interface Reference {
  readonly columns: readonly string[];
  readonly references: QualifiedName;
  readonly referencedColumns: readonly string[];
  /** SQL condition on the referring row, its columns unqualified; for polymorphic references. */
  readonly when: string | undefined;
  /** The declared foreign key's name; undefined where only the configuration knows it. */
  readonly constraint: string | undefined;
}

/**
 * How a row of a table tells its clinic.
 *  self    the clinic table: the row's own key column
 *  column  a key column; `clinicColumn` is the clinic table's column it holds (the key, or another unique one)
 *  path    through the row that `reference` points at, which tells its own clinic by the map
 */
export type Rule =
  | { readonly kind: 'self'; readonly column: string }
  | { readonly kind: 'column'; readonly column: string; readonly clinicColumn: string }
  | { readonly kind: 'path'; readonly reference: Reference };

/** Ready for people: why a table was classified as it was. */
export type Evidence = 'configuration' | 'clinic table' | 'foreign key' | 'column values' | 'path' | 'none';

interface Base extends QualifiedName {
  readonly evidence: Evidence;
  /** The rule in words, e.g. `patient_id → public.patients → company_id`. */
  readonly rule: string;
  /** Columns that rightly name another clinic: no rule and no witness. Maps of earlier versions have none. */
  readonly otherClinics?: readonly string[];
  /** Columns whose values are large objects' oids; left out where there are none. */
  readonly largeObjects?: readonly string[];
}

export interface ClinicTable extends Base {
  readonly scope: 'clinic';
  /** The first rule that gives a clinic decides; usually one. Never empty. */
  readonly rules: readonly Rule[];
  /** Other ways to the clinic that must agree wherever they give one. */
  readonly witnesses: readonly Rule[];
  /** Rows to which no rule gives a clinic go to every clinic, where the configuration says so. */
  readonly nullKey: 'shared' | undefined;
}

export interface OtherTable extends Base {
  readonly scope: Exclude<Scope, 'clinic'> | 'unresolved';
  readonly copyReferenced: boolean;
}

export type MappedTable = ClinicTable | OtherTable;

/** A foreign key whose two ends end up in different databases. */
export interface CrossingKey {
  readonly table: QualifiedName;
  readonly constraint: string;
  readonly references: QualifiedName;
  /** `dropped`: the column keeps its value, the constraint is not made in the clinic database. */
  readonly outcome: 'dropped' | 'copied';
}

/** What belongs to whom: the record both halves of the program read. */
export interface TenancyMap {
  readonly clinicTable: QualifiedName & { readonly key: string; readonly label: string };
  /** Every table of the catalog except partitions, in the catalog's order. */
  readonly tables: readonly MappedTable[];
  readonly crossingKeys: readonly CrossingKey[];
  readonly findings: readonly Finding[];
}

/** A clinic as the legacy database knows it. */
export interface Clinic {
  /** The key column's value as text. */
  readonly key: string;
  readonly label: string;
}

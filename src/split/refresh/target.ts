import type { Digest } from '../../catalog/digest.js';
import type { QualifiedName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import type { ClinicTarget } from '../../provision/types.js';
import type { Buckets } from '../buckets.js';
import type { TablePlan } from '../plan.js';
import type { RowSink } from '../row-sink.js';

/** A database whose copy is being brought up to date: its session is in the one transaction that does it. */
export interface Refreshing {
  /** Undefined for the central database. */
  readonly target: ClinicTarget | undefined;
  readonly session: Session;
  /** Tables whose row security binds their owner again at the end. */
  readonly forced: readonly QualifiedName[];
  /** Every table, in the plan's order. */
  readonly tables: readonly TableState[];
  /** Takes what the legacy database has in the parts that differ. */
  readonly incoming: RowSink;
}

/** One table of it. */
export interface TableState {
  /** Its place among all tables of the run, by which rows on their way are told apart. */
  readonly index: number;
  readonly plan: TablePlan;
  /** What stampTables() says of it before anything is written. */
  readonly stamp: string;
  /** What the legacy snapshot has for this database. */
  readonly expected: Digest;
  /** The same in the parts that its receipt is to have. */
  readonly digests: Buckets;
  /** In how many parts it was compared, and the numbers of those that differ. */
  readonly parts: number;
  readonly differing: readonly number[];
  /** What the snapshot has in these. */
  readonly inParts: Digest;
  /** True where the survey has kept where the rows lie that are in these, if it has kept any. */
  readonly isByPlace: boolean;
}

/** A database that wants rows of one table. */
export interface Wanting {
  readonly key: string | undefined;
  readonly state: TableState;
  readonly sink: RowSink;
}

/** Rows of one table that were written. */
export interface TableRefresh {
  readonly plan: TablePlan;
  readonly digest: Digest;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** The clinic's key; undefined for the central database, as in receipts and tallies. */
export function keyOf({ target }: Pick<Refreshing, 'target'>): string | undefined {
  return target?.clinic.key;
}

/** Its tables that hold other rows than the legacy database has for them. */
export function changedTables({ tables }: Pick<Refreshing, 'tables'>): TableState[] {
  return tables.filter(({ differing }) => differing.length > 0);
}

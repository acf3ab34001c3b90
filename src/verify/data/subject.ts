import type { Clinic, MappedTable } from '../../tenancy/types.js';

/** One database to look at, and what it has to hold. */
export interface Subject {
  /** Undefined for the central database. */
  readonly clinic: Clinic | undefined;
  /** In words. */
  readonly place: string;
  readonly url: string;
  /** The clinic's login; undefined for the central database. */
  readonly role: string | undefined;
  readonly belonging: readonly MappedTable[];
  /** False where the application writes to it already, so that it may differ from the legacy database. */
  readonly compare: boolean;
}

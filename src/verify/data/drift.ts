import type { SchemaObject } from '../../catalog/types.js';
import type { QualifiedName } from '../../core/identifiers.js';

/** What of a schema a finding tells of. */
export type Thing = Pick<SchemaObject, 'kind' | 'schema' | 'name' | 'dependsOn'>;

/** How a database's schema departs from what it should be. */
export interface Drift {
  readonly table: QualifiedName;
  readonly what: string;
  /**
   * `misplaced`: the table does not belong there; `columns`: its rows cannot be compared; `constraints`: what rules its
   * rows; `object`: anything else that is not as it was; `speed`: how fast rows are found.
   */
  readonly kind: 'misplaced' | 'columns' | 'constraints' | 'object' | 'speed';
  /** A view that the legacy database has not: told with all else that is too much, and in central nobody’s affair. */
  readonly isSurplus?: boolean;
  /** The object that departs, where it is not the table itself. */
  readonly about?: Thing;
  /** SQL that ends it, without its last semicolon. */
  readonly hint?: string;
}

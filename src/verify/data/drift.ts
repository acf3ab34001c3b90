import type { QualifiedName } from '../../core/identifiers.js';

/** How a database's schema departs from what it should be. */
export interface Drift {
  readonly table: QualifiedName;
  readonly what: string;
  /** `misplaced`: the table does not belong there; `columns`: its rows cannot be compared; `lesser`: what hangs on it. */
  readonly kind: 'misplaced' | 'columns' | 'constraints' | 'lesser';
  /** A view that the legacy database has not: in a clinic's database told with all else that is too much. */
  readonly isSurplus?: boolean;
  /** SQL that ends it, without its last semicolon. */
  readonly hint?: string;
}

import { type QualifiedName, quoteName } from '../core/identifiers.js';
import type { Table } from './types.js';

/**
 * The rows of one table, ready for FROM. A table that others inherit from has its own rows only, since theirs are
 * counted with them; a partitioned one has none but its partitions'.
 */
export function rowsOf(table: QualifiedName & Pick<Table, 'kind'>): string {
  return table.kind === 'partitioned' ? quoteName(table) : `ONLY ${quoteName(table)}`;
}

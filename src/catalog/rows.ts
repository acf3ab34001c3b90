import { type QualifiedName, quoteName } from '../core/identifiers.js';
import type { SchemaCatalog, Table } from './types.js';

/**
 * The rows of one table, ready for FROM. A table that others inherit from has its own rows only, since theirs are
 * counted with them; a partitioned one has none but its partitions'.
 */
export function rowsOf(table: QualifiedName & Pick<Table, 'kind'>): string {
  return table.kind === 'partitioned' ? quoteName(table) : `ONLY ${quoteName(table)}`;
}

/** True where rows of it are on another server: it is foreign, or a part of it is. Nothing of such a table is read. */
export function isElsewhere(
  table: QualifiedName & Pick<Table, 'kind'>,
  { tables }: Pick<SchemaCatalog, 'tables'>,
): boolean {
  return (
    table.kind === 'foreign' ||
    tables.some(
      ({ kind, parent }) =>
        kind === 'foreign' && parent?.schema === table.schema && parent.name === table.name,
    )
  );
}

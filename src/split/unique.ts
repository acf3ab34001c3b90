import type { SchemaCatalog, Table } from '../catalog/types.js';
import { RunError } from '../core/errors.js';
import { displayName, type QualifiedName, quoteIdent } from '../core/identifiers.js';

/** The catalog's table of this name; a RunError where the map and the catalog do not fit together. */
export function findTable(catalog: SchemaCatalog, name: QualifiedName): Table {
  const found = catalog.tables.find((table) => table.schema === name.schema && table.name === name.name);
  if (found === undefined) {
    throw new RunError(`the table ${displayName(name)} is in the tenancy map and not in the database`, {
      hint: 'Run inspect again: the schema has changed.',
    });
  }
  return found;
}

/** The table whose rows these are: the root of a partition, else the table itself. */
export function findRoot(catalog: SchemaCatalog, name: QualifiedName): Table {
  const table = findTable(catalog, name);
  return table.parent === undefined ? table : findTable(catalog, table.parent);
}

/** Throws unless at most one row of `table` can match: a join on anything else would double rows. */
export function requireUnique(table: Table, columns: readonly string[]): void {
  if (table.keys.some((key) => key.columns.every((column) => columns.includes(column)))) return;
  throw new RunError(
    `${displayName(table)} has no unique key on (${columns.map(quoteIdent).join(', ')}), so a row that refers to it may belong to several rows`,
    { hint: 'Name another reference in tables.<name>.via, or add the unique constraint.' },
  );
}

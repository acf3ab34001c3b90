import type { Column, SchemaCatalog, Table } from '../catalog/types.js';
import type { TableConfig } from '../config/types.js';
import { quoteIdent } from '../core/identifiers.js';
import { requireColumn } from './tables.js';

/**
 * The columns of a table whose values are large objects' oids: those that the configuration names, and those of the lo
 * extension's type, which is for nothing else. UsageError where the configuration names a column that does not exist.
 */
export function largeObjectColumns(
  table: Table,
  catalog: SchemaCatalog,
  config: TableConfig | undefined,
  where: string,
): string[] {
  const named = config?.largeObjects ?? [];
  for (const column of named) requireColumn(table, column, `${where}.largeObjects`);
  const types = loTypes(catalog);
  return table.columns
    .filter(({ name, type }) => named.includes(name) || types.includes(type))
    .map(({ name }) => name);
}

/** Columns that may name large objects, though nothing says so. */
export function mayNameLargeObjects({ type }: Column): boolean {
  return /(^|\.)(oid|lo)$/.test(type);
}

/** As format_type() writes it, which quotes a schema where it has to. */
function loTypes({ objects }: SchemaCatalog): string[] {
  return objects
    .filter(({ kind, name }) => kind === 'extension' && name === 'lo')
    .flatMap(({ schema }) => [`${schema}.lo`, `${quoteIdent(schema)}.lo`]);
}

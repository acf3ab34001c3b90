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

/** The column's type as format_type() prints it; a RunError where there is no such column. */
export function columnType(table: Table, column: string): string {
  const found = table.columns.find(({ name }) => name === column);
  if (found === undefined) throw new RunError(`the table ${displayName(table)} has no column ${column}`);
  return found.type;
}

/** Throws unless at most one row of `table` can match: a join on anything else would double rows. */
export function requireUnique(table: Table, columns: readonly string[]): void {
  if (table.keys.some((key) => key.columns.every((column) => columns.includes(column)))) return;
  throw new RunError(
    `${displayName(table)} has no unique key on (${columns.map(quoteIdent).join(', ')}), so a row that refers to it may belong to several rows`,
    { hint: 'Name another reference in tables.<name>.via, or add the unique constraint.' },
  );
}

const FAMILIES = [
  /^(smallint|integer|bigint)$/,
  /^(text|character varying(\(\d+\))?)$/,
  /^(uuid|numeric(\(\d+(,\d+)?\))?|date|boolean|oid)$/,
];

/**
 * Equality of two columns. Types that differ, and types of extensions (whose operators an empty search_path
 * does not find), are compared as text: what then fails to match is reported, never guessed.
 */
export function equality(left: string, leftType: string, right: string, rightType: string): string {
  const comparable =
    FAMILIES.slice(0, 2).some((family) => family.test(leftType) && family.test(rightType)) ||
    (leftType === rightType && FAMILIES.some((family) => family.test(leftType)));
  return comparable ? `${left} = ${right}` : `${left}::text = ${right}::text`;
}

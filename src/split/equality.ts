import type { Column, Table } from '../catalog/types.js';
import { RunError } from '../core/errors.js';
import { displayName } from '../core/identifiers.js';

/** A table's column where a query reads it. */
export interface ReadColumn {
  readonly sql: string;
  readonly table: Table;
  readonly name: string;
}

const FAMILIES = [
  /^(smallint|integer|bigint)$/,
  /^(text|character varying(\(\d+\))?)$/,
  /^(uuid|numeric(\(\d+(,\d+)?\))?|date|boolean|oid)$/,
];

/** Byte by byte, whatever the column's collation: two collations do not compare, and one may take two texts for equal. */
export function asKey(sql: string): string {
  return `(${sql}::text COLLATE "C")`;
}

/**
 * Equality of a column and the one that it refers to: the foreign key's own where there is one. Otherwise types that
 * differ, and types of extensions, are compared as text: what then fails to match is reported, never guessed.
 */
export function equality(referenced: ReadColumn, referring: ReadColumn): string {
  const [left, right] = [columnOf(referenced), columnOf(referring)];
  const operator = declaredOperator(referenced, referring);
  if (operator === undefined && !sameFamily(left, right))
    return `${asKey(referenced.sql)} = ${asKey(referring.sql)}`;
  const collation = operator === undefined ? '"C"' : (left.collation ?? 'pg_catalog."default"');
  const collate = left.collation === right.collation ? '' : ` COLLATE ${collation}`;
  return `${referenced.sql} ${operator ?? '='} ${referring.sql}${collate}`;
}

/** True where equal values of both columns have one text, so that the text of either can be taken for the value. */
export function haveOneText(referenced: ReadColumn, referring: ReadColumn): boolean {
  if (declaredOperator(referenced, referring) === undefined) return true;
  const [left, right] = [columnOf(referenced), columnOf(referring)];
  return left.exact && right.exact && (left.type === right.type || sameFamily(left, right));
}

function declaredOperator(referenced: ReadColumn, referring: ReadColumn): string | undefined {
  for (const key of referring.table.foreignKeys) {
    if (displayName(key.references) !== displayName(referenced.table)) continue;
    const at = key.columns.findIndex(
      (column, i) => column === referring.name && key.referencedColumns[i] === referenced.name,
    );
    if (at >= 0) return key.operators[at];
  }
  return undefined;
}

function sameFamily(left: Column, right: Column): boolean {
  return (
    FAMILIES.slice(0, 2).some((family) => family.test(left.type) && family.test(right.type)) ||
    (left.type === right.type && FAMILIES.some((family) => family.test(left.type)))
  );
}

function columnOf({ table, name }: ReadColumn): Column {
  const found = table.columns.find((column) => column.name === name);
  if (found === undefined) throw new RunError(`the table ${displayName(table)} has no column ${name}`);
  return found;
}

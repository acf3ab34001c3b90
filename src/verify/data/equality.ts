import type { Column, Table } from '../../catalog/types.js';
import { RunError } from '../../core/errors.js';
import { displayName } from '../../core/identifiers.js';

/** Keys are compared byte by byte: a collation that takes two clinics' keys for equal must not merge them. */
export const asKey = (sql: string): string => `(${sql})::text COLLATE "C"`;

const NATIVE = [
  /^(smallint|integer|bigint)$/,
  /^(text|character varying(\(\d+\))?)$/,
  /^(uuid|numeric(\(\d+(,\d+)?\))?|date|boolean|oid)$/,
];

/** One side of a comparison: a column of a table, and the SQL by which it is read. */
export interface Side {
  readonly sql: string;
  readonly table: Table;
  readonly column: string;
}

/**
 * Compares a column with the one that it points at (`to`) as the foreign key between the two does. Without a key, built-in
 * types are compared as they are and others as text: what then finds no partner is reported, never guessed.
 */
export function equal(to: Side, from: Side): string {
  const [a, b] = [entryOf(to), entryOf(from)];
  const operator = keyOperator(to, from);
  if (operator === undefined && !isNative(a.type, b.type)) return `${asKey(to.sql)} = ${asKey(from.sql)}`;
  if (a.collation === b.collation) return `${to.sql} ${operator ?? '='} ${from.sql}`;
  const collation = operator === undefined ? '"C"' : (a.collation ?? 'pg_catalog."default"');
  return `${to.sql} ${operator ?? '='} (${from.sql} COLLATE ${collation})`;
}

/** False where a key between these columns takes values for equal whose texts differ, such as 1 and 1.0. */
export function textTells(to: Side, from: Side): boolean {
  const [a, b] = [entryOf(to), entryOf(from)];
  return (
    keyOperator(to, from) === undefined ||
    (a.exact && b.exact && (a.type === b.type || isNative(a.type, b.type)))
  );
}

/** For two built-in types that PostgreSQL compares by the values people see. */
function isNative(left: string, right: string): boolean {
  return NATIVE.some((family, i) => family.test(left) && family.test(right) && (i < 2 || left === right));
}

function keyOperator(to: Side, from: Side): string | undefined {
  return from.table.foreignKeys
    .filter(({ references }) => displayName(references) === displayName(to.table))
    .flatMap(({ columns, referencedColumns, operators }) =>
      operators.filter((_, i) => columns[i] === from.column && referencedColumns[i] === to.column),
    )[0];
}

function entryOf({ table, column }: Side): Column {
  const found = table.columns.find(({ name }) => name === column);
  if (found === undefined) throw new RunError(`${displayName(table)} has no column ${column}`);
  return found;
}

/** RunError unless at most one row of the table has given values in these columns. */
export function requireUnique(table: Table, columns: readonly string[]): void {
  if (table.keys.some((key) => key.columns.every((column) => columns.includes(column)))) return;
  throw new RunError(
    `a way to the clinic leads to ${displayName(table)} by (${columns.join(', ')}), which is not unique`,
    { hint: 'Name a unique column in tables.<name>.via.' },
  );
}

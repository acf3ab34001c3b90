import type { Table } from '../../catalog/types.js';
import { RunError } from '../../core/errors.js';
import { displayName } from '../../core/identifiers.js';

/** Keys are compared byte by byte: a collation that takes two clinics' keys for equal must not merge them. */
export const asKey = (sql: string): string => `(${sql})::text COLLATE "C"`;

const NATIVE = [
  /^(smallint|integer|bigint)$/,
  /^(text|character varying(\(\d+\))?)$/,
  /^(uuid|numeric(\(\d+(,\d+)?\))?|date|boolean|oid)$/,
];

/** True for two built-in types that PostgreSQL compares by the values people see. */
export function comparable(left: string, right: string): boolean {
  return NATIVE.some((family, i) => family.test(left) && family.test(right) && (i < 2 || left === right));
}

/** Other types are compared as text: what then finds no partner is reported, never guessed. */
export function equal(left: string, leftType: string, right: string, rightType: string): string {
  return comparable(leftType, rightType) ? `${left} = ${right}` : `${asKey(left)} = ${asKey(right)}`;
}

export function typeOf(table: Table, column: string): string {
  const found = table.columns.find(({ name }) => name === column);
  if (found === undefined) throw new RunError(`${displayName(table)} has no column ${column}`);
  return found.type;
}

/** RunError unless at most one row of the table has given values in these columns. */
export function requireUnique(table: Table, columns: readonly string[]): void {
  if (table.keys.some((key) => key.columns.every((column) => columns.includes(column)))) return;
  throw new RunError(
    `a way to the clinic leads to ${displayName(table)} by (${columns.join(', ')}), which is not unique`,
    { hint: 'Name a unique column in tables.<name>.via.' },
  );
}

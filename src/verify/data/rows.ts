import { bytesOf, type Digest, digestQuery, EMPTY_DIGEST, parseDigest } from '../../catalog/digest.js';
import { rowsOf } from '../../catalog/rows.js';
import type { Table } from '../../catalog/types.js';
import { quoteIdent } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { asStored, provenColumns } from './places.js';

/** Some rows of one table in one database, as SQL. `where` may use the parameters in `values`. */
export interface RowSet {
  readonly session: Session;
  readonly table: Table;
  readonly from: string;
  /** The table's alias in `from`. */
  readonly row: string;
  readonly where: string;
  readonly values: readonly unknown[];
}

/** All rows of a table. */
export function allRows(session: Session, table: Table): RowSet {
  return { session, table, from: `${rowsOf(table)} AS r`, row: 'r', where: 'true', values: [] };
}

/**
 * SQL that names a row for people and for comparison: its primary key as text. A row without one is named by a hash,
 * since its values may be a patient's.
 */
export function rowId(table: Table, alias: string): string {
  const primary = table.keys.find((key) => key.primary)?.columns ?? [];
  const column = (name: string): string => `${alias}.${quoteIdent(name)}`;
  if (primary.length === 1) return `${column(primary[0] ?? '')}::text`;
  if (primary.length > 1) return `ROW(${primary.map(column).join(', ')})::text`;
  return `'md5:' || md5(${bytesOf(rowText(asStored(table), alias))})`;
}

/** SQL of a row's compared columns as one text. */
export function rowText(table: Table, alias: string): string {
  const columns = provenColumns(table).map((name) => `${alias}.${quoteIdent(name)}`);
  return `ROW(${columns.join(', ')})::text`;
}

/** The digest of these rows over the legacy table's columns. */
export async function digestOf({ session, table, from, row, where, values }: RowSet): Promise<Digest> {
  const columns = provenColumns(table);
  const [found] = await session.query(digestQuery({ from, row, columns, where }), values);
  return found === undefined ? EMPTY_DIGEST : parseDigest(found);
}

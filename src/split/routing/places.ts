import type { RowId } from '../circle.js';
import type { FromClause, Member } from '../joins.js';

/** Where a row lies. */
export function rowId(row: Member): RowId {
  return { tab: row.expression('tableoid'), tid: row.expression('ctid') };
}

/** Joins what is known of each row by its place; answers with the alias. */
export function joinPlace(name: string, row: Member, from: FromClause): string {
  const place = `${row.alias}p`;
  const id = rowId(row);
  from.joinNamed(name, place, `${place}.tab = ${id.tab} AND ${place}.tid = ${id.tid}`);
  return place;
}

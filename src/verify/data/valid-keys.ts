import { rowsOf } from '../../catalog/rows.js';
import type { ForeignKey, SchemaCatalog, Table } from '../../catalog/types.js';
import { quoteIdent, quoteLiteral, quoteName, sameName } from '../../core/identifiers.js';
import type { ClinicTable, Reference, TenancyMap } from '../../tenancy/types.js';
import { equal } from './equality.js';
import { catalogTable, isClinicTable } from './places.js';

/** A valid foreign key of a clinic table, or of a part of it, that its database keeps. */
export interface ValidKey {
  readonly owner: Table;
  readonly key: ForeignKey;
}

/** A key by which a row can name what is not there only if its checks were off when it was written. */
export function validKeys(mapped: ClinicTable, catalog: SchemaCatalog, map: TenancyMap): ValidKey[] {
  return catalog.tables
    .filter((table) => sameName(table, mapped) || (table.parent && sameName(table.parent, mapped)))
    .flatMap((owner) =>
      owner.foreignKeys
        .filter((key) => key.validated && !/\bPERIOD\b/.test(key.definition))
        .filter((key) => isKept(key, owner, mapped, catalog, map))
        .map((key) => ({ owner, key })),
    );
}

function isKept(
  key: ForeignKey,
  owner: Table,
  mapped: ClinicTable,
  catalog: SchemaCatalog,
  map: TenancyMap,
): boolean {
  const target = catalog.tables.find((table) => sameName(table, key.references));
  const whole = map.tables.find((table) => target && sameName(table, target.parent ?? target));
  if (whole === undefined || whole.scope === 'ignored' || whole.scope === 'unresolved') return false;
  // The central database has the table of clinics whole, with its keys to central tables and to itself.
  if (isClinicTable(map, mapped) && (isClinicTable(map, whole) || whole.scope === 'central')) return true;
  return !map.crossingKeys.some(
    ({ table, constraint, outcome }) =>
      outcome === 'dropped' && constraint === key.name && sameName(table, owner),
  );
}

/** True where a reference is this key: what it joins tells whether the row is there. */
export function follows(
  { columns, references, referencedColumns, when }: Reference,
  { key }: ValidKey,
): boolean {
  return (
    when === undefined &&
    sameName(references, key.references) &&
    columns.length === key.columns.length &&
    columns.every(
      (column, i) => column === key.columns[i] && referencedColumns[i] === key.referencedColumns[i],
    )
  );
}

/** SQL: the row names by the key what is not there; `there` is true where it is. MATCH FULL forbids half a name, too. */
export function breaks({ owner, key }: ValidKey, row: string, there: string): string {
  const named = key.columns.map((column) => `${row}.${quoteIdent(column)} IS NOT NULL`);
  const full = /\bMATCH FULL\b/.test(key.definition);
  const names = `(${named.join(full ? ' OR ' : ' AND ')})`;
  const holds = full ? `(${[...named, there].join(' AND ')})` : there;
  const broken = `(${names} AND NOT ${holds})`;
  if (owner.parent === undefined) return broken;
  const parts = `pg_partition_tree(${quoteLiteral(quoteName(owner))}::regclass)`;
  return `(${row}.tableoid IN (SELECT relid FROM ${parts}) AND ${broken})`;
}

/** SQL of the same, with the row that is referred to looked up by a join that is added to `from`. */
export function breaksJoined(
  valid: ValidKey,
  row: string,
  from: string[],
  catalog: SchemaCatalog,
  alias: string,
): string {
  const { owner, key } = valid;
  const target = catalogTable(catalog, key.references);
  const list = key.referencedColumns.map((column, i) => `${quoteIdent(column)} AS k${i}`);
  const on = key.columns.map((column, i) =>
    equal(
      { sql: `${alias}.k${i}`, table: target, column: key.referencedColumns[i] ?? '' },
      { sql: `${row}.${quoteIdent(column)}`, table: owner, column },
    ),
  );
  from.push(
    `LEFT JOIN (SELECT ${list.join(', ')} FROM ${rowsOf(target)}) AS ${alias} ON ${on.join(' AND ')}`,
  );
  return breaks(valid, row, `${alias}.k0 IS NOT NULL`);
}

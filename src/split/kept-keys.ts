import { rowsOf } from '../catalog/rows.js';
import type { ForeignKey, SchemaCatalog, Table } from '../catalog/types.js';
import { type QualifiedName, quoteIdent, quoteLiteral, quoteName, sameName } from '../core/identifiers.js';
import type { MappedTable, Rule, TenancyMap } from '../tenancy/types.js';
import { equality } from './equality.js';
import type { FromClause, Member } from './joins.js';
import { ROUTE } from './judgement.js';
import { findRoot } from './unique.js';

/** A foreign key that is valid, by what the catalog says, and whose two ends stay in one database. */
export interface KeptKey {
  /** The table that has it: the mapped one, or a part of it. */
  readonly owner: Table;
  readonly key: ForeignKey;
  readonly target: Table;
}

/** The keys of a table and of its parts that have to hold wherever its rows go. A PERIOD matches what overlaps. */
export function keptKeys(table: MappedTable, catalog: SchemaCatalog, map: TenancyMap): KeptKey[] {
  if (table.scope === 'ignored' || table.scope === 'unresolved') return [];
  const owners = catalog.tables.filter((each) => sameName(each.parent ?? each, table));
  return owners.flatMap((owner) =>
    owner.foreignKeys.flatMap((key) => {
      const target = catalog.tables.find((each) => sameName(each, key.references));
      if (target === undefined || !key.validated || /\bPERIOD\b/.test(key.definition)) return [];
      const to = map.tables.find((each) => sameName(each, findRoot(catalog, target)));
      const isDropped = map.crossingKeys.some(
        (one) => one.outcome === 'dropped' && one.constraint === key.name && sameName(one.table, owner),
      );
      return to !== undefined && staysTogether(table, to, isDropped, map) ? [{ owner, key, target }] : [];
    }),
  );
}

/** True where some database gets both ends of a key; what is dropped is so in clinic databases alone. */
function staysTogether(
  from: MappedTable,
  to: MappedTable,
  isDropped: boolean,
  { clinicTable }: TenancyMap,
): boolean {
  if (to.scope === 'ignored' || to.scope === 'unresolved') return false;
  const isInCentral = (table: MappedTable): boolean =>
    table.scope === 'central' || table.scope === 'shared' || sameName(table, clinicTable);
  return !isDropped || (isInCentral(from) && isInCentral(to));
}

/** True where a way follows just this key, so that its join tells whether the row referred to is there. */
export function isWay(rule: Rule, { owner, key }: KeptKey, table: QualifiedName): boolean {
  if (rule.kind !== 'path' || !sameName(owner, table)) return false;
  const { reference } = rule;
  return (
    reference.when === undefined &&
    sameName(reference.references, key.references) &&
    reference.columns.join('\0') === key.columns.join('\0') &&
    reference.referencedColumns.join('\0') === key.referencedColumns.join('\0')
  );
}

/** SQL, true or false: the row breaks the key, where `found` says whether the row referred to is there. */
export function breaksKey({ key, owner }: KeptKey, row: Member, found: string): string {
  const named = key.columns.map((column) => `${row.column(column)} IS NOT NULL`);
  const all = named.join(' AND ');
  const isFull = /\bMATCH FULL\b/.test(key.definition) && named.length > 1;
  const broken = isFull
    ? `((${named.join(' OR ')}) AND NOT (${all} AND ${found}))`
    : `(${all} AND NOT ${found})`;
  if (owner.parent === undefined) return broken;
  const parts = `SELECT relid::oid FROM pg_partition_tree(${quoteLiteral(quoteName(owner))}::regclass)`;
  return `(${row.expression('tableoid')} = ANY (ARRAY(${parts})) AND ${broken})`;
}

/** Joins what the key refers to, and says in SQL (a letter of ROUTE or NULL) whether the row breaks it. */
export function danglingFault(
  kept: KeptKey,
  row: Member,
  from: FromClause,
  member: (table: Table) => Member,
): string {
  const { owner, key, target } = kept;
  const parent = member(target);
  const pairs = key.columns.map((name, i) => {
    const referenced = key.referencedColumns[i] ?? '';
    return equality(
      { sql: parent.column(referenced), table: target, name: referenced },
      { sql: row.column(name), table: owner, name },
    );
  });
  from.join(parent, pairs.join(' AND '));
  const found = `${parent.column(key.referencedColumns[0] ?? '')} IS NOT NULL`;
  return `CASE WHEN ${breaksKey(kept, row, found)} THEN '${ROUTE.dangling}' END`;
}

/** SQL after FROM for the rows, under the alias r, of a key's own table that break it. */
export function brokenRows({ owner, key, target }: KeptKey): string {
  const column = (name: string): string => `r.${quoteIdent(name)}`;
  const on = key.columns.map((name, i) => {
    const referenced = key.referencedColumns[i] ?? '';
    return equality(
      { sql: `p.${quoteIdent(referenced)}`, table: target, name: referenced },
      { sql: column(name), table: owner, name },
    );
  });
  const named = key.columns.map((name) => `${column(name)} IS NOT NULL`);
  const isFull = /\bMATCH FULL\b/.test(key.definition);
  const there = `EXISTS (SELECT FROM ${rowsOf(target)} AS p WHERE ${on.join(' AND ')})`;
  const broken = isFull
    ? `(${named.join(' OR ')}) AND NOT (${named.join(' AND ')} AND ${there})`
    : `${named.join(' AND ')} AND NOT ${there}`;
  return `${rowsOf(owner)} AS r WHERE ${broken}`;
}

import { rowsOf } from '../catalog/rows.js';
import type { ForeignKey, SchemaCatalog, Table } from '../catalog/types.js';
import { type QualifiedName, quoteIdent, quoteLiteral } from '../core/identifiers.js';
import type { MappedTable, TenancyMap } from '../tenancy/types.js';
import { equality } from './equality.js';
import { memberFactory } from './joins.js';
import { ROUTE } from './judgement.js';
import { type Routing, routing } from './routing.js';
import { findRoot, findTable } from './unique.js';

interface ReferencedOptions {
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  readonly suspects: ReadonlySet<string>;
  /** Every clinic's key: what else a row may name is no clinic's. */
  readonly keys: Iterable<string>;
  readonly columns: readonly string[];
  /** SQL over the table's own columns, unqualified. */
  readonly expressions?: readonly string[];
}

/**
 * The rows of a central table that clinics' rows refer to, directly or through other such tables: each row once for
 * each clinic that needs it, or once for all of them.
 */
export function referencedRouting(table: MappedTable, options: ReferencedOptions): Routing {
  const { map, columns } = options;
  const copied = map.tables.filter((each) => each.scope === 'central' && each.copyReferenced);
  const routes = [ROUTE.shared, ...[...options.keys].map((key) => ROUTE.key + key)].map(quoteLiteral);
  const keys = keysTo(options, copied);
  const named = keys.flatMap((key) => naming(key, options));
  const steps = keys
    .filter(({ from }) => copied.some((each) => same(each, from)))
    .map(
      (key) => `SELECT r.tableoid, r.ctid, p.tableoid, p.ctid
        FROM ${rowsOf(key.from)} AS r JOIN ${rowsOf(key.to)} AS p ON ${matches(key, quoteIdent)}`,
    );
  const nothing = (rest: string): string => `SELECT NULL::oid, NULL::tid, ${rest} WHERE false`;
  const row = memberFactory()(findTable(options.catalog, table));
  const id = { tab: row.expression('tableoid'), tid: row.expression('ctid') };
  const selected = columns.map((name) => row.column(name));
  const expressions = (options.expressions ?? []).map((sql) => row.expression(sql));
  return {
    with: `WITH RECURSIVE step (tab, tid, up_tab, up_tid) AS (${[nothing('NULL::oid, NULL::tid'), ...steps].join('\nUNION ALL\n')}),
need (tab, tid, route) AS (
  SELECT tab, tid, route FROM (${[nothing('NULL::text'), ...named].join('\nUNION ALL\n')}) AS named (tab, tid, route)
   WHERE route = ANY (ARRAY[${routes.join(', ')}])
  UNION SELECT step.up_tab, step.up_tid, need.route FROM need JOIN step ON step.tab = need.tab AND step.tid = need.tid),
due (tab, tid, route) AS (
  SELECT n.tab, n.tid, n.route FROM need AS n
    LEFT JOIN need AS all_get ON all_get.tab = n.tab AND all_get.tid = n.tid AND all_get.route = '${ROUTE.shared}'
   WHERE n.route = '${ROUTE.shared}' OR all_get.tid IS NULL)\n`,
    from: `${row.from()} JOIN due ON due.tab = ${id.tab} AND due.tid = ${id.tid}`,
    route: 'due.route',
    columns: selected,
    expressions,
  };
}

interface KeyBetween {
  readonly from: Table;
  readonly key: ForeignKey;
  readonly to: Table;
}

/** The foreign keys that clinic databases keep to one of these tables, these tables' own included. */
function keysTo({ catalog, map }: ReferencedOptions, copied: readonly MappedTable[]): KeyBetween[] {
  return catalog.tables.flatMap((owner) => {
    // A partition may have keys of its own, and a key may lead to a partition.
    const from = findRoot(catalog, owner);
    const mapped = map.tables.find((each) => same(each, from));
    const isThere =
      mapped?.scope === 'clinic' || mapped?.scope === 'shared' || copied.some((each) => same(each, from));
    if (!isThere) return [];
    return owner.foreignKeys.flatMap((key) => {
      const to = catalog.tables.some((table) => same(table, key.references))
        ? findRoot(catalog, key.references)
        : undefined;
      return to !== undefined && copied.some((each) => same(each, to)) ? [{ from, key, to }] : [];
    });
  });
}

/** SELECTs of (tab, tid, route): the row of `to` that each row of a clinic's or shared table refers to. */
function naming(between: KeyBetween, options: ReferencedOptions): string[] {
  const { from, key, to } = between;
  const mapped = options.map.tables.find((each) => same(each, from));
  if (mapped?.scope === 'shared') {
    return [
      `SELECT p.tableoid, p.ctid, '${ROUTE.shared}' FROM ${rowsOf(from)} AS r
         JOIN ${rowsOf(to)} AS p ON ${matches(between, quoteIdent)}`,
    ];
  }
  if (mapped?.scope !== 'clinic') return [];
  const routed = routing(mapped, { ...options, columns: key.columns, expressions: [] });
  const list = routed.columns.map((sql, i) => `${sql} AS c${i}`);
  return [
    `SELECT p.tableoid, p.ctid, r.route
       FROM (${routed.with}SELECT ${[`${routed.route} AS route`, ...list].join(', ')} FROM ${routed.from}) AS r
       JOIN ${rowsOf(to)} AS p ON ${matches(between, (_, i) => `c${i}`)}`,
  ];
}

/** The condition of the foreign key between `r` and `p`; `nameOf` says what its columns are called in `r`. */
function matches({ from, key, to }: KeyBetween, nameOf: (column: string, i: number) => string): string {
  return key.columns
    .map((column, i) => {
      const referenced = key.referencedColumns[i] ?? '';
      return equality(
        { sql: `p.${quoteIdent(referenced)}`, table: to, name: referenced },
        { sql: `r.${nameOf(column, i)}`, table: from, name: column },
      );
    })
    .join(' AND ');
}

function same(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.name === b.name;
}

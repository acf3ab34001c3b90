import type { SchemaCatalog } from '../catalog/types.js';
import type { ClinicTable, TenancyMap } from '../tenancy/types.js';
import { FromClause } from './joins.js';
import { ROUTE } from './judgement.js';
import { RoutingQuery } from './routing/query.js';
import { findTable } from './unique.js';

/** A query over one table, and what may be selected from it. Every table row comes out exactly once. */
export interface Routing {
  /** SQL before SELECT: empty, or a WITH clause. */
  readonly with: string;
  /** SQL after FROM. */
  readonly from: string;
  /** SQL of the route, text and never NULL: a letter of ROUTE, then the clinic's key as text where there is one. */
  readonly route: string;
  /** SQL of the columns asked for, in order. */
  readonly columns: readonly string[];
  /** SQL of the expressions asked for, in order. */
  readonly expressions: readonly string[];
}

export interface RoutingOptions {
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  readonly columns: readonly string[];
  /** SQL over the table's own columns, unqualified. */
  readonly expressions?: readonly string[];
  /**
   * Display names of tables known to hold rows without a place. A row that refers to such a row shares its
   * fate; without this, only the row's own ways to a clinic are judged.
   */
  readonly suspects?: ReadonlySet<string>;
}

/** The routing of a clinic table's rows: LEFT JOINs up its paths, each on a unique key; see circle.ts for circles. */
export function routing(table: ClinicTable, options: RoutingOptions): Routing {
  const query = new RoutingQuery(options.catalog, options.map, options.suspects ?? new Set());
  const root = query.member(findTable(options.catalog, table));
  const from = new FromClause(root);
  const judged = query.judge(table, root, from, true);
  const columns = options.columns.map((name) => root.column(name));
  const expressions = (options.expressions ?? []).map((sql) => root.expression(sql));
  const key = `coalesce(${judged.key}, '')`;
  return {
    with: query.with(),
    route: `CASE WHEN ${judged.fault} IS NOT NULL THEN ${judged.fault} || ${key}
      WHEN ${judged.shared} THEN '${ROUTE.shared}' ELSE '${ROUTE.key}' || ${key} END`,
    columns,
    expressions,
    from: from.sql(),
  };
}

/** What each way of a table by itself says of a row, to tell which of them disagree: keys as text, rules first. */
export function wayKeys(
  table: ClinicTable,
  {
    catalog,
    map,
    expressions,
  }: Pick<RoutingOptions, 'catalog' | 'map'> & { readonly expressions: readonly string[] },
): Omit<Routing, 'route' | 'columns'> & { readonly keys: readonly string[] } {
  const query = new RoutingQuery(catalog, map, new Set());
  const root = query.member(findTable(catalog, table));
  const from = new FromClause(root);
  const keys = query.waysOf(table, root, from);
  const selected = expressions.map((sql) => root.expression(sql));
  return { with: query.with(), keys, expressions: selected, from: from.sql() };
}

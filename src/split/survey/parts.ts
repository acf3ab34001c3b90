import {
  addDigests,
  type Digest,
  type DigestedRows,
  digestQuery,
  EMPTY_DIGEST,
  parseDigest,
} from '../../catalog/digest.js';
import { rowsOf } from '../../catalog/rows.js';
import type { SchemaCatalog, Table } from '../../catalog/types.js';
import type { Session } from '../../core/ports.js';
import type { MappedTable, TenancyMap } from '../../tenancy/types.js';
import { Buckets, bucketSql, columnOf, keyText, type RowKey, rowKey } from '../buckets.js';
import { LineSplitter, unescapeField } from '../copy-text.js';
import { Places } from '../places.js';
import { planTables, type TablePlan } from '../plan.js';
import type { StoredParts } from '../stored-parts.js';

/** How one table is digested in parts. */
export interface TableParts {
  readonly plan: TablePlan;
  readonly stored: StoredParts;
  readonly key: RowKey;
}

/** Undefined for a table that is not copied. */
export function surveyParts(
  stored: StoredParts,
  catalog: SchemaCatalog,
  map: TenancyMap,
  table: MappedTable,
): TableParts | undefined {
  const [plan] = planTables(catalog, { ...map, tables: [table] });
  if (plan === undefined) return undefined;
  return { plan, stored, key: rowKey(catalog, plan) };
}

/** A table that goes somewhere whole. */
export async function wholeTable(
  session: Session,
  table: Table,
  columns: readonly string[],
  parts: TableParts | undefined,
): Promise<{ total: Digest; buckets: Buckets }> {
  const count = parts === undefined ? 1 : parts.stored.countForWhole(parts.plan);
  const buckets = new Buckets(count);
  const key = parts === undefined ? '' : keyText(parts.key, columnOf('t'));
  const bucket = bucketSql(key, `${count - 1}`);
  const rows = { from: `${rowsOf(table)} AS t`, row: 't', columns };
  const groups = count === 1 ? {} : { bucket };
  await readDigests(session, digestQuery(rows, groups), Object.keys(groups).length, ([part = '0'], digest) =>
    buckets.add(Number(part), digest),
  );
  return { total: buckets.total(), buckets };
}

/** What a survey in parts found of one route. */
export interface RouteInParts {
  readonly route: string;
  readonly digest: Digest;
  readonly buckets: Buckets;
}

/** The digests of rows by their route, in parts of each, and where the rows lie that may have changed. `r.route` is the route. */
export async function routesInParts(
  session: Session,
  withClause: string,
  rows: DigestedRows,
  { plan, stored, key }: TableParts,
): Promise<{ routes: RouteInParts[]; places: Places }> {
  const mask = stored.maskByRoute(plan, 'r.route');
  const bucket = bucketSql(
    keyText(key, (name) => `r.c${plan.proof.indexOf(name)}`),
    mask,
  );
  const groups = { route: 'r.route', ...(mask === '0' ? {} : { bucket }) };
  const found = new Map<string, { route: string; digest: Digest; buckets: Buckets }>();
  const places = new Places();
  const sql = withClause + digestQuery(rows, groups, { places: 'r.place' });
  await readDigests(session, sql, Object.keys(groups).length, ([route = '', i = '0'], digest, lie) => {
    const part = Number(i);
    let known = found.get(route);
    if (known === undefined) {
      const buckets = new Buckets(stored.countForRoute(plan, route));
      known = { route, digest: EMPTY_DIGEST, buckets };
      found.set(route, known);
    }
    known.buckets.add(part, digest);
    known.digest = addDigests(known.digest, digest);
    if (!stored.isAsBefore(plan, route, part, digest)) places.add(route, part, lie, digest.rows);
  });
  return { routes: [...found.values()], places };
}

/** Streams the groups of a digestQuery(), of which there may be very many: what it groups by, and what it lists. */
async function readDigests(
  session: Session,
  sql: string,
  groups: number,
  onGroup: (groups: string[], digest: Digest, list: string) => void,
): Promise<void> {
  const splitter = new LineSplitter((buffer, start, end) => {
    const fields = buffer.toString('utf8', start, end - 1).split('\t');
    const [rows, sum1, sum2, list = ''] = fields.slice(groups);
    onGroup(fields.slice(0, groups).map(unescapeField), parseDigest({ rows, sum1, sum2 }), list);
  });
  for await (const chunk of session.copyOut(`COPY (${sql}) TO STDOUT`)) splitter.push(chunk as Buffer);
}

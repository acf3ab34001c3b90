import {
  addDigests,
  type Digest,
  type DigestedRows,
  digestQuery,
  EMPTY_DIGEST,
  parseDigest,
} from '../catalog/digest.js';
import { rowsOf } from '../catalog/rows.js';
import type { SchemaCatalog, Table } from '../catalog/types.js';
import type { Session } from '../core/ports.js';
import type { MappedTable, TenancyMap } from '../tenancy/types.js';
import { type BucketPlan, Buckets, bucketSql, columnOf, keyText, type RowKey, rowKey } from './buckets.js';
import { LineSplitter, unescapeField } from './copy-text.js';
import { planTables, type TablePlan } from './plan.js';

/** How one table is digested in parts. */
export interface TableParts {
  readonly plan: TablePlan;
  readonly buckets: BucketPlan;
  readonly key: RowKey;
}

/** Undefined for a table that is not copied. */
export function surveyParts(
  buckets: BucketPlan,
  catalog: SchemaCatalog,
  map: TenancyMap,
  table: MappedTable,
): TableParts | undefined {
  const [plan] = planTables(catalog, { ...map, tables: [table] });
  if (plan === undefined) return undefined;
  return { plan, buckets, key: rowKey(catalog, plan) };
}

/** A table that goes somewhere whole. */
export async function wholeTable(
  session: Session,
  table: Table,
  columns: readonly string[],
  parts: TableParts | undefined,
): Promise<{ total: Digest; buckets: Buckets }> {
  const count = parts === undefined ? 1 : parts.buckets.countForWhole(parts.plan);
  const buckets = new Buckets(count);
  const key = parts === undefined ? '' : keyText(parts.key, columnOf('t'));
  const bucket = bucketSql(key, `${count - 1}`);
  const rows = { from: `${rowsOf(table)} AS t`, row: 't', columns };
  await readDigests(session, digestQuery(rows, count === 1 ? {} : { bucket }), (fields, digest) =>
    buckets.add(fields.length === 0 ? 0 : Number(fields[0]), digest),
  );
  return { total: buckets.total(), buckets };
}

/** The digests of rows by their route, in parts of each. `r.route` is the route. */
export async function routesInParts(
  session: Session,
  withClause: string,
  rows: DigestedRows,
  { plan, buckets, key }: TableParts,
): Promise<{ route: string; digest: Digest; buckets: Buckets }[]> {
  const mask = buckets.maskByRoute(plan, 'r.route');
  const bucket = bucketSql(
    keyText(key, (name) => `r.c${plan.proof.indexOf(name)}`),
    mask,
  );
  const groups = { route: 'r.route', ...(mask === '0' ? {} : { bucket }) };
  const found = new Map<string, { route: string; digest: Digest; buckets: Buckets }>();
  await readDigests(session, withClause + digestQuery(rows, groups), ([route = '', i = '0'], digest) => {
    const known = found.get(route) ?? {
      route,
      digest: EMPTY_DIGEST,
      buckets: new Buckets(buckets.countForRoute(plan, route)),
    };
    known.buckets.add(Number(i), digest);
    found.set(route, { ...known, digest: addDigests(known.digest, digest) });
  });
  return [...found.values()];
}

/** Streams the groups of a digestQuery(), of which there may be very many; `groups` are the values that it groups by. */
async function readDigests(
  session: Session,
  sql: string,
  onGroup: (groups: string[], digest: Digest) => void,
): Promise<void> {
  const splitter = new LineSplitter((buffer, start, end) => {
    const fields = buffer
      .toString('utf8', start, end - 1)
      .split('\t')
      .map(unescapeField);
    const [rows, sum1, sum2] = fields.slice(-3);
    onGroup(fields.slice(0, -3), parseDigest({ rows, sum1, sum2 }));
  });
  for await (const chunk of session.copyOut(`COPY (${sql}) TO STDOUT`)) splitter.push(chunk as Buffer);
}

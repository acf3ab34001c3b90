import { type Digest, digestQuery, EMPTY_DIGEST, parseDigest } from '../catalog/digest.js';
import type { SchemaCatalog } from '../catalog/types.js';
import type { Session } from '../core/ports.js';
import { Buckets, bucketSql, columnOf, keyText, rowKey } from './buckets.js';
import type { TablePlan } from './plan.js';

/** Counts and digests tables as the database itself sees them, in the order given. */
export async function digestTables(
  session: Session,
  tables: readonly { readonly rows: string; readonly columns: readonly string[] }[],
): Promise<Digest[]> {
  if (tables.length === 0) return [];
  const queries = tables.map(({ rows, columns }, i) => {
    const digest = digestQuery({ from: `${rows} AS t`, row: 't', columns });
    return `SELECT ${i} AS i, d.* FROM (${digest}) AS d`;
  });
  const found = await session.query<{ i: number }>(queries.join(' UNION ALL '));
  const digests = new Map(found.map((row) => [row.i, parseDigest(row)]));
  return tables.map((_, i) => digests.get(i) ?? EMPTY_DIGEST);
}

/** The same in so many parts of each table. */
export async function digestParts(
  session: Session,
  catalog: SchemaCatalog,
  plans: readonly TablePlan[],
  counts: readonly number[],
): Promise<Buckets[]> {
  const buckets = counts.map((count) => new Buckets(count));
  if (plans.length === 0) return buckets;
  const queries = plans.map((plan, i) => {
    const count = counts[i] ?? 1;
    const bucket = bucketSql(keyText(rowKey(catalog, plan), columnOf('t')), `${count - 1}`);
    const rows = { from: `${plan.rows} AS t`, row: 't', columns: plan.proof };
    const digests = digestQuery(rows, count === 1 ? {} : { bucket });
    const part = `concat_ws(' ', ${count === 1 ? '0' : 'bucket'}, rows, sum1, sum2)`;
    // One row a table: there may be very many parts.
    return `SELECT ${i} AS i, string_agg(${part}, ',') AS parts FROM (${digests}) AS d`;
  });
  const found = await session.query<{ i: number; parts: string | null }>(queries.join(' UNION ALL '));
  for (const { i, parts } of found)
    for (const part of parts === null ? [] : parts.split(',')) {
      const [bucket, rows, sum1, sum2] = part.split(' ');
      buckets[i]?.add(Number(bucket), parseDigest({ rows, sum1, sum2 }));
    }
  return buckets;
}

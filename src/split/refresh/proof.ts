import { addDigests, digestQuery, EMPTY_DIGEST, parseDigest, sameDigest } from '../../catalog/digest.js';
import type { SchemaCatalog } from '../../catalog/types.js';
import { bucketSql, columnOf, keyText, rowKey } from '../buckets.js';
import type { TablePlan } from '../plan.js';
import type { Refreshing, TableState } from './target.js';

/** Whatever is written from here on, in this transaction or savepoint, bears the same mark as this row. */
export const MARK = 'INSERT INTO pg_temp.clinic_migrate_diff (tab) VALUES (-1)';

/**
 * Tables that do not hold what the snapshot has for this database. The parts that differed are digested again. All
 * others were found equal under the lock that still holds; no row in them bears the mark of what was written since, and
 * none is missing, so nothing in them has changed.
 */
export async function wrongTables(
  { session, tables }: Refreshing,
  catalog: SchemaCatalog,
  plans: readonly TablePlan[],
): Promise<TablePlan[]> {
  const states = tables.filter(({ plan }) => plans.includes(plan));
  const found = await session.query<{ i: number; all: string; marked: string; ours: boolean | null }>(
    states.map((state, i) => proofQuery(state, catalog, i)).join(' UNION ALL '),
  );
  return states
    .filter((state, i) => {
      const rows = found.filter((row) => row.i === i);
      const inParts = rows.map(parseDigest).reduce(addDigests, EMPTY_DIGEST);
      const marked = rows.filter(({ ours }) => ours).reduce((sum, row) => sum + parseDigest(row).rows, 0);
      const isWhole = Number(rows[0]?.all) === state.expected.rows && Number(rows[0]?.marked) === marked;
      return !isWhole || !sameDigest(inParts, state.inParts);
    })
    .map(({ plan }) => plan);
}

function proofQuery({ plan, parts, differing }: TableState, catalog: SchemaCatalog, i: number): string {
  const from = `${plan.rows} AS t`;
  const isMarked = 't.xmin = (SELECT m.xmin FROM pg_temp.clinic_migrate_diff AS m WHERE m.tab = -1)';
  const bucket = bucketSql(keyText(rowKey(catalog, plan), columnOf('t')), `${parts - 1}`);
  const where =
    differing.length === parts ? 'true' : `${bucket} = ANY (ARRAY[${differing.join(', ')}]::bigint[])`;
  const digests = digestQuery({ from, row: 't', columns: plan.proof, where }, { ours: isMarked });
  const counts = `SELECT count(*)::text AS "all", (count(*) FILTER (WHERE ${isMarked}))::text AS marked FROM ${from}`;
  return `SELECT ${i} AS i, c."all", c.marked, d.ours, coalesce(d.rows, '0') AS rows, coalesce(d.sum1, '0') AS sum1, coalesce(d.sum2, '0') AS sum2
    FROM (${counts}) AS c LEFT JOIN (${digests}) AS d ON true`;
}

import { digestSums, lineOf, parseDigest, sameDigest } from '../../catalog/digest.js';
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
  const found = await session.query<{ i: number; all: string; marked: string; ours: string }>(
    states.map((state, i) => proofQuery(state, catalog, i)).join(' UNION ALL '),
  );
  return states
    .filter((state, i) => {
      const row = found.find((each) => each.i === i);
      const isWhole = Number(row?.all) === state.expected.rows && row?.marked === row?.ours;
      return row === undefined || !isWhole || !sameDigest(parseDigest(row), state.inParts);
    })
    .map(({ plan }) => plan);
}

/** One pass: all rows and those with the mark are counted; of rows in the parts that differed there is a text, and so a digest. */
function proofQuery({ plan, parts, differing }: TableState, catalog: SchemaCatalog, i: number): string {
  const isMarked = 't.xmin = (SELECT m.xmin FROM pg_temp.clinic_migrate_diff AS m WHERE m.tab = -1)';
  const bucket = bucketSql(keyText(rowKey(catalog, plan), columnOf('t')), `${parts - 1}`);
  const isInPart =
    differing.length === parts ? 'true' : `${bucket} = ANY (ARRAY[${differing.join(', ')}]::bigint[])`;
  const line = `CASE WHEN ${isInPart} THEN ${lineOf('t', plan.proof)} END`;
  return `SELECT ${i} AS i, count(*)::text AS "all", (count(*) FILTER (WHERE marked))::text AS marked,
      (count(*) FILTER (WHERE marked AND line IS NOT NULL))::text AS ours, count(line)::text AS rows, ${digestSums('line', ' FILTER (WHERE line IS NOT NULL)')}
    FROM (SELECT ${isMarked} AS marked, ${line} AS line FROM ${plan.rows} AS t OFFSET 0) AS proved`;
}

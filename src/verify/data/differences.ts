import { bytesOf, digestQuery, hashOfText, parseDigest, sameDigest } from '../../catalog/digest.js';
import { provenColumns } from './places.js';
import { type RowSet, rowId, rowText } from './rows.js';

/** Rows by which two sets differ, by id. */
export interface Differences {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly changed: readonly string[];
  /** True where there are more differences than were looked at. */
  readonly partial: boolean;
}

const ROWS_PER_BUCKET = 500;
const MAX_BUCKETS = 4096;
const BUCKETS_LOOKED_AT = 16;

/**
 * Finds out by which rows two sets differ without fetching either: digests of buckets of rows first, then the rows of
 * the buckets that differ, as far as a person wants to read.
 */
export async function findDifferences(expected: RowSet, actual: RowSet, rows: number): Promise<Differences> {
  const count = Math.max(1, Math.min(MAX_BUCKETS, Math.ceil(rows / ROWS_PER_BUCKET)));
  const [left, right] = await Promise.all([readBuckets(expected, count), readBuckets(actual, count)]);
  const differing = [...new Set([...left.keys(), ...right.keys()])].filter((bucket) => {
    const [a, b] = [left.get(bucket), right.get(bucket)];
    return a === undefined || b === undefined || !sameDigest(a, b);
  });
  const looked = differing.slice(0, BUCKETS_LOOKED_AT);
  const [there, here] = await Promise.all([
    readRows(expected, count, looked),
    readRows(actual, count, looked),
  ]);
  return { ...compareRows(there, here), partial: differing.length > looked.length };
}

const bucketOf = ({ table, row }: RowSet, count: number): string =>
  `(abs(${hashOfText(rowId(table, row), 0)} % ${count}))::int`;

async function readBuckets(set: RowSet, count: number) {
  const groups = await set.session.query<{ bucket: number }>(
    digestQuery({ ...set, columns: provenColumns(set.table) }, { bucket: bucketOf(set, count) }),
    set.values,
  );
  return new Map(groups.map((group) => [group.bucket, parseDigest(group)]));
}

/** Row id to the hashes of the rows that have it: several where nothing makes the id unique. */
async function readRows(
  set: RowSet,
  count: number,
  buckets: readonly number[],
): Promise<Map<string, string[]>> {
  const list = buckets.length === 0 ? 'NULL' : buckets.join(', ');
  const rows = await set.session.query<{ id: string; hash: string }>(
    `SELECT ${rowId(set.table, set.row)} AS id, md5(${bytesOf(rowText(set.table, set.row))}) AS hash
       FROM ${set.from} WHERE ${set.where} AND ${bucketOf(set, count)} IN (${list}) ORDER BY 1, 2`,
    set.values,
  );
  const found = new Map<string, string[]>();
  for (const { id, hash } of rows) found.set(id, [...(found.get(id) ?? []), hash]);
  return found;
}

/** Pure: both maps from row id to sorted hashes. */
export function compareRows(
  expected: ReadonlyMap<string, readonly string[]>,
  actual: ReadonlyMap<string, readonly string[]>,
): Omit<Differences, 'partial'> {
  const missing: string[] = [];
  const extra: string[] = [];
  const changed: string[] = [];
  for (const [id, hashes] of expected) {
    const found = actual.get(id) ?? [];
    if (found.length < hashes.length) missing.push(id);
    else if (found.length > hashes.length) extra.push(id);
    else if (found.join() !== hashes.join()) changed.push(id);
  }
  for (const id of actual.keys()) if (!expected.has(id)) extra.push(id);
  return { missing, extra, changed };
}

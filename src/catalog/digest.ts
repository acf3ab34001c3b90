import { quoteIdent } from '../core/identifiers.js';

/**
 * A fingerprint of a set of rows that neither order nor distribution changes: two 64-bit hashes of each row's
 * text under different seeds, summed. 128 bits a row, and duplicates do not cancel as they would under XOR.
 */
export interface Digest {
  readonly rows: number;
  readonly sums: readonly [bigint, bigint];
}

export const EMPTY_DIGEST: Digest = { rows: 0, sums: [0n, 0n] };

const SEEDS = [0x636c696e, 0x6d696772] as const;

/**
 * The select list that digests the rows of `alias` over these columns, in this order: text columns `rows`,
 * `sum1` and `sum2` for parseDigest(). Same columns and session settings on both sides, or the digests differ.
 */
export function digestColumns(alias: string, columns: readonly string[], filter?: string): string {
  const row = `ROW(${columns.map((column) => `${alias}.${quoteIdent(column)}`).join(', ')})::text`;
  const where = filter === undefined ? '' : ` FILTER (WHERE ${filter})`;
  const sum = (seed: number, name: string): string =>
    `coalesce(sum(hashtextextended(${row}, ${seed})::numeric)${where}, 0)::text AS ${name}`;
  return `count(*)${where}::text AS rows, ${sum(SEEDS[0], 'sum1')}, ${sum(SEEDS[1], 'sum2')}`;
}

/** A row selected by digestColumns() as a value. */
export function parseDigest(row: Readonly<Record<string, unknown>>): Digest {
  return { rows: Number(row['rows']), sums: [BigInt(String(row['sum1'])), BigInt(String(row['sum2']))] };
}

export function addDigests(a: Digest, b: Digest): Digest {
  return { rows: a.rows + b.rows, sums: [a.sums[0] + b.sums[0], a.sums[1] + b.sums[1]] };
}

export function sameDigest(a: Digest, b: Digest): boolean {
  return a.rows === b.rows && a.sums[0] === b.sums[0] && a.sums[1] === b.sums[1];
}

/** For reports and receipts: short, stable, and parsed by nothing. */
export function showDigest({ sums }: Digest): string {
  const part = (sum: bigint): string => BigInt.asUintN(64, sum).toString(16).padStart(16, '0');
  return part(sums[0]) + part(sums[1]);
}

import { quoteIdent } from '../core/identifiers.js';

/**
 * A fingerprint of a set of rows that neither order nor distribution changes: two 64-bit hashes of each row's
 * text under different seeds, each summed modulo 2^64. 128 bits, and duplicates do not cancel as under XOR. Of the
 * text in UTF-8, whatever the database's encoding is; of its bytes as they are where the database knows no encoding.
 */
export interface Digest {
  readonly rows: number;
  readonly sums: readonly [bigint, bigint];
}

export const EMPTY_DIGEST: Digest = { rows: 0, sums: [0n, 0n] };

const SEEDS = [0x636c696e, 0x6d696772] as const;

/** Rows to digest, as SQL: `row` is an alias in `from`, `columns` are its columns in the order that both sides use. */
export interface DigestedRows {
  readonly from: string;
  readonly row: string;
  readonly columns: readonly string[];
  readonly where?: string;
}

/**
 * A query for the digest of these rows: text columns `rows`, `sum1` and `sum2` for parseDigest(). With `groups` (name
 * to SQL) one row a group. `lists` are texts of the rows, each answered for its group, a blank between two. Same columns
 * and session settings on both sides, or the digests differ.
 */
export function digestQuery(
  { from, row, columns, where }: DigestedRows,
  groups: Readonly<Record<string, string>> = {},
  lists: Readonly<Record<string, string>> = {},
): string {
  const names = Object.keys(groups);
  const named = [...Object.entries(groups), ...Object.entries(lists)];
  const inner = [...named.map(([name, sql]) => `${sql} AS ${name}`), `${lineOf(row, columns)} AS line`];
  const joined = Object.keys(lists).map((name) => `, string_agg(${name}, ' ') AS ${name}`);
  // OFFSET 0 keeps the planner from writing the row's text out once for each seed.
  return `SELECT ${names.map((name) => `${name}, `).join('')}count(*)::text AS rows, ${digestSums('line')}${joined.join('')}
    FROM (SELECT ${inner.join(', ')} FROM ${from}${where === undefined ? '' : ` WHERE ${where}`} OFFSET 0) AS digested${
      names.length === 0 ? '' : ` GROUP BY ${names.join(', ')}`
    }`;
}

/** SQL: a row's text; `row` is an alias whose columns these are. */
export function lineOf(row: string, columns: readonly string[]): string {
  return `ROW(${columns.map((column) => `${row}.${quoteIdent(column)}`).join(', ')})::text`;
}

/** SQL: the sums of a digest, over the texts of rows, or of some of them. */
export function digestSums(line: string, filter = ''): string {
  const sum = (seed: number): string => `coalesce(sum(${hashOfText(line, seed)})${filter}, 0)::text`;
  return `${sum(SEEDS[0])} AS sum1, ${sum(SEEDS[1])} AS sum2`;
}

/**
 * SQL: a text's hash, the same one in every database that can hold it. Both branches give the same for the same bytes: the
 * hash of a row of one field is the field's. The subquery is evaluated once for the whole statement.
 */
export function hashOfText(text: string, seed: number): string {
  return `CASE WHEN (SELECT pg_catalog.getdatabaseencoding() IN ('UTF8', 'SQL_ASCII'))
    THEN pg_catalog.hashtextextended(${text}, ${seed})
    ELSE pg_catalog.hash_record_extended(ROW(pg_catalog.convert_to(${text}, 'UTF8')), ${seed}) END`;
}

/** SQL: a text's bytes, the same ones in every database that can hold it. */
export function bytesOf(text: string): string {
  return `pg_catalog.convert_to(${text}, CASE pg_catalog.getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)`;
}

/** A row of digestQuery() as a value. */
export function parseDigest(row: Readonly<Record<string, unknown>>): Digest {
  return {
    rows: Number(row['rows']),
    sums: [modular(BigInt(String(row['sum1']))), modular(BigInt(String(row['sum2'])))],
  };
}

const modular = (sum: bigint): bigint => BigInt.asUintN(64, sum);

export function addDigests(a: Digest, b: Digest): Digest {
  return { rows: a.rows + b.rows, sums: [modular(a.sums[0] + b.sums[0]), modular(a.sums[1] + b.sums[1])] };
}

/** `times` copies of the same rows. */
export function multiplyDigest({ rows, sums }: Digest, times: number): Digest {
  const by = BigInt(times);
  return { rows: rows * times, sums: [modular(sums[0] * by), modular(sums[1] * by)] };
}

export function sameDigest(a: Digest, b: Digest): boolean {
  return a.rows === b.rows && a.sums[0] === b.sums[0] && a.sums[1] === b.sums[1];
}

/** 32 hexadecimal digits, for reports and receipts. */
export function showDigest({ sums }: Digest): string {
  return sums.map((sum) => sum.toString(16).padStart(16, '0')).join('');
}

/** What showDigest() wrote down of so many rows. */
export function readDigest(rows: number, text: string): Digest {
  const sums = [text.slice(0, 16), text.slice(16)].map((half) => BigInt(`0x${half}`));
  return { rows, sums: [sums[0] ?? 0n, sums[1] ?? 0n] };
}

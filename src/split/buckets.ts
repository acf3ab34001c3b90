import { addDigests, type Digest, EMPTY_DIGEST, hashOfText } from '../catalog/digest.js';
import type { SchemaCatalog } from '../catalog/types.js';
import { quoteIdent } from '../core/identifiers.js';
import type { TablePlan } from './plan.js';
import { findTable } from './unique.js';

/**
 * Digests of a set of rows in parts, each row in the part that a hash of its key says. Where two sets differ in few
 * rows, they differ in few parts, and only these need to be looked at. The number of parts is a power of two.
 */
export class Buckets {
  private readonly rows: Float64Array;
  private readonly sums: readonly [BigUint64Array, BigUint64Array];

  constructor(readonly count: number) {
    this.rows = new Float64Array(count);
    this.sums = [new BigUint64Array(count), new BigUint64Array(count)];
  }

  at(i: number): Digest {
    return { rows: this.rows[i] ?? 0, sums: [this.sums[0][i] ?? 0n, this.sums[1][i] ?? 0n] };
  }

  add(i: number, digest: Digest): void {
    const { rows, sums } = addDigests(this.at(i), digest);
    this.rows[i] = rows;
    this.sums[0][i] = sums[0];
    this.sums[1][i] = sums[1];
  }

  /** Adds other rows, which may be in more parts. */
  addAll(other: Buckets): void {
    for (let i = 0; i < other.count; i += 1) this.add(i & (this.count - 1), other.at(i));
  }

  total(): Digest {
    return Array.from({ length: this.count }, (_, i) => this.at(i)).reduce(addDigests, EMPTY_DIGEST);
  }

  /** For a receipt. */
  encode(): Buffer {
    const bytes = Buffer.alloc(this.count * BYTES_EACH);
    for (let i = 0; i < this.count; i += 1) {
      const { rows, sums } = this.at(i);
      bytes.writeBigUInt64BE(BigInt(rows), i * BYTES_EACH);
      bytes.writeBigUInt64BE(sums[0], i * BYTES_EACH + 8);
      bytes.writeBigUInt64BE(sums[1], i * BYTES_EACH + 16);
    }
    return bytes;
  }

  /** What encode() made; undefined where these bytes are nothing of that kind. */
  static decode(bytes: Buffer): Buckets | undefined {
    const count = bytes.length / BYTES_EACH;
    if (!Number.isInteger(Math.log2(count))) return undefined;
    const buckets = new Buckets(count);
    for (let i = 0; i < count; i += 1) {
      const [rows, ...sums] = [0, 8, 16].map((at) => bytes.readBigUInt64BE(i * BYTES_EACH + at));
      buckets.add(i, { rows: Number(rows), sums: [sums[0] ?? 0n, sums[1] ?? 0n] });
    }
    return buckets;
  }
}

const BYTES_EACH = 24;
/** Small enough for a changed row to drag few others along. */
const ROWS_EACH = 8;
/** Of one table in one database. */
const MOST = 1 << 14;
/** Of everything together: what bounds the memory. */
const BUDGET = 1 << 19;

/** How many rows a part has, by what there is in all databases together. */
export function rowsOfPart(all: number): number {
  return Math.max(ROWS_EACH, all / BUDGET);
}

/** In how many parts so many rows are digested. */
export function partsFor(rows: number, rowsEach: number): number {
  const wanted = Math.min(MOST, rows / rowsEach);
  return wanted < 2 ? 1 : 2 ** Math.floor(Math.log2(wanted));
}
const SEED = 0x6275636b;

/** SQL: the part that a row is in, by its key's text; `mask` is the number of parts less one. */
export function bucketSql(key: string, mask: string): string {
  return mask === '0' ? '0::bigint' : `(${hashOfText(key, SEED)} & ${mask})`;
}

/** What tells a row of a table from others. */
export interface RowKey {
  readonly columns: readonly string[];
  /** False where there is no key that is never NULL: then it is everything in the row, which may be there twice. */
  readonly isUnique: boolean;
}

/** SQL: the text of a row's key, never NULL; `nameOf` says what a column is called. */
export function keyText({ columns, isUnique }: RowKey, nameOf: (column: string) => string): string {
  const [first] = columns;
  return isUnique && columns.length === 1 && first !== undefined
    ? `(${nameOf(first)})::text`
    : `ROW(${columns.map(nameOf).join(', ')})::text`;
}

export function rowKey(catalog: SchemaCatalog, plan: Pick<TablePlan, 'table' | 'columns'>): RowKey {
  const { keys, columns } = findTable(catalog, plan.table);
  const stored = new Set(plan.columns);
  const usable = keys.filter((key) =>
    key.columns.every((name) => stored.has(name) && columns.find((each) => each.name === name)?.notNull),
  );
  const key = usable.find(({ primary }) => primary) ?? usable[0];
  return { columns: key?.columns ?? plan.columns, isUnique: key !== undefined };
}

/** What columns are called over an alias whose columns have names of their own. */
export function columnOf(alias: string): (name: string) => string {
  return (name) => `${alias}.${quoteIdent(name)}`;
}

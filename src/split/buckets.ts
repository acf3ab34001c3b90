import { addDigests, type Digest, EMPTY_DIGEST, hashOfText } from '../catalog/digest.js';
import type { SchemaCatalog } from '../catalog/types.js';
import { displayName, quoteIdent, quoteLiteral } from '../core/identifiers.js';
import { ROUTE } from './judgement.js';
import type { TablePlan } from './plan.js';
import type { CopyReceipt } from './receipts.js';
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
}

/** Small enough for a changed row to drag few others along. */
const ROWS_EACH = 8;
/** Of one table in one database. */
const MOST = 1 << 14;
/** Of everything together: what bounds the memory. */
const BUDGET = 1 << 19;
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

/** The rows that an earlier run left of each table, by clinic; of the central database under undefined. */
type Sizes = ReadonlyMap<string | undefined, readonly CopyReceipt[]>;

/** In how many parts each table is digested for each database: by the size that the receipts say it has there. */
export class BucketPlan {
  private readonly sizes = new Map<string, Map<string | undefined, number>>();
  private readonly rowsEach: number;

  constructor(copies: Sizes) {
    let total = 0;
    for (const [key, receipts] of copies)
      for (const { table, rows } of receipts) {
        const name = displayName(table);
        const sizes = this.sizes.get(name) ?? new Map();
        this.sizes.set(name, sizes.set(key, rows));
        total += rows;
      }
    this.rowsEach = Math.max(ROWS_EACH, total / BUDGET);
  }

  /** `key` is undefined for the central database. */
  countFor(plan: TablePlan, key: string | undefined): number {
    const sizes = this.sizes.get(displayName(plan.table));
    // Every row is another clinic's, in parts of its own.
    if (key === undefined && plan.clinics === 'each its own') return 1;
    return this.count(plan.clinics === 'all' ? Math.max(0, ...(sizes?.values() ?? [])) : sizes?.get(key));
  }

  /** Of a table that goes somewhere whole. */
  countForWhole(plan: TablePlan): number {
    return this.countFor(plan, undefined);
  }

  /** Rows that have no place are not compared. */
  countForRoute(plan: TablePlan, route: string): number {
    if (route === ROUTE.shared) return this.countForShared(plan);
    return route.startsWith(ROUTE.key) ? this.countFor(plan, route.slice(1)) : 1;
  }

  /** As many as any clinic has: what all of them get can be put into the parts of each. */
  countForShared(plan: TablePlan): number {
    const sizes = [...(this.sizes.get(displayName(plan.table)) ?? [])];
    return Math.max(1, ...sizes.map(([key]) => (key === undefined ? 1 : this.countFor(plan, key))));
  }

  /** SQL: by a row's route, the number of parts less one. */
  maskByRoute(plan: TablePlan, route: string): string {
    const byCount = new Map<number, string[]>([[this.countForShared(plan), [ROUTE.shared]]]);
    for (const key of this.sizes.get(displayName(plan.table))?.keys() ?? []) {
      if (key === undefined) continue;
      const count = this.countFor(plan, key);
      byCount.set(count, [...(byCount.get(count) ?? []), ROUTE.key + key]);
    }
    const cases = [...byCount].flatMap(([count, routes]) =>
      count === 1
        ? []
        : [`WHEN ${route} = ANY (ARRAY[${routes.map(quoteLiteral).join(', ')}]) THEN ${count - 1}`],
    );
    return cases.length === 0 ? '0' : `CASE ${cases.join(' ')} ELSE 0 END`;
  }

  private count(rows = 0): number {
    const wanted = Math.min(MOST, rows / this.rowsEach);
    return wanted < 2 ? 1 : 2 ** Math.floor(Math.log2(wanted));
  }
}

/** What columns are called over an alias whose columns have names of their own. */
export function columnOf(alias: string): (name: string) => string {
  return (name) => `${alias}.${quoteIdent(name)}`;
}

import { type Digest, sameDigest } from '../catalog/digest.js';
import { displayName, quoteLiteral } from '../core/identifiers.js';
import { Buckets, partsFor, rowsOfPart } from './buckets.js';
import { ROUTE } from './judgement.js';
import type { TablePlan } from './plan.js';
import { type CopyReceipt, digestOf, isReceiptOf } from './receipts.js';

/** What earlier runs left, by clinic; of the central database under undefined. */
type Copies = ReadonlyMap<string | undefined, readonly CopyReceipt[]>;

/** Past so many times the rows that a part should have, a table is compared anew from end to end. */
const TOO_COARSE = 16;

interface StoredTable {
  /** Undefined where none were written down, or they are too few for what the table holds by now. */
  readonly parts: Buckets | undefined;
  readonly count: number;
}

/** The parts that the copies' receipts have, and so those in which the legacy database is to be digested. */
export class StoredParts {
  private readonly tables = new Map<string, Map<string | undefined, StoredTable>>();

  constructor(private readonly copies: Copies) {
    let total = 0;
    for (const receipts of copies.values()) for (const { rows } of receipts) total += rows;
    const rowsEach = rowsOfPart(total);
    for (const [key, receipts] of copies)
      for (const receipt of receipts) {
        const name = displayName(receipt.table);
        const wanted = partsFor(receipt.rows, rowsEach);
        const parts = wanted === 1 ? wholeOf(receipt) : receipt.parts;
        const isUsable =
          parts !== undefined && wanted < parts.count * TOO_COARSE && isReceiptOf(receipt, parts.total());
        const table = isUsable ? { parts, count: parts.count } : { parts: undefined, count: wanted };
        this.tables.set(name, (this.tables.get(name) ?? new Map()).set(key, table));
      }
  }

  /** What the receipts said before this run. */
  receiptsOf(key: string | undefined): readonly CopyReceipt[] {
    return this.copies.get(key) ?? [];
  }

  /** What one database's copy had in each part when it was made. */
  partsOf(plan: TablePlan, key: string | undefined): Buckets | undefined {
    return this.tables.get(displayName(plan.table))?.get(key)?.parts;
  }

  /** True where nobody wants the rows of a route in this part: its clinic has them, and nothing besides, or it has no clinic. */
  isAsBefore(plan: TablePlan, route: string, part: number, digest: Digest): boolean {
    if (route === ROUTE.shared) return false;
    if (!route.startsWith(ROUTE.key)) return true;
    const key = route.slice(1);
    if (!this.copies.has(key)) return true;
    const parts = this.partsOf(plan, key);
    return parts !== undefined && sameDigest(parts.at(part), digest);
  }

  /** `key` is undefined for the central database. */
  countFor(plan: TablePlan, key: string | undefined): number {
    const tables = this.tables.get(displayName(plan.table));
    // Every row is another clinic's, in parts of its own.
    if (key === undefined && plan.clinics === 'each its own') return 1;
    if (plan.clinics === 'all')
      return Math.max(1, ...[...(tables?.values() ?? [])].map(({ count }) => count));
    return tables?.get(key)?.count ?? 1;
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
    const keys = [...(this.tables.get(displayName(plan.table))?.keys() ?? [])];
    return Math.max(1, ...keys.map((key) => (key === undefined ? 1 : this.countFor(plan, key))));
  }

  /** SQL: by a row's route, the number of parts less one. */
  maskByRoute(plan: TablePlan, route: string): string {
    const byCount = new Map<number, string[]>([[this.countForShared(plan), [ROUTE.shared]]]);
    for (const key of this.tables.get(displayName(plan.table))?.keys() ?? []) {
      if (key === undefined) continue;
      const count = this.countFor(plan, key);
      byCount.set(count, [...(byCount.get(count) ?? []), ROUTE.key + key]);
    }
    // Those first that have most rows.
    const sorted = [...byCount].sort(([a, of], [b, than]) => b * than.length - a * of.length);
    const cases = sorted.flatMap(([count, routes]) =>
      count === 1
        ? []
        : [`WHEN ${route} = ANY (ARRAY[${routes.map(quoteLiteral).join(', ')}]) THEN ${count - 1}`],
    );
    return cases.length === 0 ? '0' : `CASE ${cases.join(' ')} ELSE 0 END`;
  }
}

function wholeOf(receipt: CopyReceipt): Buckets {
  const whole = new Buckets(1);
  whole.add(0, digestOf(receipt));
  return whole;
}

import type { TablePlan } from './plan.js';

/** Rows of one table, at most, that are remembered by their place; past that it is read again from end to end. */
const MOST = 1 << 20;

/**
 * SQL over a table's own columns: where a row lies, the same text as long as the snapshot and a lock on the table
 * last. A partitioned table's rows lie in its partitions.
 */
export function placeOf({ rows }: Pick<TablePlan, 'rows'>): string {
  return isOneRelation(rows) ? 'ctid::text' : 'tableoid::text || ctid::text';
}

function isOneRelation(rows: string): boolean {
  return rows.startsWith('ONLY ');
}

/** Where rows lie that some copy may not have as they are, by route and part. */
export class Places {
  private readonly byRoute = new Map<string, Map<number, string>>();
  private rows = 0;

  /** `places` are the texts of placeOf(), with a blank between two. */
  add(route: string, part: number, places: string, rows: number): void {
    this.rows += rows;
    if (this.areTooMany) {
      this.byRoute.clear();
      return;
    }
    const parts = this.byRoute.get(route) ?? new Map<number, string>();
    this.byRoute.set(route, parts.set(part, places));
  }

  /** True where they were not kept. */
  get areTooMany(): boolean {
    return this.rows > MOST;
  }

  /** Those of one route in the parts that `isWanted` names. */
  of(route: string, isWanted: (part: number) => boolean): string[] {
    return [...(this.byRoute.get(route) ?? [])].flatMap(([part, places]) =>
      isWanted(part) ? places.split(' ') : [],
    );
  }
}

/** SQL: the condition under which a row of `t` lies in one of these places. */
export function liesIn({ rows }: Pick<TablePlan, 'rows'>, places: readonly string[]): string {
  const list = places.map((place) => `"${place}"`).join(',');
  return isOneRelation(rows)
    ? `t.ctid = ANY ('{${list}}'::pg_catalog.tid[])`
    : `t.tableoid::text || t.ctid::text = ANY ('{${list}}'::text[])`;
}

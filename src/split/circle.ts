import { ROUTE } from './judgement.js';

/** One way of a table in a circle that leads out of it, or a column: SQL over the table's own FROM clause. */
export interface OwnWord {
  readonly key: string;
  readonly fault: string;
  /** True where the row names something that is neither a clinic's nor everybody's. */
  readonly void: string;
  readonly byRule: boolean;
}

/** What is known of one table of a circle before its rows are followed through it. */
export interface CircleTable {
  /** SQL after FROM for `words`. */
  readonly from: string;
  /** The same for its rows alone. */
  readonly rows: string;
  readonly id: RowId;
  readonly words: readonly OwnWord[];
  /** Rows that nothing gives a clinic go to every clinic. */
  readonly mayShare: boolean;
  /** SELECTs of (tab, tid, up_tab, up_tid, by_rule): a row and the row of the circle that it refers to. */
  readonly steps: readonly string[];
}

/** A row is known by its table's oid and its place in that table, which no snapshot changes. */
export interface RowId {
  readonly tab: string;
  readonly tid: string;
}

/**
 * The WITH members that judge every row of tables that refer to one another in a circle; the last one, `name`, has
 * (tab, tid, clinic, shared, fault). Words about clinics are handed down from row to row until nothing new is said,
 * then the fate of rows without a place. Each row is met once for each clinic that it hears of, in whatever order
 * and depth its references lie.
 */
export function circleSql(name: string, tables: readonly CircleTable[]): string {
  const n = (part: string): string => `${name}_${part}`;
  const words = tables
    .filter((table) => table.words.length > 0)
    .map(({ from, id, words: own }) => {
      const values = own.map(
        (word) => `((${word.key})::text, ${word.byRule}, (${word.fault})::text, ${word.void})`,
      );
      return `SELECT ${id.tab}, ${id.tid}, v.clinic COLLATE "C", v.by_rule, v.fault, v.void FROM ${from}
        CROSS JOIN LATERAL (VALUES ${values.join(', ')}) AS v (clinic, by_rule, fault, void)
        WHERE v.clinic IS NOT NULL OR v.fault IS NOT NULL OR v.void`;
    });
  const rows = tables.map(
    (table) => `SELECT ${table.id.tab}, ${table.id.tid}, ${table.mayShare} FROM ${table.rows}`,
  );
  const isShared = 'r.may_share AND h.clinics IS NULL AND NOT coalesce(w.void, false)';
  return `${n('word')} (tab, tid, clinic, by_rule, fault, void) AS (${words.join('\nUNION ALL\n')}),
${n('step')} (tab, tid, up_tab, up_tid, by_rule) AS (${tables.flatMap(({ steps }) => steps).join('\nUNION ALL\n')}),
${n('heard')} (tab, tid, clinic, by_rule) AS (
  SELECT tab, tid, clinic, by_rule FROM ${n('word')} WHERE clinic IS NOT NULL
  UNION SELECT s.tab, s.tid, h.clinic, h.by_rule AND s.by_rule FROM ${n('heard')} AS h
    JOIN ${n('step')} AS s ON s.up_tab = h.tab AND s.up_tid = h.tid),
${n('first')} (tab, tid, clinic, shared, fault) AS (
  SELECT r.tab, r.tid, h.clinic, ${isShared},
         CASE WHEN w.fault IS NOT NULL THEN w.fault
              WHEN h.clinic IS NULL AND NOT (${isShared}) THEN CASE WHEN r.may_share AND h.clinics > 0 THEN '${ROUTE.disagree}' ELSE '${ROUTE.none}' END
              WHEN h.clinics > 1 THEN '${ROUTE.disagree}' END
    FROM (${rows.join('\nUNION ALL\n')}) AS r (tab, tid, may_share)
    LEFT JOIN (SELECT tab, tid, min(clinic) FILTER (WHERE by_rule) AS clinic, count(DISTINCT clinic) AS clinics
                 FROM ${n('heard')} GROUP BY 1, 2) AS h ON h.tab = r.tab AND h.tid = r.tid
    LEFT JOIN (SELECT tab, tid, min(fault) AS fault, bool_or(void) AS void
                 FROM ${n('word')} GROUP BY 1, 2) AS w ON w.tab = r.tab AND w.tid = r.tid),
${n('lost')} (tab, tid, fault) AS (
  SELECT tab, tid, fault FROM ${n('first')} WHERE fault IS NOT NULL
  UNION SELECT s.tab, s.tid, l.fault FROM ${n('lost')} AS l
    JOIN ${n('step')} AS s ON s.up_tab = l.tab AND s.up_tid = l.tid),
${name} (tab, tid, clinic, shared, fault) AS (
  SELECT f.tab, f.tid, f.clinic, f.shared, coalesce(f.fault, l.fault)
    FROM ${n('first')} AS f
    LEFT JOIN (SELECT tab, tid, min(fault) AS fault FROM ${n('lost')} GROUP BY 1, 2) AS l
           ON l.tab = f.tab AND l.tid = f.tid)`;
}

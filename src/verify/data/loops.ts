import { displayName } from '../../core/identifiers.js';
import type { ClinicTable, TenancyMap } from '../../tenancy/types.js';

/**
 * The tables whose rows can lead back to their own table, each with all that are in the same loop. What counts are the
 * rules; and the witnesses of tables that hold rows without a place, or that are in a loop themselves.
 */
export function loopsOf(
  map: TenancyMap,
  suspects: ReadonlySet<string>,
): ReadonlyMap<ClinicTable, readonly ClinicTable[]> {
  const tables = map.tables.filter((table) => table.scope === 'clinic');
  const whole = new Set(suspects);
  for (;;) {
    const leads = new Map(tables.map((table) => [displayName(table), targetsOf(table, whole)]));
    // Warshall: whoever leads to a table leads to wherever that table leads.
    for (const [via, onwards] of leads)
      for (const reached of leads.values())
        if (reached.has(via)) for (const name of onwards) reached.add(name);
    const looping = tables.filter((table) => leads.get(displayName(table))?.has(displayName(table)));
    const before = whole.size;
    for (const table of looping) whole.add(displayName(table));
    if (whole.size > before) continue;
    const together = (a: ClinicTable, b: ClinicTable): boolean =>
      leads.get(displayName(a))?.has(displayName(b)) === true &&
      leads.get(displayName(b))?.has(displayName(a)) === true;
    return new Map(looping.map((table) => [table, looping.filter((other) => together(table, other))]));
  }
}

function targetsOf(table: ClinicTable, whole: ReadonlySet<string>): Set<string> {
  const ways = whole.has(displayName(table)) ? [...table.rules, ...table.witnesses] : table.rules;
  return new Set(ways.flatMap((way) => (way.kind === 'path' ? [displayName(way.reference.references)] : [])));
}

/** One table of a loop, as SQL. */
export interface LoopMember {
  readonly table: string;
  /** Its alias in `from`. */
  readonly row: string;
  readonly from: string;
  /** Rows (clinic, sure, lost, astray): what it knows without the loop; sure where a rule says it. */
  readonly words: readonly string[];
  /** SELECTs (tab, tid, to_tab, to_tid, sure): which row of the loop a row refers to. */
  readonly hops: readonly string[];
  readonly mayShare: boolean;
}

/**
 * A query for every row of the loop's tables: (tab, tid, clinic, shared, lost). A row is its clinic's where exactly one
 * clinic can be reached from it, by a rule, and nothing that it refers to is lost.
 */
export function loopSql(members: readonly LoopMember[]): string {
  const told = members
    .filter(({ words }) => words.length > 0)
    .map(
      ({
        row,
        from,
        words,
      }) => `SELECT ${row}.tableoid, ${row}.ctid, w.clinic COLLATE "C", w.sure, w.lost, w.astray
        FROM ${from} CROSS JOIN LATERAL (VALUES ${words.join(', ')}) AS w (clinic, sure, lost, astray)`,
    );
  const all = members.map(
    ({ table, mayShare }) => `SELECT x.tableoid, x.ctid, ${mayShare} FROM ${table} AS x`,
  );
  return `WITH RECURSIVE told (tab, tid, clinic, sure, lost, astray) AS (${told.join(' UNION ALL ')}),
    hop (tab, tid, to_tab, to_tid, sure) AS (${members.flatMap(({ hops }) => hops).join(' UNION ALL ')}),
    known (tab, tid, clinic, sure) AS (
      SELECT tab, tid, clinic, sure FROM told WHERE clinic IS NOT NULL
      UNION SELECT hop.tab, hop.tid, known.clinic, known.sure AND hop.sure
        FROM hop JOIN known ON known.tab = hop.to_tab AND known.tid = hop.to_tid),
    summed AS (
      SELECT a.tab, a.tid, k.clinic, a.may_share AND k.least IS NULL AND NOT coalesce(t.astray, false) AS shared,
             coalesce(t.lost, false) OR coalesce(k.least <> k.most, false) AS wrong
        FROM (${all.join(' UNION ALL ')}) AS a (tab, tid, may_share)
        LEFT JOIN (SELECT tab, tid, min(clinic) FILTER (WHERE sure) AS clinic, min(clinic) AS least, max(clinic) AS most
                     FROM known GROUP BY tab, tid) AS k USING (tab, tid)
        LEFT JOIN (SELECT tab, tid, bool_or(lost) AS lost, bool_or(astray) AS astray
                     FROM told GROUP BY tab, tid) AS t USING (tab, tid)),
    gone (tab, tid) AS (
      SELECT tab, tid FROM summed WHERE wrong OR (clinic IS NULL AND NOT shared)
      UNION SELECT hop.tab, hop.tid FROM hop JOIN gone ON gone.tab = hop.to_tab AND gone.tid = hop.to_tid)
    SELECT s.tab, s.tid, s.clinic, s.shared, g.tid IS NOT NULL AS lost
      FROM summed AS s LEFT JOIN gone AS g ON g.tab = s.tab AND g.tid = s.tid`;
}

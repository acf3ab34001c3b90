import type { SchemaCatalog } from '../../catalog/types.js';
import { columnOf, keyText, rowKey } from '../buckets.js';
import { firstFieldEnd, type LineReader } from '../copy-text.js';
import { ROUTE } from '../judgement.js';
import { liesIn, type Places, placeOf } from '../places.js';
import type { TablePlan } from '../plan.js';
import { lineOfRow } from './row-line.js';
import type { Wanting } from './target.js';

/** SQL: what is sent of a row, its key's text where it has a key, and that of all of it. */
export function incomingRow(
  catalog: SchemaCatalog,
  plan: TablePlan,
  nameOf: (column: string, i: number) => string,
): string {
  const key = rowKey(catalog, plan);
  const byName = (column: string): string => nameOf(column, plan.columns.indexOf(column));
  return `${key.isUnique ? keyText(key, byName) : 'NULL'}, ${lineOfRow(plan, byName)}`;
}

/** So many rows a statement, whose text names the place of each. */
const AT_ONCE = 1 << 16;

/** What reads the rows that these clinics may lack from where the survey found them, and hands them to who wants them. */
export function* readsByPlace(
  catalog: SchemaCatalog,
  plan: TablePlan,
  places: Places,
  wanting: readonly Wanting[],
  prefix: Buffer,
): Generator<{ readonly sql: string; readonly line: LineReader }> {
  const wanted = new Map<string, Wanting[]>();
  const want = (place: string, by: readonly Wanting[]): void => {
    const known = wanted.get(place);
    if (known === undefined) wanted.set(place, [...by]);
    else known.push(...by);
  };
  for (const one of wanting)
    for (const place of places.of(ROUTE.key + one.key, partsOf(one))) want(place, [one]);
  const shared = wanting.map(partsOf);
  const anybodys = (part: number): boolean => shared.some((isWanted) => isWanted(part));
  for (const place of places.of(ROUTE.shared, anybodys)) want(place, wanting);
  const inOrder = sortedAsTheyLie([...wanted.keys()]);
  const row = incomingRow(catalog, plan, columnOf('t'));
  const line: LineReader = (buffer, start, end) => {
    const tab = firstFieldEnd(buffer, start, end);
    for (const { sink } of wanted.get(buffer.toString('latin1', start, tab)) ?? [])
      sink.add(buffer, tab + 1, end, prefix);
  };
  for (let i = 0; i < inOrder.length; i += AT_ONCE) {
    const where = liesIn(plan, inOrder.slice(i, i + AT_ONCE));
    yield {
      sql: `COPY (SELECT ${placeOf(plan)}, ${row} FROM ${plan.rows} AS t WHERE ${where}) TO STDOUT`,
      line,
    };
  }
}

/** True for the parts, of as many as were surveyed, with rows in a part that differs. */
function partsOf({ state }: Wanting): (part: number) => boolean {
  const differing = new Set(state.differing);
  return (part) => differing.has(part & (state.parts - 1));
}

/** As they lie, so that each page is read once. */
function sortedAsTheyLie(places: readonly string[]): string[] {
  const placed = places.map((place) => ({ place, at: positionOf(place) }));
  return placed.sort((a, b) => a.at - b.at).map(({ place }) => place);
}

/** Of `(page,row)`, with something before it or not: a row's number takes 16 bits. */
function positionOf(place: string): number {
  const [page, row] = place.slice(place.indexOf('(') + 1, -1).split(',');
  return Number(page) * 0x10000 + Number(row);
}

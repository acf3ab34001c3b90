import { RunError } from '../../core/errors.js';
import { displayName, quoteLiteral } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { everyOne, sideBySide } from '../../core/side-by-side.js';
import { bucketSql, columnOf, keyText, rowKey } from '../buckets.js';
import { escapeField, firstFieldEnd, type LineReader, LineSplitter } from '../copy-text.js';
import { ROUTE } from '../judgement.js';
import { routedTable, type TablePlan } from '../plan.js';
import { referencedRouting } from '../referenced.js';
import { type Routing, routing } from '../routing.js';
import { type Run, stopIfAsked } from '../run.js';
import { joinSnapshot } from '../snapshot.js';
import { incomingRow, readsByPlace } from './read-places.js';
import { keyOf, type Refreshing, type Wanting } from './target.js';

/** Past this share of a table's parts, telling them apart costs more than the rows that are not needed. */
const MANY = 0.5;

/**
 * Reads from the snapshot the rows in the parts that differ, each table at most once, and hands every row as text to
 * the databases that want it. What is sent beyond that does no harm: each takes only what it lacks.
 */
export async function readChanged(run: Run, all: readonly Refreshing[]): Promise<void> {
  const { databases, legacyUrl, jobs } = run.options;
  const readers = [run.snapshot.session];
  try {
    for (; readers.length < jobs && all.length > 0; )
      readers.push(await joinSnapshot(databases, legacyUrl, run.snapshot.id));
    await sideBySide([...run.plans.entries()], readers.length, async ([index, plan], worker) => {
      const wanting = all.flatMap((one): Wanting[] => {
        const state = one.tables.find((table) => table.index === index);
        if (state === undefined || state.differing.length === 0) return [];
        return [{ key: keyOf(one), state, sink: one.incoming }];
      });
      const reader = readers[worker] ?? run.snapshot.session;
      if (wanting.length > 0) await readTable(run, reader, plan, index, wanting);
    });
  } finally {
    await everyOne(readers.slice(1), (reader) => reader.close());
  }
  await everyOne(all, ({ incoming }) => incoming.finish());
}

async function readTable(
  run: Run,
  reader: Session,
  plan: TablePlan,
  index: number,
  wanting: readonly Wanting[],
): Promise<void> {
  const prefix = Buffer.from(`${index}\t`);
  const central = wanting.filter(({ key }) => key === undefined);
  const clinics = wanting.filter(({ key }) => key !== undefined);
  const whole = plan.clinics === 'all' ? wanting : central;
  const read = (sql: string, line: LineReader, to: readonly Wanting[]): Promise<void> =>
    stream(run, reader, plan, sql, line, to);
  const isOwn = plan.clinics === 'each its own';
  if (!isOwn && whole.length > 0) await read(wholeRows(run, plan, whole), broadcast(whole, prefix), whole);
  if (!isOwn && plan.clinics !== 'referenced') return;
  const places = run.tally.surveyOf(plan).parts?.places;
  const isKnown = places !== undefined && !places.areTooMany && (!isOwn || central.length === 0);
  const [near, far] = isKnown
    ? [clinics.filter(({ state }) => state.isByPlace), clinics.filter(({ state }) => !state.isByPlace)]
    : [[], clinics];
  if (places !== undefined)
    for (const { sql, line } of readsByPlace(run.options.catalog, plan, places, near, prefix))
      await read(sql, line, near);
  if (isOwn && far.length + central.length > 0)
    await read(ownRows(run, plan, [...far, ...central]), byRoute(far, central, prefix), [...far, ...central]);
  else if (far.length > 0) await read(lentRows(run, plan, far), byRoute(far, [], prefix), far);
}

async function stream(
  { options }: Run,
  reader: Session,
  plan: TablePlan,
  sql: string,
  read: LineReader,
  to: readonly Wanting[],
): Promise<void> {
  const splitter = new LineSplitter(read);
  for await (const chunk of reader.copyOut(sql)) {
    stopIfAsked(options);
    splitter.push(chunk as Buffer);
    for (const { sink } of to) if (sink.isWaiting) await sink.settle();
  }
  if (!splitter.complete)
    throw new RunError(`the copy of ${displayName(plan.table)} ended in the middle of a row`);
}

function broadcast(to: readonly Wanting[], prefix: Buffer): LineReader {
  return (buffer, start, end) => {
    for (const { sink } of to) sink.add(buffer, start, end, prefix);
  };
}

/** The first field is the route; whoever is not named by it gets nothing. */
function byRoute(clinics: readonly Wanting[], central: readonly Wanting[], prefix: Buffer): LineReader {
  const ways = new Map<string, readonly Wanting[]>();
  for (const one of clinics) {
    const field = Buffer.from(escapeField(ROUTE.key + one.key), 'utf8').toString('latin1');
    ways.set(field, [one, ...central]);
  }
  ways.set(ROUTE.shared, [...clinics, ...central]);
  return (buffer, start, end) => {
    const tab = firstFieldEnd(buffer, start, end);
    const way = ways.get(buffer.toString('latin1', start, tab)) ?? central;
    for (const { sink } of way) sink.add(buffer, tab + 1, end, prefix);
  };
}

/** COPY of a clinic table's rows: all of them for the central database, else what is in the parts that differ. */
function ownRows(run: Run, plan: TablePlan, wanting: readonly Wanting[]): string {
  const mapped = routedTable(plan);
  if (mapped === undefined) throw new RunError(`${displayName(plan.table)} is no clinic table`);
  const { catalog, map } = run.options;
  const routed = routing(mapped, { catalog, map, suspects: run.suspects, columns: plan.columns });
  return routedRows(run, plan, routed, wanting);
}

function lentRows(run: Run, plan: TablePlan, wanting: readonly Wanting[]): string {
  const { catalog, map, clinics } = run.options;
  const keys = clinics.map(({ key }) => key);
  const options = { catalog, map, suspects: run.suspects, keys, columns: plan.columns };
  return routedRows(run, plan, referencedRouting(plan.mapped, options), wanting);
}

function routedRows(run: Run, plan: TablePlan, routed: Routing, wanting: readonly Wanting[]): string {
  const columns = routed.columns.map((sql, i) => `${sql} AS c${i}`);
  const from = `(SELECT ${[`${routed.route} AS route`, ...columns].join(', ')} FROM ${routed.from}) AS r`;
  const row = incomingRow(run.options.catalog, plan, (_, i) => `r.c${i}`);
  const where = wanting.some(({ key }) => key === undefined) ? '' : ` WHERE ${inPlay(run, plan, wanting)}`;
  return `COPY (${routed.with}SELECT r.route, ${row} FROM ${from}${where}) TO STDOUT`;
}

/** SQL: a row is everybody's, or one of a clinic's that may be in a part that differs. */
function inPlay({ options, stored }: Run, plan: TablePlan, wanting: readonly Wanting[]): string {
  const whole: string[] = [ROUTE.shared];
  const parts: string[] = [];
  for (const { key, state } of wanting) {
    const route = ROUTE.key + key;
    if (state.parts === 1 || state.differing.length > state.parts * MANY) whole.push(route);
    else parts.push(...state.differing.map((i) => `${i} ${route}`));
  }
  const list = (items: readonly string[]): string => `ARRAY[${items.map(quoteLiteral).join(', ')}]::text[]`;
  const byClinic = `r.route = ANY (${list(whole)})`;
  if (stored === undefined || parts.length === 0) return byClinic;
  const routes = list([ROUTE.shared, ...wanting.map(({ key }) => ROUTE.key + key)]);
  const key = keyText(rowKey(options.catalog, plan), (name) => `r.c${plan.columns.indexOf(name)}`);
  const bucket = bucketSql(key, stored.maskByRoute(plan, 'r.route'));
  // The route first: of another group's clinics nothing else is worked out.
  return `CASE WHEN r.route <> ALL (${routes}) THEN false WHEN ${byClinic} THEN true ELSE (${bucket})::text || ' ' || r.route = ANY (${list(parts)}) END`;
}

/** COPY of a table that goes to each of these whole. */
function wholeRows({ options, stored }: Run, plan: TablePlan, wanting: readonly Wanting[]): string {
  const row = incomingRow(options.catalog, plan, columnOf('t'));
  const parts = Math.max(...wanting.map(({ state }) => state.parts));
  const differing = new Set(wanting.flatMap(({ state }) => state.differing));
  const isWhole =
    stored === undefined ||
    wanting.some(({ state }) => state.parts !== parts) ||
    differing.size > parts * MANY;
  const key = keyText(rowKey(options.catalog, plan), columnOf('t'));
  const bucket = bucketSql(key, `${parts - 1}`);
  const where = isWhole ? '' : ` WHERE ${bucket} = ANY (ARRAY[${[...differing].join(', ')}]::bigint[])`;
  return `COPY (SELECT ${row} FROM ${plan.rows} AS t${where}) TO STDOUT`;
}

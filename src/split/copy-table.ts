import type { SchemaCatalog } from '../catalog/types.js';
import { InterruptedError, RunError } from '../core/errors.js';
import { displayName, type QualifiedName, quoteIdent, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { everyOne } from '../core/side-by-side.js';
import type { TenancyMap } from '../tenancy/types.js';
import { LineSplitter } from './copy-text.js';
import { routedTable, type TablePlan } from './plan.js';
import { prepareQuarantine, quarantineOf } from './quarantine.js';
import { type CopyReceipt, writeReceipt } from './receipts.js';
import { rowRouter } from './router.js';
import { routing } from './routing.js';
import { RowSink } from './row-sink.js';

/** A database with an open session, taking rows in this pass. */
export interface OpenTarget {
  /** The clinic's key; undefined for the central database. */
  readonly key: string | undefined;
  readonly session: Session;
}

export interface PassOptions {
  /** A session in the snapshot's transaction on the legacy database. */
  readonly reader: Session;
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  readonly clinics: readonly OpenTarget[];
  /** Gets the central tables; undefined where that is not part of this pass. */
  readonly central: OpenTarget | undefined;
  /** The session that quarantine is written with; undefined where nothing goes there in this pass. */
  readonly quarantine: Session | undefined;
  readonly known: ReadonlySet<string>;
  readonly suspects: ReadonlySet<string>;
  readonly origin: { readonly snapshot: string; readonly fingerprint: string };
  readonly signal: AbortSignal;
  /** Told of rows read, now and then. */
  readonly onRows: (rows: number) => void;
}

/** What became of one table in one pass. */
export interface TableCopy {
  /** By clinic key; the central database under undefined. */
  readonly receipts: ReadonlyMap<string | undefined, CopyReceipt>;
  /** Rows found in the quarantine table after the copy; undefined where this pass did not write one. */
  readonly quarantined: number | undefined;
  /** Bytes of COPY text sent, by clinic key. */
  readonly bytes: ReadonlyMap<string | undefined, number>;
}

// All chunks being filled together stay below this, however many clinics there are.
const BUFFER_BUDGET = 32 * 1024 * 1024;
const CHUNK = { least: 8 * 1024, most: 64 * 1024 };

/**
 * Reads one table once and hands each row to the clinics it belongs to. In every database, emptying the table,
 * the rows and the receipt are one transaction. On failure all of them are left uncommitted.
 */
export async function copyTable(plan: TablePlan, options: PassOptions): Promise<TableCopy> {
  const targets = targetsOf(plan, options);
  const sessions = [...new Set([...targets.map(({ session }) => session), ...quarantineOnly(plan, options)])];
  if (sessions.length === 0) return { receipts: new Map(), quarantined: undefined, bytes: new Map() };
  const chunk = Math.max(CHUNK.least, Math.min(CHUNK.most, Math.floor(BUFFER_BUDGET / sessions.length)));
  await everyOne(sessions, (session) => session.execute('BEGIN'));
  await everyOne(targets, ({ session }) => emptyTable(session, plan.table));
  const copyIn = copyInto(plan.table, plan.columns);
  const sinks = new Map(targets.map(({ key, session }) => [key, new RowSink(session, copyIn, chunk)]));
  const aside = await quarantineSink(plan, options, chunk);
  await readInto(plan, options, sinks, aside?.sink);
  const receipts = new Map<string | undefined, CopyReceipt>();
  await everyOne([...sinks], async ([key, sink]) => {
    receipts.set(key, await writeReceipt(sink.session, plan.table, plan.columns, sink.rows, options.origin));
  });
  const quarantined = aside === undefined ? undefined : await countQuarantined(aside.sink, aside.table);
  await everyOne(sessions, (session) => session.execute('COMMIT'));
  return { receipts, quarantined, bytes: new Map([...sinks].map(([key, sink]) => [key, sink.bytes])) };
}

function targetsOf(plan: TablePlan, { clinics, central }: PassOptions): OpenTarget[] {
  return [
    ...(plan.clinics === 'none' ? [] : clinics),
    ...(plan.central && central !== undefined ? [central] : []),
  ];
}

function quarantineOnly(plan: TablePlan, { quarantine }: PassOptions): Session[] {
  return plan.clinics === 'each its own' && quarantine !== undefined ? [quarantine] : [];
}

async function quarantineSink(plan: TablePlan, options: PassOptions, chunk: number) {
  const [session] = quarantineOnly(plan, options);
  if (session === undefined) return undefined;
  const quarantine = quarantineOf(plan, options.catalog);
  await prepareQuarantine(session, quarantine);
  const sink = new RowSink(session, copyInto(quarantine.table, quarantine.columns), chunk);
  return { sink, table: quarantine.table };
}

/** Streams the table through the router until every database has taken every byte. */
async function readInto(
  plan: TablePlan,
  options: PassOptions,
  sinks: ReadonlyMap<string | undefined, RowSink>,
  quarantine: RowSink | undefined,
): Promise<void> {
  const all = [...sinks.values(), ...(quarantine === undefined ? [] : [quarantine])];
  const mapped = routedTable(plan);
  let lines = 0;
  const clinics = new Map<string, RowSink>();
  for (const [key, sink] of sinks) if (key !== undefined) clinics.set(key, sink);
  const whole = sinks.get(undefined);
  const route =
    mapped === undefined
      ? (buffer: Buffer, start: number, end: number) => {
          for (const sink of sinks.values()) sink.add(buffer, start, end);
        }
      : rowRouter(plan, { clinics, whole, quarantine, known: options.known });
  const splitter = new LineSplitter((buffer, start, end) => {
    lines += 1;
    route(buffer, start, end);
  });
  try {
    for await (const chunk of options.reader.copyOut(copyFrom(plan, options))) {
      options.signal.throwIfAborted();
      splitter.push(chunk as Buffer);
      for (const sink of all) await sink.settle();
      options.onRows(lines);
      lines = 0;
    }
    if (!splitter.complete)
      throw new RunError(`the copy of ${displayName(plan.table)} ended in the middle of a row`);
    await everyOne(all, (sink) => sink.finish());
  } catch (error) {
    for (const sink of all) sink.abort();
    if (options.signal.aborted)
      throw new InterruptedError(`interrupted while copying ${displayName(plan.table)}`);
    throw error;
  }
}

function copyFrom(plan: TablePlan, options: PassOptions): string {
  const mapped = routedTable(plan);
  if (mapped === undefined) {
    return `COPY (SELECT ${plan.columns.map(quoteIdent).join(', ')} FROM ${quoteName(plan.table)}) TO STDOUT`;
  }
  const { catalog, map, suspects } = options;
  const routed = routing(mapped, { catalog, map, suspects, columns: plan.columns });
  return `COPY (${routed.with}SELECT ${[routed.route, ...routed.columns].join(', ')} FROM ${routed.from}) TO STDOUT`;
}

function copyInto(table: QualifiedName, columns: readonly string[]): string {
  const list = columns.length === 0 ? '' : ` (${columns.map(quoteIdent).join(', ')})`;
  return `COPY ${quoteName(table)}${list} FROM STDIN`;
}

/** TRUNCATE makes new files for a table, so one that is empty already is left alone. */
async function emptyTable(session: Session, table: QualifiedName): Promise<void> {
  const [row] = await session.query<{ filled: boolean }>(
    `SELECT EXISTS (SELECT FROM ${quoteName(table)}) AS filled`,
  );
  if (row?.filled === true) await session.query(`TRUNCATE ${quoteName(table)}`);
}

/** Counts what quarantine holds; drops the table where that is nothing. */
async function countQuarantined(sink: RowSink, table: QualifiedName): Promise<number> {
  const [row] = await sink.session.query<{ rows: string }>(
    `SELECT count(*)::text AS rows FROM ${quoteName(table)}`,
  );
  const rows = Number(row?.rows ?? 0);
  if (rows !== sink.rows) {
    throw new RunError(`${sink.rows} rows were put in quarantine and ${rows} are in ${displayName(table)}`);
  }
  if (rows === 0) await sink.session.query(`DROP TABLE ${quoteName(table)}`);
  return rows;
}

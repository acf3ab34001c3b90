import type { Digest } from '../catalog/digest.js';
import type { SchemaCatalog } from '../catalog/types.js';
import { DatabaseError, InterruptedError, RunError } from '../core/errors.js';
import { displayName, type QualifiedName, quoteIdent, quoteLiteral, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { everyOne } from '../core/side-by-side.js';
import type { TenancyMap } from '../tenancy/types.js';
import { type LineReader, LineSplitter } from './copy-text.js';
import { digestTables } from './digest-tables.js';
import { ROUTE } from './judgement.js';
import { routedTable, type TablePlan } from './plan.js';
import { prepareQuarantine, quarantineOf } from './quarantine.js';
import { referencedRouting } from './referenced.js';
import { rowRouter } from './router.js';
import { type Routing, routing } from './routing.js';
import { RowSink } from './row-sink.js';

/** A database with an open session in a transaction, taking rows in this pass. */
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
  /** The first pass reads every row that is not another clinic's; later ones only what their own clinics get. */
  readonly isFirst: boolean;
  /** Every clinic's key, of this pass or not. */
  readonly known: ReadonlySet<string>;
  readonly suspects: ReadonlySet<string>;
  readonly signal: AbortSignal;
  /** Told of rows read and of their bytes, now and then. */
  readonly onRows: (rows: number, bytes: number) => void;
}

/** What was sent of one table to one database. */
export interface Sent {
  readonly rows: number;
  /** COPY text. */
  readonly bytes: number;
  /** From the first row to the last byte taken. */
  readonly seconds: number;
}

/** What became of one table in one pass. */
export interface TableCopy {
  /** By clinic key; the central database under undefined. */
  readonly sent: ReadonlyMap<string | undefined, Sent>;
  /** What the quarantine table holds after the copy; undefined where this pass did not write one. */
  readonly quarantined: Digest | undefined;
}

// All chunks being filled together stay below this, however many clinics there are.
const BUFFER_BUDGET = 32 * 1024 * 1024;
const CHUNK = { least: 8 * 1024, most: 64 * 1024 };

/**
 * Reads one table once and hands each row to the databases it belongs to, whose sessions are in a transaction and
 * whose tables are empty. On failure these transactions must be rolled back.
 */
export async function copyTable(plan: TablePlan, options: PassOptions): Promise<TableCopy> {
  const { clinics, central } = options;
  const chunk = chunkBytes(clinics.length);
  const copyIn = copyInto(plan.table, plan.columns);
  const sinkOf = ({ session }: OpenTarget): RowSink => new RowSink(session, copyIn, chunk);
  const whole = plan.central && central !== undefined ? sinkOf(central) : undefined;
  const sinks = new Map(
    plan.clinics === 'none' ? [] : clinics.map((target) => [target.key ?? '', sinkOf(target)]),
  );
  const aside = await quarantineSink(plan, options, chunk);
  const all = [...sinks.values(), ...[whole, aside?.sink].filter((sink) => sink !== undefined)];
  if (all.length === 0) return { sent: new Map(), quarantined: undefined };
  try {
    if (plan.clinics === 'each its own') {
      const to = { clinics: sinks, whole, quarantine: aside?.sink, known: options.known };
      await read(routedCopy(plan, options, sinks, whole), rowRouter(plan, to), plan, options, all);
    } else {
      const everywhere = [...(plan.clinics === 'all' ? sinks.values() : []), ...(whole ? [whole] : [])];
      if (everywhere.length > 0)
        await read(plainCopy(plan), broadcast(everywhere), plan, options, everywhere);
      if (plan.clinics === 'referenced' && sinks.size > 0) {
        const to = { clinics: sinks, whole: undefined, quarantine: undefined, known: options.known };
        const list = [...sinks.values()];
        await read(referencedCopy(plan, options, sinks), rowRouter(plan, to), plan, options, list);
      }
    }
    await everyOne(all, (sink) => sink.finish());
  } catch (error) {
    for (const sink of all) sink.abort();
    if (options.signal.aborted)
      throw new InterruptedError(`interrupted while copying ${displayName(plan.table)}`);
    throw isRefusal(error) ? refused(plan, error) : error;
  }
  const quarantined = aside === undefined ? undefined : await sealQuarantine(plan, aside.sink, aside.table);
  const sent = new Map<string | undefined, Sent>([...sinks].map(([key, sink]) => [key, sink.sent()]));
  if (whole !== undefined) sent.set(undefined, whole.sent());
  return { sent, quarantined };
}

/** A row, or an expression that is evaluated for it, was refused; not the connection lost. */
function isRefusal(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && /^(22|23|42|P0)/.test(error.sqlState ?? '');
}

function refused({ table }: TablePlan, error: DatabaseError): RunError {
  return new RunError(`copying ${displayName(table)}: ${error.message}`, {
    cause: error,
    hint: error.sqlState?.startsWith('42')
      ? 'A generated column or a check calls a function whose body names something that is not found there. Set the function’s own path in the legacy database: ALTER FUNCTION … SET search_path = ….'
      : 'The legacy database would not take such a row today either: correct it there.',
  });
}

function chunkBytes(targets: number): number {
  return Math.max(CHUNK.least, Math.min(CHUNK.most, Math.floor(BUFFER_BUDGET / Math.max(1, targets))));
}

/** Streams rows to their readers until the source has no more; waits whenever a database has no room. */
async function read(
  copySql: string,
  route: LineReader,
  plan: TablePlan,
  { reader, signal, onRows }: PassOptions,
  sinks: readonly RowSink[],
): Promise<void> {
  let lines = 0;
  const splitter = new LineSplitter((buffer, start, end) => {
    lines += 1;
    route(buffer, start, end);
  });
  for await (const chunk of reader.copyOut(copySql)) {
    signal.throwIfAborted();
    splitter.push(chunk as Buffer);
    for (const sink of sinks) if (sink.isWaiting) await sink.settle();
    onRows(lines, (chunk as Buffer).length);
    lines = 0;
  }
  if (!splitter.complete)
    throw new RunError(`the copy of ${displayName(plan.table)} ended in the middle of a row`);
}

function broadcast(sinks: readonly RowSink[]): LineReader {
  return (buffer, start, end) => {
    for (const sink of sinks) sink.add(buffer, start, end);
  };
}

function plainCopy({ columns, rows }: TablePlan): string {
  return `COPY (SELECT ${columns.map(quoteIdent).join(', ')} FROM ${rows}) TO STDOUT`;
}

function routedCopy(
  plan: TablePlan,
  { catalog, map, suspects, known, isFirst }: PassOptions,
  sinks: ReadonlyMap<string, RowSink>,
  whole: RowSink | undefined,
): string {
  const mapped = routedTable(plan);
  if (mapped === undefined) throw new RunError(`${displayName(plan.table)} is no clinic table`);
  const routed = routing(mapped, { catalog, map, suspects, columns: plan.columns });
  if (!isFirst) return copyRouted(routed, `= ANY (${routeList([...sinks.keys()], ROUTE.shared)})`);
  // Rows of clinics that are not part of this pass stay where they are, unless somebody wants every row.
  const others = whole === undefined ? [...known].filter((key) => !sinks.has(key)) : [];
  return copyRouted(routed, others.length === 0 ? undefined : `<> ALL (${routeList(others)})`);
}

function referencedCopy(
  plan: TablePlan,
  { catalog, map, suspects, known }: PassOptions,
  sinks: ReadonlyMap<string, RowSink>,
): string {
  const { columns } = plan;
  const routed = referencedRouting(plan.mapped, { catalog, map, suspects, keys: known, columns });
  return copyRouted(routed, `= ANY (${routeList([...sinks.keys()], ROUTE.shared)})`);
}

function copyRouted(routed: Routing, filter: string | undefined): string {
  const list = [routed.route, ...routed.columns].join(', ');
  if (filter === undefined) return `COPY (${routed.with}SELECT ${list} FROM ${routed.from}) TO STDOUT`;
  const named = routed.columns.map((sql, i) => `${sql} AS c${i}`);
  const select = ['route', ...routed.columns.map((_, i) => `c${i}`)].join(', ');
  return `COPY (${routed.with}SELECT ${select} FROM (SELECT ${[`${routed.route} AS route`, ...named].join(', ')}
    FROM ${routed.from}) AS r WHERE route ${filter}) TO STDOUT`;
}

function routeList(keys: readonly string[], ...more: readonly string[]): string {
  const routes = [...keys.map((key) => ROUTE.key + key), ...more];
  return `ARRAY[${routes.map(quoteLiteral).join(', ')}]::text[]`;
}

function copyInto(table: QualifiedName, columns: readonly string[]): string {
  const list = columns.length === 0 ? '' : ` (${columns.map(quoteIdent).join(', ')})`;
  return `COPY ${quoteName(table)}${list} FROM STDIN`;
}

async function quarantineSink(plan: TablePlan, options: PassOptions, chunk: number) {
  if (plan.clinics !== 'each its own' || options.quarantine === undefined) return undefined;
  const quarantine = quarantineOf(plan, options.catalog);
  await prepareQuarantine(options.quarantine, quarantine);
  const sink = new RowSink(options.quarantine, copyInto(quarantine.table, quarantine.columns), chunk);
  return { sink, table: quarantine.table };
}

/** Digests what quarantine holds; drops the table where that is nothing. */
async function sealQuarantine(
  plan: TablePlan,
  sink: RowSink,
  table: QualifiedName,
): Promise<Digest | undefined> {
  const [digest] = await digestTables(sink.session, [{ rows: quoteName(table), columns: plan.columns }]);
  if (digest?.rows !== sink.rows)
    throw new RunError(
      `${sink.rows} rows were put in quarantine and ${digest?.rows} are in ${displayName(table)}`,
    );
  if (digest.rows === 0) await sink.session.query(`DROP TABLE ${quoteName(table)}`);
  return digest;
}

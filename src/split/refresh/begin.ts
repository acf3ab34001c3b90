import { addDigests, EMPTY_DIGEST, sameDigest } from '../../catalog/digest.js';
import { DatabaseError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import { commandLine } from '../../core/hints.js';
import { displayName, quoteName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import type { ClinicTarget } from '../../provision/types.js';
import { Buckets } from '../buckets.js';
import { expectedOf } from '../conservation.js';
import { digestParts, digestTables } from '../digest-tables.js';
import { refuseForeignCode } from '../foreign-code.js';
import { type TablePlan, tablesOf } from '../plan.js';
import { type CopyReceipt, isReceiptOf, openReceipts } from '../receipts.js';
import { liftForce } from '../row-security.js';
import { RowSink } from '../row-sink.js';
import type { Run } from '../run.js';
import { copyState, staleFindings } from '../staleness.js';
import type { Refreshing, TableState } from './target.js';

/** How long another's transaction on these tables is waited for. */
const PATIENCE = '5s';

/** Rows on their way, and what has to be done with them; both are gone with the transaction. */
const INCOMING = `
  CREATE TEMPORARY TABLE clinic_migrate_incoming (tab integer, k text, line text) ON COMMIT DROP;
  CREATE TEMPORARY TABLE clinic_migrate_diff (tab integer, op text, rel oid, tid tid, line text) ON COMMIT DROP`;

/**
 * Begins the transaction that brings one database up to date: its tables are locked against writers, held against their
 * receipts, and compared with what the snapshot has for them. Findings where it must be left as it is.
 */
export async function beginRefresh(
  run: Run,
  target: ClinicTarget | undefined,
  session: Session,
  chunkBytes: number,
): Promise<Refreshing | readonly Finding[]> {
  const receipts = await openReceipts(session, target?.owner);
  run.tally.isCopyOf(target?.clinic.key, receipts[0]?.snapshot, run.snapshot);
  if (receipts.some(({ fingerprint }) => fingerprint !== run.fingerprint))
    return staleFindings(run, copyState(run, target, receipts));
  const users = target === undefined ? 0 : await countSessions(session, target.role);
  if (users > 0) return [inUse(run, target, `its login has ${users} open session${users === 1 ? '' : 's'}`)];
  const plans = tablesOf(run.plans, target === undefined);
  if (!(await lockTables(session, plans)))
    return [inUse(run, target, `another transaction has been writing there for ${PATIENCE}`)];
  // Under the lock, so that nobody makes some in the meantime.
  if (target !== undefined) await refuseForeignCode(run, target, session);
  const forced = await liftForce(
    session,
    plans.map(({ table }) => table),
  );
  const found = await digestTables(
    session,
    plans.map(({ rows, proof }) => ({ rows, columns: proof })),
  );
  const written = plans.filter(
    (plan, i) => !isReceiptOf(receiptFor(receipts, plan), found[i] ?? EMPTY_DIGEST),
  );
  if (written.length > 0 && !mayOverwrite(run, target))
    return [writtenFinding(run, target, receipts, written)];
  const tables = await compareParts(run, session, { key: target?.clinic.key, plans, written, receipts });
  if (tables.some(({ differing }) => differing.length > 0)) await session.execute(INCOMING);
  const copy = 'COPY pg_temp.clinic_migrate_incoming (tab, k, line) FROM STDIN';
  return { target, session, forced, tables, incoming: new RowSink(session, copy, chunkBytes) };
}

interface Copy {
  readonly key: string | undefined;
  readonly plans: readonly TablePlan[];
  /** Those that hold something else than their receipts say. */
  readonly written: readonly TablePlan[];
  readonly receipts: readonly CopyReceipt[];
}

/**
 * In which parts each table is not what the snapshot has. What a table has in its parts its receipt says, which speaks of
 * all that is there; of tables that were written to, the database itself.
 */
async function compareParts(
  run: Run,
  session: Session,
  { key, plans, written, receipts }: Copy,
): Promise<TableState[]> {
  const all = new Map(plans.map((plan) => [plan, expectedParts(run, plan, key)]));
  const counts = written.map((plan) => all.get(plan)?.count ?? 1);
  const seen = await digestParts(session, run.options.catalog, written, counts);
  return plans.map((plan): TableState => {
    const digests = all.get(plan) ?? new Buckets(1);
    const expected = digests.total();
    const receipt = receiptFor(receipts, plan);
    // The survey went by the receipts that there were before it.
    const before = receiptFor(run.stored?.receiptsOf(key) ?? [], plan);
    const isSurveyed = before !== undefined && before.digest === receipt?.digest;
    const isWritten = written.includes(plan);
    const had = isWritten
      ? seen[written.indexOf(plan)]
      : isSurveyed
        ? run.stored?.partsOf(plan, key)
        : undefined;
    const inParts = new Buckets(had?.count ?? digests.count);
    inParts.addAll(digests);
    const isSame = !isWritten && isReceiptOf(receipt, expected);
    const differing = isSame ? [] : differingParts(inParts, had);
    return {
      index: run.plans.indexOf(plan),
      plan,
      expected,
      digests,
      parts: inParts.count,
      differing,
      inParts: differing.map((part) => inParts.at(part)).reduce(addDigests, EMPTY_DIGEST),
      isByPlace: isSurveyed && !isWritten,
    };
  });
}

function mayOverwrite({ options }: Run, target: ClinicTarget | undefined): boolean {
  return options.overwrite === 'all' || (options.overwrite === 'clinics' && target !== undefined);
}

async function countSessions(session: Session, role: string): Promise<number> {
  const [row] = await session.query<{ open: number }>(
    `SELECT count(*)::int AS open FROM pg_catalog.pg_stat_activity
      WHERE datname = pg_catalog.current_database() AND usename = $1`,
    [role],
  );
  return row?.open ?? 0;
}

/** Begins the transaction. False where somebody else is at work in them. */
async function lockTables(session: Session, plans: readonly TablePlan[]): Promise<boolean> {
  const names = plans.map(({ table }) => quoteName(table)).join(', ');
  const lock = `SET LOCAL lock_timeout = '${PATIENCE}'; LOCK TABLE ${names} IN SHARE ROW EXCLUSIVE MODE; SET LOCAL lock_timeout = 0`;
  try {
    await session.execute(plans.length === 0 ? 'BEGIN' : `BEGIN; ${lock}`);
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlState === '55P03') return false;
    throw error;
  }
}

/** What the snapshot has for a database, in the parts in which it was surveyed. */
function expectedParts({ tally, stored }: Run, plan: TablePlan, key: string | undefined): Buckets {
  const survey = tally.surveyOf(plan);
  const parts = new Buckets(stored?.countFor(plan, key) ?? 1);
  if (parts.count === 1 || survey.parts === undefined)
    parts.add(0, key === undefined ? survey.total : expectedOf(plan, survey, key));
  else if (key === undefined || plan.clinics === 'all') parts.addAll(survey.parts.total);
  else {
    const own = survey.parts.perClinic.get(key);
    if (own !== undefined) parts.addAll(own);
    parts.addAll(survey.parts.shared);
  }
  return parts;
}

/** All of them where it is not known what was in each. */
function differingParts(expected: Buckets, had: Buckets | undefined): number[] {
  return Array.from({ length: expected.count }, (_, i) => i).filter(
    (i) => had === undefined || !sameDigest(expected.at(i), had.at(i)),
  );
}

function receiptFor(receipts: readonly CopyReceipt[], plan: TablePlan): CopyReceipt | undefined {
  const name = displayName(plan.table);
  return receipts.find(({ table }) => displayName(table) === name);
}

function writtenFinding(
  { options }: Run,
  target: ClinicTarget | undefined,
  receipts: readonly CopyReceipt[],
  written: readonly TablePlan[],
): Finding {
  const database = target?.database ?? databaseOf(options.central.url);
  const tables = written.map(({ table }) => displayName(table)).join(', ');
  const since = receipts.length === 0 ? 'has no receipts' : 'was written to after it was copied';
  return {
    code: 'SPLIT_COPY_WRITTEN',
    severity: 'error',
    subject: database,
    message: `${database} ${since}: ${tables} hold rows that no receipt explains; nothing in it was changed`,
    hint: `Look at them; ${commandLine('split', '--refresh', '--yes', ...(target === undefined ? [] : [database]))} gives them up for what the legacy database has.`,
  };
}

function inUse({ options }: Run, target: ClinicTarget | undefined, what: string): Finding {
  const database = target?.database ?? databaseOf(options.central.url);
  return {
    code: 'SPLIT_COPY_IN_USE',
    severity: 'error',
    subject: database,
    message: `${database} is in use: ${what}; nothing in it was changed`,
    hint: `Stop what uses it, then run ${commandLine('split', '--refresh', ...(target === undefined ? [] : [database]))}.`,
  };
}

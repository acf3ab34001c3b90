import {
  addDigests,
  type Digest,
  digestQuery,
  EMPTY_DIGEST,
  parseDigest,
  sameDigest,
  showDigest,
} from '../../catalog/digest.js';
import { DatabaseError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import { commandLine } from '../../core/hints.js';
import { displayName, quoteName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import type { ClinicTarget } from '../../provision/types.js';
import { Buckets, bucketSql, columnOf, keyText, rowKey } from '../buckets.js';
import { expectedOf } from '../conservation.js';
import { refuseForeignCode } from '../foreign-code.js';
import { type TablePlan, tablesOf } from '../plan.js';
import { type CopyReceipt, openReceipts } from '../receipts.js';
import { liftForce } from '../row-security.js';
import { RowSink } from '../row-sink.js';
import type { Run } from '../run.js';
import { copyState, staleFindings } from '../staleness.js';
import type { Refreshing, TableState } from './target.js';

/** How long another's transaction on these tables is waited for. */
const PATIENCE = '5s';

/** Rows on their way, and what has to be done with them; both are gone with the transaction. */
const INCOMING = `
  CREATE TEMPORARY TABLE clinic_migrate_incoming (tab integer, line text) ON COMMIT DROP;
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
  const state = copyState(run, target, receipts);
  if (receipts.some(({ fingerprint }) => fingerprint !== run.fingerprint)) return staleFindings(run, state);
  const users = target === undefined ? 0 : await countSessions(session, target.role);
  if (users > 0) return [inUse(run, target, `its login has ${users} open session${users === 1 ? '' : 's'}`)];
  const plans = tablesOf(run.plans, target === undefined);
  await session.execute(`BEGIN; ${INCOMING}`);
  if (!(await lockTables(session, plans)))
    return [inUse(run, target, `another transaction has been writing there for ${PATIENCE}`)];
  // Under the lock, so that nobody makes some in the meantime.
  if (target !== undefined) await refuseForeignCode(run, target, session);
  const forced = await liftForce(
    session,
    plans.map(({ table }) => table),
  );
  const names = new Set(state.changed.map(({ plan }) => plan));
  const key = target?.clinic.key;
  const counts = plans.map((plan) => (names.has(plan) ? (run.buckets?.countFor(plan, key) ?? 1) : 1));
  const found = await digestParts(run, session, plans, counts);
  const totals = found.map((buckets) => buckets.total());
  const written = plans.filter((plan, i) => !isExplained(receipts, plan, totals[i] ?? EMPTY_DIGEST));
  if (written.length > 0 && !mayOverwrite(run, target))
    return [writtenFinding(run, target, receipts, written)];
  const tables = plans.map((plan, i): TableState => {
    const expected = expectedParts(run, plan, key, counts[i] ?? 1);
    const differing = differingParts(expected, found[i] ?? new Buckets(1));
    const index = run.plans.indexOf(plan);
    const inParts = differing.map((part) => expected.at(part)).reduce(addDigests, EMPTY_DIGEST);
    return { index, plan, expected: expected.total(), parts: expected.count, differing, inParts };
  });
  const copy = 'COPY pg_temp.clinic_migrate_incoming (tab, line) FROM STDIN';
  return { target, session, forced, tables, incoming: new RowSink(session, copy, chunkBytes) };
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

/** False where somebody else is at work in them. */
async function lockTables(session: Session, plans: readonly TablePlan[]): Promise<boolean> {
  if (plans.length === 0) return true;
  const names = plans.map(({ table }) => quoteName(table)).join(', ');
  try {
    await session.execute(
      `SET LOCAL lock_timeout = '${PATIENCE}'; LOCK TABLE ${names} IN SHARE ROW EXCLUSIVE MODE; SET LOCAL lock_timeout = 0`,
    );
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlState === '55P03') return false;
    throw error;
  }
}

/** What the database itself has in each table, in so many parts. */
async function digestParts(
  { options }: Run,
  session: Session,
  plans: readonly TablePlan[],
  counts: readonly number[],
): Promise<Buckets[]> {
  const buckets = counts.map((count) => new Buckets(count));
  if (plans.length === 0) return buckets;
  const queries = plans.map((plan, i) => {
    const key = keyText(rowKey(options.catalog, plan), columnOf('t'));
    const bucket = bucketSql(key, `${(counts[i] ?? 1) - 1}`);
    const rows = { from: `${plan.rows} AS t`, row: 't', columns: plan.proof };
    const digests = digestQuery(rows, counts[i] === 1 ? {} : { bucket });
    return `SELECT ${i} AS i, ${counts[i] === 1 ? '0::bigint' : 'd.bucket'} AS bucket, d.rows, d.sum1, d.sum2 FROM (${digests}) AS d`;
  });
  const found = await session.query<{ i: number; bucket: string }>(queries.join(' UNION ALL '));
  for (const row of found) buckets[row.i]?.add(Number(row.bucket), parseDigest(row));
  return buckets;
}

/** What the snapshot has for a database, in so many parts. */
function expectedParts({ tally }: Run, plan: TablePlan, key: string | undefined, count: number): Buckets {
  const survey = tally.surveyOf(plan);
  const parts = new Buckets(count);
  if (count === 1 || survey.parts === undefined)
    parts.add(0, key === undefined ? survey.total : expectedOf(plan, survey, key));
  else if (key === undefined || plan.clinics === 'all') parts.addAll(survey.parts.total);
  else {
    const own = survey.parts.perClinic.get(key);
    if (own !== undefined) parts.addAll(own);
    parts.addAll(survey.parts.shared);
  }
  return parts;
}

function differingParts(expected: Buckets, found: Buckets): number[] {
  return Array.from({ length: expected.count }, (_, i) => i).filter(
    (i) => !sameDigest(expected.at(i), found.at(i)),
  );
}

function isExplained(receipts: readonly CopyReceipt[], plan: TablePlan, found: Digest): boolean {
  const name = displayName(plan.table);
  const receipt = receipts.find(({ table }) => displayName(table) === name);
  return receipt?.rows === found.rows && receipt.digest === showDigest(found);
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

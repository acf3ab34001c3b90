import { addDigests, EMPTY_DIGEST, sameDigest } from '../../catalog/digest.js';
import type { Finding } from '../../core/finding.js';
import type { Session } from '../../core/ports.js';
import type { ClinicTarget } from '../../provision/types.js';
import { Buckets } from '../buckets.js';
import { expectedOf } from '../conservation.js';
import { digestParts } from '../digest-tables.js';
import { refuseForeignCode } from '../foreign-code.js';
import { type TablePlan, tablesOf } from '../plan.js';
import { type CopyReceipt, isReceiptOf, openReceipts } from '../receipts.js';
import { liftForce } from '../row-security.js';
import { RowSink } from '../row-sink.js';
import type { Run } from '../run.js';
import { copyState, staleFindings } from '../staleness.js';
import { stampTables } from '../stamps.js';
import { takeTables } from './in-use.js';
import type { Refreshing, TableState } from './target.js';
import { mayOverwrite, receiptFor, writtenFinding, writtenTables } from './written.js';

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
  const plans = tablesOf(run.plans, target === undefined);
  const inUse = await takeTables(run, target, session, plans);
  if (inUse !== undefined) return [inUse];
  // Under the lock, so that nobody makes some in the meantime.
  if (target !== undefined) await refuseForeignCode(run, target, session);
  const forced = await liftForce(
    session,
    plans.map(({ table }) => table),
  );
  const stamps = await stampTables(session, plans);
  const written = await writtenTables(session, receipts, plans, stamps);
  if (written.length > 0 && !mayOverwrite(run, target))
    return [writtenFinding(run, target, receipts, written)];
  const tables = await compareParts(run, session, {
    key: target?.clinic.key,
    plans,
    stamps,
    written,
    receipts,
  });
  if (tables.some(({ differing }) => differing.length > 0)) await session.execute(INCOMING);
  const copy = 'COPY pg_temp.clinic_migrate_incoming (tab, k, line) FROM STDIN';
  return { target, session, forced, tables, incoming: new RowSink(session, copy, chunkBytes) };
}

interface Copy {
  readonly key: string | undefined;
  readonly plans: readonly TablePlan[];
  /** In their order. */
  readonly stamps: readonly string[];
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
  { key, plans, stamps, written, receipts }: Copy,
): Promise<TableState[]> {
  const all = new Map(plans.map((plan) => [plan, expectedParts(run, plan, key)]));
  const counts = written.map((plan) => all.get(plan)?.count ?? 1);
  const seen = await digestParts(session, run.options.catalog, written, counts);
  return plans.map((plan, i): TableState => {
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
      stamp: stamps[i] ?? '',
      expected,
      digests,
      parts: inParts.count,
      differing,
      inParts: differing.map((part) => inParts.at(part)).reduce(addDigests, EMPTY_DIGEST),
      isByPlace: isSurveyed && !isWritten,
    };
  });
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

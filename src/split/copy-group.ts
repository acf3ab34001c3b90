import { sameDigest } from '../catalog/digest.js';
import { displayName, type QualifiedName } from '../core/identifiers.js';
import { lookInto } from '../core/name-path.js';
import type { Session } from '../core/ports.js';
import { everyOne } from '../core/side-by-side.js';
import type { ClinicTarget } from '../provision/types.js';
import { Buckets, partsFor } from './buckets.js';
import type { OpenCentral } from './central.js';
import { expectedOf, requireSent } from './conservation.js';
import { copyLargeObjects, type ObjectTarget } from './copy-large-objects.js';
import { copyTable, type OpenTarget, type PassOptions } from './copy-table.js';
import { digestParts } from './digest-tables.js';
import { refuseForeignCode } from './foreign-code.js';
import { objectsOfCentral, objectsOfClinic } from './large-objects.js';
import { type TablePlan, tablesOf } from './plan.js';
import { copyIsComplete, emptyTables, openReceipts, writeReceipts } from './receipts.js';
import { liftForce, restoreForce } from './row-security.js';
import { type Run, stopIfAsked } from './run.js';
import { stampTables } from './stamps.js';
import { openAll } from './targets.js';

/** A database of this pass, with what has been sent to it so far. */
interface Copying extends OpenTarget {
  readonly tables: { readonly plan: TablePlan; readonly sent: number }[];
  /** Tables whose row security binds their owner again at the end. */
  readonly forced: readonly QualifiedName[];
}

/**
 * Copies every table into a group of clinics that are connected side by side. In each database, emptying the tables,
 * all rows and the receipts for them are one transaction: a clinic has all of its rows or none of them.
 */
export async function copyGroup(
  run: Run,
  group: readonly ClinicTarget[],
  central: OpenCentral,
  isFirst: boolean,
): Promise<void> {
  const { options, plans, tally } = run;
  const sessions = await openAll(options.databases, group, (target) => target.adminUrl);
  try {
    const clinics: Copying[] = [];
    await everyOne([...sessions], async ([target, session]) => {
      if (await isCopied(run, target, session)) return;
      await options.onClinicStart(target);
      clinics.push(await begin(session, target.clinic.key, plans));
      tally.willCopy(target);
    });
    const whole = central.session && (await begin(central.session, undefined, plans));
    const all = whole === undefined ? clinics : [...clinics, whole];
    await everyOne(all, ({ session }) => session.execute(lookInto(options.catalog.namePath)));
    await central.quarantine?.execute('BEGIN');
    await copyTables(run, { clinics, central: whole, quarantine: central.quarantine, isFirst });
    await copyObjects(run, clinics, central);
    await everyOne(all, (target) => seal(run, target));
    await central.quarantine?.execute('COMMIT');
  } finally {
    await everyOne([...sessions.values()], (session) => session.close());
  }
}

/** The large objects that rows name, in the transactions of the rows; the central database's in one of its two. */
async function copyObjects(
  run: Run,
  clinics: readonly Copying[],
  { session, quarantine }: OpenCentral,
): Promise<void> {
  if (!run.options.map.tables.some(({ largeObjects }) => largeObjects !== undefined)) return;
  stopIfAsked(run.options);
  const objects = await run.largeObjects();
  const roles = new Map(run.options.targets.map(({ clinic, role }) => [clinic.key, role]));
  const targets: ObjectTarget[] = clinics.map((target) => ({
    session: target.session,
    role: roles.get(target.key ?? ''),
    wanted: objectsOfClinic(objects, target.key ?? ''),
  }));
  const central = run.options.central.holdsLegacy ? undefined : (quarantine ?? session);
  if (central !== undefined)
    targets.push({
      session: central,
      role: undefined,
      wanted: objectsOfCentral(objects, quarantine !== undefined),
    });
  const needed = new Set(targets.flatMap(({ wanted }) => wanted));
  const bytes = [...needed].reduce((sum, object) => sum + object.bytes, 0);
  const task = run.options.progress.start('Copying large objects', { total: bytes, unit: 'bytes' });
  try {
    await copyLargeObjects(run.snapshot.session, targets, (read) => task.advance(read));
    task.done();
  } catch (error) {
    task.fail();
    throw error;
  }
}

/**
 * Commits a database with the receipts for its tables. Where what it found in itself is not what the snapshot has for
 * it, there are none: the rows can be looked at, and the next run copies them again.
 */
async function seal(run: Run, target: Copying): Promise<void> {
  const { options, plans, snapshot, fingerprint, tally } = run;
  const { key, session, tables } = target;
  await session.execute(lookInto(options.catalog.readPath));
  // Before the digests: what another's transaction commits in between is in these and not in the stamps.
  const stamps = await stampTables(
    session,
    tables.map(({ plan }) => plan),
  );
  const parts = await digestParts(
    session,
    options.catalog,
    tables.map(({ plan }) => plan),
    // Of a clinic table the central database has every clinic's rows, which are not compared in parts.
    tables.map(({ plan, sent }) =>
      key === undefined && plan.clinics === 'each its own' ? 1 : partsFor(sent, run.rowsOfPart),
    ),
  );
  const copies = tables.map(({ plan, sent }, i) => {
    const digests = parts[i] ?? new Buckets(1);
    const digest = digests.total();
    requireSent(session, plan, sent, digest.rows);
    return { plan, digests, digest, stamp: stamps[i] ?? '' };
  });
  tally.sealed(key, copies);
  const isWhole = plans.every((plan) => {
    const { clinics, central } = tally.copied(plan);
    const found = key === undefined ? central : clinics.get(key);
    const survey = tally.surveyOf(plan);
    return (
      found === undefined ||
      sameDigest(found, key === undefined ? survey.total : expectedOf(plan, survey, key))
    );
  });
  if (isWhole) {
    await writeReceipts(session, copies, { snapshot: snapshot.label, fingerprint });
    tally.isCopyOf(key, snapshot.label, snapshot);
  } else tally.spoil(key);
  await restoreForce(session, target.forced);
  await session.execute('COMMIT');
}

/** An earlier run may have copied a clinic and been stopped before it was ready. */
async function isCopied(run: Run, target: ClinicTarget, session: Session): Promise<boolean> {
  const { plans, fingerprint, tally } = run;
  const receipts = await openReceipts(session, target.owner);
  await refuseForeignCode(run, target, session);
  if (!copyIsComplete(receipts, tablesOf(plans, false), fingerprint, session.label)) return false;
  tally.wasCopied(target, receipts);
  return true;
}

async function begin(
  session: Session,
  key: string | undefined,
  plans: readonly TablePlan[],
): Promise<Copying> {
  const tables = tablesOf(plans, key === undefined);
  await session.execute('BEGIN');
  const forced = await liftForce(
    session,
    tables.map(({ table }) => table),
  );
  await emptyTables(session, tables);
  return { key, session, tables: [], forced };
}

async function copyTables(
  run: Run,
  to: {
    readonly clinics: readonly Copying[];
    readonly central: Copying | undefined;
    readonly quarantine: Session | undefined;
    readonly isFirst: boolean;
  },
): Promise<void> {
  const { options, plans, tally } = run;
  const rows = run.surveys.reduce((sum, survey) => sum + survey.total.rows, 0);
  const title = `Copying ${to.clinics.length} clinics`;
  const task = options.progress.start(title, { total: rows, unit: 'rows' });
  const pass: PassOptions = {
    ...options,
    ...to,
    reader: run.snapshot.session,
    known: new Set(options.clinics.map((clinic) => clinic.key)),
    suspects: run.suspects,
    onRows: (count, bytes) => task.advance(count, undefined, bytes),
  };
  try {
    for (const plan of plans) {
      stopIfAsked(options);
      task.advance(0, `${title}: ${displayName(plan.table)}`);
      const start = performance.now();
      const copy = await copyTable(plan, pass);
      for (const target of [...to.clinics, ...(to.central === undefined ? [] : [to.central])]) {
        const sent = copy.sent.get(target.key);
        if (sent !== undefined) target.tables.push({ plan, sent: sent.rows });
      }
      tally.add(plan, copy, (performance.now() - start) / 1000);
    }
    task.done();
  } catch (error) {
    task.fail();
    throw error;
  }
}

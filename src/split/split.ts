import { InterruptedError, RunError } from '../core/errors.js';
import { hasErrors } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { everyOne, shareOut } from '../core/side-by-side.js';
import type { ClinicTarget } from '../provision/types.js';
import { conservationFindings } from './conservation.js';
import { copyTable, type PassOptions } from './copy-table.js';
import { splitFingerprint } from './fingerprint.js';
import { planTables, type TablePlan } from './plan.js';
import { QUARANTINE_SCHEMA } from './quarantine.js';
import { copyIsComplete, prepareReceipts, readReceipts } from './receipts.js';
import { openSnapshot, type Snapshot } from './snapshot.js';
import { surveyFindings, type TableSurvey } from './survey.js';
import { surveyDatabase } from './survey-database.js';
import { Tally } from './tally.js';
import { groupByConnections, openAll, openTarget } from './targets.js';
import type { SplitOptions, SplitResult } from './types.js';

/** Everything that stays the same during one run. */
interface Run {
  readonly options: SplitOptions;
  readonly plans: readonly TablePlan[];
  readonly snapshot: Snapshot;
  readonly surveys: readonly TableSurvey[];
  readonly suspects: ReadonlySet<string>;
  readonly fingerprint: string;
  readonly tally: Tally;
}

/**
 * Copies every row of the legacy database to where it belongs, from one snapshot, each table read once (once a
 * group where not all clinics can be connected at once). Clinics that are not ready are copied whole; a run that
 * was killed is finished by the next. Findings of severity error before the copy: nothing was written.
 */
export async function splitDatabase(options: SplitOptions): Promise<SplitResult> {
  const { databases, legacyUrl, catalog, map, unassignable } = options;
  refuseServed(options.targets);
  const plans = planTables(catalog, map);
  const fingerprint = splitFingerprint(catalog, map, unassignable);
  const snapshot = await openSnapshot(databases, legacyUrl);
  try {
    const { surveys, suspects } = await surveyDatabase({ ...options, snapshotId: snapshot.id });
    const findings = surveys.flatMap((survey) => surveyFindings(survey, unassignable));
    const tally = new Tally(plans, surveys, options.targets);
    if (options.dryRun || hasErrors(findings))
      return { findings, done: false, surveys, fingerprint, ...tally.figures() };
    const run = { options, plans, snapshot, surveys, suspects, fingerprint, tally };
    await copyEverything(run);
    const lost = plans.flatMap((plan) =>
      conservationFindings(plan, tally.surveyOf(plan), tally.copied(plan)),
    );
    return { findings: [...findings, ...lost], done: true, surveys, fingerprint, ...tally.figures() };
  } finally {
    await snapshot.session.close();
  }
}

/** A clinic that is served from its own database has newer rows there than the legacy database. */
function refuseServed(targets: readonly ClinicTarget[]): void {
  const served = targets.filter(
    ({ state }) => state === 'active' || state === 'moving' || state === 'suspended',
  );
  const [first] = served;
  if (first === undefined) return;
  throw new RunError(
    `clinic ${JSON.stringify(first.clinic.label)} (${first.clinic.key}) is ${first.state}: its database is in use and is not overwritten`,
    { hint: 'Name the clinics to split, or roll this one back first.' },
  );
}

async function copyEverything(run: Run): Promise<void> {
  const { options } = run;
  const waiting = options.targets.filter(({ state }) => state !== 'ready');
  const central = await openCentral(run);
  try {
    if (waiting.length === 0 && central.complete) return;
    const groups = await groupByConnections(options.databases, waiting);
    for (const [i, group] of (groups.length === 0 ? [[]] : groups).entries()) {
      // Central tables and quarantine are read with the first group and never again.
      await copyGroup(run, group, i === 0 ? central : { session: undefined, quarantine: undefined });
      if (i === 0 && central.session !== undefined) await options.onCentralCopied();
      await shareOut(group, Array(Math.max(1, options.jobs)).fill(undefined), async (target) => {
        stopIfAsked(options);
        await options.onClinicCopied(target);
      });
    }
  } finally {
    await everyOne([central.session, central.quarantine], async (session) => session?.close());
  }
}

interface Central {
  /** Undefined where the central tables are copied already, or stay where they are. */
  readonly session: Session | undefined;
  readonly quarantine: Session | undefined;
}

async function openCentral(run: Run): Promise<Central & { readonly complete: boolean }> {
  const { options, plans, fingerprint } = run;
  const { databases, central, unassignable } = options;
  let session: Session | undefined = await openTarget(databases, central.url);
  try {
    let complete = true;
    if (!central.holdsLegacy) {
      await prepareReceipts(session);
      const tables = plans.filter((plan) => plan.central).map((plan) => plan.table);
      complete = copyIsComplete(await readReceipts(session), tables, fingerprint, session.label);
    }
    if (complete) {
      await session.close();
      session = undefined;
    }
    return {
      session,
      complete,
      quarantine: unassignable === 'quarantine' ? await openQuarantine(options) : undefined,
    };
  } catch (error) {
    await session?.close();
    throw error;
  }
}

async function openQuarantine({ databases, central }: SplitOptions): Promise<Session> {
  const session = await openTarget(databases, central.url);
  try {
    await session.execute(`CREATE SCHEMA IF NOT EXISTS ${QUARANTINE_SCHEMA}`);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Copies every table into a group of clinics that are connected side by side; their sessions are closed after. */
async function copyGroup(run: Run, group: readonly ClinicTarget[], central: Central): Promise<void> {
  const { options, plans, fingerprint, tally } = run;
  const sessions = await openAll(options.databases, group, (target) => target.adminUrl);
  try {
    const clinics: { key: string; session: Session }[] = [];
    await everyOne([...sessions], async ([target, session]) => {
      await prepareReceipts(session);
      const receipts = await readReceipts(session);
      const tables = plans.filter((plan) => plan.clinics !== 'none').map((plan) => plan.table);
      if (copyIsComplete(receipts, tables, fingerprint, session.label))
        return tally.wasCopied(target, receipts);
      await options.onClinicStart(target);
      clinics.push({ key: target.clinic.key, session });
      tally.willCopy(target);
    });
    const rows = run.surveys.reduce((sum, survey) => sum + survey.rows, 0);
    const task = options.progress.start(`Copying ${clinics.length} clinics`, { total: rows, unit: 'rows' });
    const pass: PassOptions = {
      ...options,
      reader: run.snapshot.session,
      clinics,
      central: central.session && { key: undefined, session: central.session },
      quarantine: central.quarantine,
      known: new Set(options.clinics.map((clinic) => clinic.key)),
      suspects: run.suspects,
      origin: { snapshot: run.snapshot.label, fingerprint },
      onRows: (count) => task.advance(count),
    };
    try {
      for (const plan of plans) {
        stopIfAsked(options);
        const start = performance.now();
        tally.add(plan, await copyTable(plan, pass), (performance.now() - start) / 1000);
        task.advance(0, displayName(plan.table));
      }
      task.done();
    } catch (error) {
      task.fail();
      throw error;
    }
  } finally {
    await everyOne([...sessions.values()], (session) => session.close());
  }
}

function stopIfAsked({ signal }: SplitOptions): void {
  if (signal.aborted) {
    throw new InterruptedError('interrupted while copying the clinics', {
      hint: 'Run split again: clinics that are ready stay as they are, the others are copied from the beginning.',
    });
  }
}

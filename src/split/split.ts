import { codeReader, readCode } from '../catalog/code.js';
import { RunError } from '../core/errors.js';
import { type Finding, hasErrors } from '../core/finding.js';
import { once } from '../core/once.js';
import type { Session } from '../core/ports.js';
import { everyOne, shareOut } from '../core/side-by-side.js';
import { type ClinicTarget, isServed } from '../provision/types.js';
import { rowsOfPart } from './buckets.js';
import { openCentral } from './central.js';
import { conservationFindings } from './conservation.js';
import { copyGroup } from './copy-group.js';
import { encodingFindings } from './encodings.js';
import { splitFingerprint } from './fingerprint.js';
import { largeObjectNeedFindings } from './large-object-findings.js';
import { readLargeObjectNeeds } from './large-object-needs.js';
import { neededObjects, readLargeObjects } from './large-objects.js';
import { planTables, type TablePlan } from './plan.js';
import { type OpenCopies, openCopies } from './refresh/open-copies.js';
import { refreshCopies } from './refresh/refresh.js';
import { type Run, stopIfAsked } from './run.js';
import { holdTables, openSnapshot } from './snapshot.js';
import { filledBefore, stalenessOf } from './staleness.js';
import { StoredParts } from './stored-parts.js';
import { surveyDatabase } from './survey/database.js';
import { surveyFindings } from './survey/findings.js';
import { Tally } from './tally.js';
import { groupByConnections } from './targets.js';
import type { SplitOptions, SplitResult } from './types.js';

/**
 * Copies every row of the legacy database to where it belongs, from one snapshot, each table read once (once a
 * group where not all clinics can be connected at once), and compares digests of what arrived with the snapshot's.
 * Clinics that are not ready are copied whole; a run that was killed is finished by the next. Findings of severity
 * error before the copy: nothing was written.
 */
export async function splitDatabase(options: SplitOptions): Promise<SplitResult> {
  refuseServed(options.targets);
  // Read before the rows are looked at: what is in each part as it was need not be remembered.
  const isRefreshing = options.refresh && !options.dryRun;
  const copies = isRefreshing ? await openCopies(options) : undefined;
  try {
    return await splitFromSnapshot(options, copies);
  } finally {
    await copies?.close();
  }
}

async function splitFromSnapshot(
  options: SplitOptions,
  copies: OpenCopies | undefined,
): Promise<SplitResult> {
  const { databases, legacyUrl, catalog, map, unassignable, progress } = options;
  const plans = planTables(catalog, map);
  const fingerprint = splitFingerprint(catalog, map, unassignable);
  const stored = copies === undefined ? undefined : new StoredParts(copies.receipts);
  const snapshot = await openSnapshot(databases, legacyUrl);
  const task = progress.start('Looking at every row', { total: map.tables.length, unit: 'tables' });
  try {
    if (stored !== undefined) await holdTables(snapshot.session, plans);
    const { surveys, suspects } = await surveyDatabase({
      ...options,
      stored,
      digests: !options.dryRun || options.targets.some(({ state }) => state === 'ready'),
      snapshotId: snapshot.id,
      onTable: (name) => task.advance(1, `Looking at every row: ${name}`),
    });
    const needs = await readLargeObjectNeeds(snapshot.session, { ...options, suspects });
    task.done();
    const tally = new Tally(plans, surveys, options.targets);
    const findings = [
      ...surveys.flatMap((survey) => surveyFindings(survey, { unassignable, map })),
      ...largeObjectNeedFindings(needs, options.largeObjects),
      ...(await centralEncodingFindings(options, snapshot.session, plans, tally)),
    ];
    const known = { surveys, fingerprint, largeObjects: neededObjects(needs).length };
    const largeObjects = once(() => readLargeObjects(snapshot.session, needs, options.login));
    const run: Run = {
      options,
      plans,
      snapshot,
      surveys,
      suspects,
      fingerprint,
      tally,
      largeObjects,
      code: await readCode(snapshot.session),
      readCode: codeReader(),
      rowsOfPart: rowsOfPart(plans.reduce((sum, plan) => sum + tally.expectedEverywhere(plan), 0)),
      stored,
    };
    if (hasErrors(findings)) return { ...known, findings, done: false, ...tally.figures() };
    if (!options.dryRun) {
      const central = await copyEverything(run);
      const isCentralStale = central === 'lacks rows' || (options.refresh && central === 'was there');
      const clinics = options.refresh ? filledBefore(run) : [];
      if (options.refresh || isCentralStale)
        findings.push(
          ...(await refreshCopies(run, {
            clinics,
            central: isCentralStale,
            sessions: copies?.sessions ?? new Map(),
          })),
        );
    }
    findings.push(...(await stalenessOf(run)));
    if (options.dryRun) return { ...known, findings, done: false, ...tally.figures() };
    const lost = plans.flatMap((plan) =>
      conservationFindings(plan, tally.surveyOf(plan), tally.copied(plan)),
    );
    return { ...known, findings: [...findings, ...lost], done: true, ...tally.figures() };
  } finally {
    task.fail();
    await snapshot.session.close();
  }
}

/** Of the tables that go to the central database whole, or with the rows that have no place. */
async function centralEncodingFindings(
  { databases, central, catalog, unassignable }: SplitOptions,
  reader: Session,
  plans: readonly TablePlan[],
  tally: Tally,
): Promise<Finding[]> {
  if (central.holdsLegacy) return [];
  const whole = plans
    .map((plan) => ({ plan, survey: tally.surveyOf(plan) }))
    .filter(({ plan, survey }) => plan.central || (unassignable === 'quarantine' && survey.aside.rows > 0));
  const session = await databases.connect(central.url, { readOnly: true });
  try {
    return await encodingFindings(reader, session, catalog, whole);
  } finally {
    await session.close();
  }
}

/** A clinic that is served from its own database has newer rows there than the legacy database. */
function refuseServed(targets: readonly ClinicTarget[]): void {
  const first = targets.find(({ state }) => isServed(state));
  if (first === undefined) return;
  throw new RunError(
    `clinic ${JSON.stringify(first.clinic.label)} (${first.clinic.key}) is ${first.state}: its database is in use and is not overwritten`,
    { hint: 'Name the clinics to split, or roll this one back first.' },
  );
}

/** Group after group; what follows the copy of one group goes on beside the copy of the next. */
async function copyEverything(run: Run): Promise<'copied' | 'was there' | 'lacks rows' | 'in use'> {
  const { options } = run;
  const waiting = largestFirst(
    options.targets.filter(({ state }) => state !== 'ready'),
    run.tally,
  );
  const central = await openCentral(run);
  try {
    const { holdsLegacy, serves } = options.central;
    const before = holdsLegacy || serves ? 'in use' : central.lacksRows ? 'lacks rows' : 'was there';
    if (waiting.length === 0 && central.session === undefined) {
      await finishCentral(run);
      return before;
    }
    const groups = await groupByConnections(options.databases, waiting, options.jobs);
    let finishing: Promise<unknown> = Promise.resolve();
    for (const [i, group] of (groups.length === 0 ? [[]] : groups).entries()) {
      // Central tables and quarantine are read with the first group and never again.
      const whole = i === 0 ? central : { ...central, session: undefined, quarantine: undefined };
      const copying = copyGroup(run, group, whole, i === 0);
      await everyOne([finishing, copying], async (work) => work);
      if (i === 0) await finishCentral(run);
      finishing = finishGroup(
        run,
        group.filter(({ clinic }) => !run.tally.isSpoiled(clinic.key)),
      );
      // Somebody waits for it below; until then a failure is not unheard.
      finishing.catch(() => undefined);
    }
    await finishing;
    return central.session === undefined ? before : 'copied';
  } finally {
    await everyOne([central.session, central.quarantine], async (session) => session?.close());
  }
}

/** What takes longest begins first; groups are dealt out in this order and so become even. */
function largestFirst(targets: readonly ClinicTarget[], tally: Tally): ClinicTarget[] {
  const sized = targets.map((target) => ({ target, rows: tally.expectedRows(target) }));
  return sized.sort((a, b) => b.rows - a.rows).map(({ target }) => target);
}

/** Also where its rows were copied by an earlier run, which may have been stopped before this. */
async function finishCentral({ options, tally }: Run): Promise<void> {
  if (options.central.holdsLegacy || tally.isSpoiled(undefined)) return;
  stopIfAsked(options);
  await options.onCentralCopied();
}

async function finishGroup({ options, tally }: Run, group: readonly ClinicTarget[]): Promise<void> {
  const task = options.progress.start('Keys and indexes', { total: group.length, unit: 'clinics' });
  try {
    await shareOut(group, Array(Math.max(1, options.jobs)).fill(undefined), async (target) => {
      stopIfAsked(options);
      const start = performance.now();
      await options.onClinicCopied(target);
      tally.finished(target, (performance.now() - start) / 1000);
      task.advance(1, `Keys and indexes: ${target.database}`);
    });
    task.done();
  } catch (error) {
    task.fail();
    throw error;
  }
}

import type { Finding } from '../../core/finding.js';
import type { Session, Task } from '../../core/ports.js';
import { everyOne, sideBySide } from '../../core/side-by-side.js';
import type { ClinicTarget } from '../../provision/types.js';
import { copyLargeObjects } from '../copy-large-objects.js';
import { copyTable } from '../copy-table.js';
import { objectsOfCentral, objectsOfClinic } from '../large-objects.js';
import { QUARANTINE_SCHEMA } from '../quarantine.js';
import { type Run, stopIfAsked } from '../run.js';
import { staleQuarantine } from '../staleness.js';
import { groupByConnections, openTarget } from '../targets.js';
import { applyChanges } from './apply.js';
import { beginRefresh } from './begin.js';
import { type OpenCopies, sessionsOn } from './open-copies.js';
import { readChanged } from './read.js';
import { keyOf, type Refreshing } from './target.js';

/** What a refresh is for: copies that an earlier run made. */
export interface Stale {
  readonly clinics: readonly ClinicTarget[];
  readonly central: boolean;
  /** Sessions on them that are open already. */
  readonly sessions: OpenCopies['sessions'];
}

// All chunks being filled together stay below this, however many clinics there are.
const BUFFER_BUDGET = 32 * 1024 * 1024;
const CHUNK = { least: 8 * 1024, most: 64 * 1024 };

/**
 * Brings copies up to date with this run's snapshot, each in one transaction, group after group as their servers take
 * connections. A killed run leaves each as it was or as it is to be. Findings for those that were left as they were.
 */
export async function refreshCopies(run: Run, { clinics, central, sessions }: Stale): Promise<Finding[]> {
  const { databases, jobs, progress } = run.options;
  const isOpen = clinics.every(({ clinic }) => sessions.has(clinic.key));
  const groups = isOpen ? [clinics] : await groupByConnections(databases, clinics, jobs);
  const task = progress.start('Refreshing', { total: clinics.length, unit: 'clinics' });
  const findings: Finding[] = [];
  try {
    for (const [i, group] of (groups.length === 0 ? [[]] : groups).entries())
      findings.push(...(await refreshGroup(run, group, central && i === 0, sessions, task)));
    if (run.options.unassignable === 'quarantine') await refreshQuarantine(run);
    task.done();
    return findings;
  } catch (error) {
    task.fail();
    throw error;
  }
}

async function refreshGroup(
  run: Run,
  group: readonly ClinicTarget[],
  withCentral: boolean,
  open: OpenCopies['sessions'],
  task: Task,
): Promise<Finding[]> {
  const { jobs } = run.options;
  const targets = withCentral ? [...group, undefined] : group;
  const sessions = await sessionsOn(run.options, targets, open);
  const findings: Finding[] = [];
  try {
    const chunk = Math.max(CHUNK.least, Math.min(CHUNK.most, Math.floor(BUFFER_BUDGET / sessions.size)));
    const begun: Refreshing[] = [];
    await sideBySide([...sessions], jobs, async ([target, session]) => {
      stopIfAsked(run.options);
      const result = await beginRefresh(run, target, session, chunk);
      if ('session' in result) begun.push(result);
      else {
        findings.push(...result);
        await session.close();
      }
    });
    await readChanged(run, begun);
    await refreshObjects(run, begun);
    await sideBySide(begun, jobs, async (one) => {
      stopIfAsked(run.options);
      const result = await applyChanges(run, one);
      if ('tables' in result) run.tally.refreshed(keyOf(one), result.tables, run.snapshot);
      else findings.push(result);
      await one.session.close();
      task.advance(1);
    });
    return findings;
  } finally {
    await everyOne([...sessions.values()], (session) => session.close());
  }
}

/** The large objects that rows name, whether or not the rows changed: their contents may have. */
async function refreshObjects(run: Run, begun: readonly Refreshing[]): Promise<void> {
  const { map, unassignable } = run.options;
  if (begun.length === 0 || !map.tables.some(({ largeObjects }) => largeObjects !== undefined)) return;
  const objects = await run.largeObjects();
  await copyLargeObjects(
    run.snapshot.session,
    begun.map(({ target, session }) => ({
      session,
      role: target?.role,
      wanted:
        target === undefined
          ? objectsOfCentral(objects, unassignable === 'quarantine')
          : objectsOfClinic(objects, target.clinic.key),
    })),
    () => undefined,
  );
}

/** Makes quarantine anew where it is not what has no place now: rows that were corrected leave it. */
async function refreshQuarantine(run: Run): Promise<void> {
  const { options, tally, snapshot, suspects } = run;
  await onSession(run, async (session) => {
    const stale = await staleQuarantine(run, session);
    if (stale.length === 0) return;
    await session.transaction(async () => {
      await session.execute(`CREATE SCHEMA IF NOT EXISTS ${QUARANTINE_SCHEMA}`);
      for (const plan of stale) {
        const start = performance.now();
        const copy = await copyTable(plan, {
          ...options,
          reader: snapshot.session,
          clinics: [],
          central: undefined,
          quarantine: session,
          isFirst: true,
          known: new Set(options.clinics.map(({ key }) => key)),
          suspects,
          onRows: () => undefined,
        });
        tally.add(plan, copy, (performance.now() - start) / 1000);
      }
    });
  });
}

async function onSession({ options }: Run, work: (session: Session) => Promise<void>): Promise<void> {
  const session = await openTarget(options.databases, options.central.url);
  try {
    await work(session);
  } finally {
    await session.close();
  }
}

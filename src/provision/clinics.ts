import type { SettingsPlan } from '../catalog/settings.js';
import { InterruptedError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import type { Databases, Session } from '../core/ports.js';
import { everyOne, oneAtATime, shareOut } from '../core/side-by-side.js';
import { withDatabase } from '../core/urls.js';
import type { Clinic } from '../tenancy/types.js';
import { known, type Plan, placeOf, serverUrl } from './plan.js';
import { type ProvisionedClinic, provideClinic } from './provide-clinic.js';
import { saveEntry } from './registry.js';

/** Makes on each server the selected clinics from its template, as many side by side as there are jobs. */
export async function provideClinics(
  plan: Plan,
  central: Session,
  installation: string,
  settings: ReadonlyMap<string, SettingsPlan>,
): Promise<{ findings: Finding[]; clinics: ProvisionedClinic[] }> {
  const { options } = plan;
  const task = options.progress.start('Making clinic databases', {
    total: plan.selected.length,
    unit: 'clinics',
  });
  const findings: Finding[] = [];
  const made = new Map<Clinic, ProvisionedClinic>();
  const inTurn = oneAtATime();
  try {
    for (const server of new Set(plan.selected.map((clinic) => placeOf(plan, clinic)))) {
      const url = withDatabase(serverUrl(plan, server), 'postgres');
      const sessions = await openSessions(options.databases, url, options.jobs);
      try {
        const here = plan.selected.filter((clinic) => placeOf(plan, clinic) === server);
        await shareOut(here, sessions, async (clinic, session) => {
          stopIfAsked(options.signal);
          const result = await provideClinic(
            plan,
            { session, url, name: server, settings: known(settings.get(server), server) },
            installation,
            clinic,
            (entry) => inTurn(() => saveEntry(central, entry)),
          );
          made.set(clinic, result.clinic);
          findings.push(...result.findings);
          task.advance(1);
        });
      } finally {
        await everyOne(sessions, (session) => session.close());
      }
    }
    task.done();
  } catch (error) {
    task.fail();
    throw error;
  }
  return {
    findings,
    clinics: plan.selected.map((clinic) => made.get(clinic)).filter((each) => each !== undefined),
  };
}

async function openSessions(databases: Databases, url: string, jobs: number): Promise<Session[]> {
  const sessions: Session[] = [];
  try {
    for (let i = 0; i < Math.max(1, jobs); i += 1) sessions.push(await databases.connect(url));
    return sessions;
  } catch (error) {
    await everyOne(sessions, (session) => session.close());
    throw error;
  }
}

function stopIfAsked(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new InterruptedError('interrupted while making clinic databases', {
    hint: 'Run provision again: it makes what is missing.',
  });
}

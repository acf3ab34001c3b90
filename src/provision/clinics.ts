import type { SettingsPlan } from '../catalog/settings.js';
import { InterruptedError, RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { makeCopyAgain } from '../core/hints.js';
import type { Databases, Session } from '../core/ports.js';
import { everyOne, oneAtATime, shareOut } from '../core/side-by-side.js';
import { endpointOf, withDatabase } from '../core/urls.js';
import type { Clinic } from '../tenancy/types.js';
import { rolesOf } from './access/mend-grants.js';
import { mendRole } from './access/mend-roles.js';
import { ensureClinicDatabase } from './clinic-database.js';
import { databaseExists, onDatabase } from './databases.js';
import { markDatabase } from './mark-database.js';
import { ownerName } from './owner.js';
import { decryptPassword, encryptPassword, randomPassword } from './password.js';
import { known, nameOf, type Plan, placeOf, serverUrl } from './plan.js';
import { saveEntry } from './registry.js';
import { ensureLogin, ensureOwner } from './roles.js';
import { ensureSettings, hasTextOfAnEncoding } from './settings.js';
import { makeTemplate, type TemplatePlan, templateName } from './template.js';
import { isServed, type RegistryEntry } from './types.js';

export interface ProvisionedClinic {
  readonly clinic: Clinic;
  readonly server: string;
  readonly database: string;
  readonly role: string;
  /** `to make` in a dry run; `kept` where nothing was missing; `mended` where something was not as it has to be. */
  readonly outcome: 'made' | 'mended' | 'kept' | 'to make';
}

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
            { session, url, name: server },
            installation,
            clinic,
            (entry) => inTurn(() => saveEntry(central, entry)),
          );
          made.set(clinic, result.clinic);
          const { database, role } = result.clinic;
          const wanted = known(settings.get(server), server);
          const set = (on: Session) => ensureSettings(on, { database, role }, wanted);
          const { findings: unset } = hasTextOfAnEncoding(wanted)
            ? await onDatabase(options.databases, withDatabase(url, database), set)
            : await set(session);
          findings.push(...result.findings, ...unset);
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

const templateOf = ({ clinicData, rehearsal, uses }: Plan): TemplatePlan => ({
  preData: clinicData,
  rehearsal,
  uses,
});

/** Before anything else is made: what cannot be is found here, once. Errors: nothing else is to be made. */
export async function provideTemplates(plan: Plan, installation: string): Promise<Finding[]> {
  const { databases } = plan.options;
  const findings: Finding[] = [];
  for (const server of new Set(plan.selected.map((clinic) => placeOf(plan, clinic)))) {
    const url = withDatabase(serverUrl(plan, server), 'postgres');
    const found = await onDatabase(databases, url, async (session) =>
      (await databaseExists(session, templateName(installation, templateOf(plan))))
        ? []
        : makeTemplate(databases, { session, url }, installation, templateOf(plan)),
    );
    findings.push(...found);
  }
  return findings;
}

async function provideClinic(
  plan: Plan,
  server: { readonly session: Session; readonly url: string; readonly name: string },
  installation: string,
  clinic: Clinic,
  save: (entry: RegistryEntry) => Promise<void>,
): Promise<{ clinic: ProvisionedClinic; findings: Finding[] }> {
  const { options, clinicData, key } = plan;
  const { database, role } = nameOf(plan, clinic);
  const entry = plan.registered.get(clinic.key);
  const password = entry === undefined ? randomPassword() : decryptPassword(entry.password, clinic.key, key);
  const whose = { installation, key: clinic.key };
  const owner = ownerName(database);
  if (entry !== undefined) await refuseLost(server.session, entry);
  const roleOutcome = await ensureLogin(server.session, role, whose, password, entry !== undefined);
  await ensureOwner(server.session, owner, whose);
  const mended = [
    await mendRole(server.session, role, password),
    await mendRole(server.session, owner, undefined),
  ];
  const made = await ensureClinicDatabase(options.databases, server, {
    key: clinic.key,
    database,
    installation,
    template: templateName(installation, templateOf(plan)),
    access: plan.access,
    ...rolesOf(role, owner, plan.ourRoles),
  });
  await markDatabase(server.session, database, whose);
  // A database that was made again holds no rows, whatever the registry says of the one before it.
  const isNew = entry === undefined || made.outcome === 'made';
  if (isNew || entry.schemaFingerprint !== made.fingerprint) {
    await save({
      ...clinic,
      ...(isNew ? { state: 'provisioned', ...endpointOf(server.url) } : entry),
      server: server.name,
      database,
      role,
      password: encryptPassword(password, clinic.key, key),
      schemaFingerprint: made.fingerprint,
    });
  }
  const isMade = roleOutcome === 'made' || made.outcome === 'made' || entry === undefined;
  const isMended = made.outcome === 'mended' || mended.some((each) => each.outcome === 'mended');
  return {
    clinic: {
      clinic,
      server: server.name,
      database,
      role,
      outcome: isMade ? 'made' : isMended ? 'mended' : 'kept',
    },
    findings: [
      ...mended.flatMap(({ findings }) => findings),
      ...made.findings,
      ...(made.fingerprint === clinicData.fingerprint
        ? []
        : [staleSchema(clinic, database, clinicData.fingerprint)]),
    ],
  };
}

/** A clinic that is served from its own database has rows that are nowhere else: an empty one must not take its place. */
async function refuseLost(server: Session, { label, key, state, database }: RegistryEntry): Promise<void> {
  if (!isServed(state) || (await databaseExists(server, database))) return;
  throw new RunError(
    `clinic ${JSON.stringify(label)} (${key}) is ${state}, and its database ${JSON.stringify(database)} is not on the server ${server.label}`,
    { hint: 'Restore it from a backup: nothing is made in its place.' },
  );
}

/** A clinic database that was cloned from the template of an older legacy schema. */
export function staleSchema(clinic: Clinic, database: string, fingerprint: string): Finding {
  return {
    code: 'PROVISION_SCHEMA_STALE',
    severity: 'error',
    subject: database,
    message: `the database ${database} of clinic ${JSON.stringify(clinic.label)} has the tables of an older legacy schema`,
    hint: `While it holds nothing but copies: ${makeCopyAgain(database, clinic.key)} Once it is served: make the same change in it, set clinic_migrate.origin.fingerprint there to '${fingerprint}', and run provision.`,
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

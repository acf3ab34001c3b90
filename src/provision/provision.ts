import { readSettingsPlan } from '../catalog/read-settings-plan.js';
import { sameDatabase } from '../catalog/same-database.js';
import type { SettingsPlan } from '../catalog/settings.js';
import type { Config } from '../config/types.js';
import { InterruptedError, RunError } from '../core/errors.js';
import { type Finding, hasErrors } from '../core/finding.js';
import { makeCopyAgain } from '../core/hints.js';
import type { Databases, Progress, Session } from '../core/ports.js';
import { everyOne, oneAtATime, shareOut } from '../core/side-by-side.js';
import { databaseOf, endpointOf, withDatabase } from '../core/urls.js';
import type { Clinic } from '../tenancy/types.js';
import { rolesOf } from './access/mend-grants.js';
import { mendRole } from './access/mend-roles.js';
import type { AccessPlan } from './access/plan.js';
import { readAccessPlan } from './access/read-plan.js';
import { centralState, makeCentral, makeCentralTables, mendCentral, openCentral } from './central.js';
import { ensureClinicDatabase } from './clinic-database.js';
import { databaseExists, onDatabase } from './databases.js';
import { inventoryFindings } from './inventory.js';
import { largeObjectFindings } from './large-objects.js';
import { markDatabase } from './mark-database.js';
import { type ClinicName, nameClinics } from './naming.js';
import { ownerName } from './owner.js';
import { decryptPassword, encryptPassword, randomPassword, readKey } from './password.js';
import { placeClinics } from './placement.js';
import { publicFindings } from './public-connect.js';
import { ensureRegistry, type Installation, readRegistry, saveAccess, saveEntry } from './registry.js';
import { ensureLogin, ensureOwner } from './roles.js';
import { withRunLock } from './run-lock.js';
import { type LegacySource, type PreData, readPreData } from './schema-source.js';
import { ensureSettings, hasTextOfAnEncoding, permitted, settingFindings } from './settings.js';
import { makeTemplate, templateName } from './template.js';
import { isServed, type RegistryEntry } from './types.js';
import { readUses, type Uses } from './uses.js';

export interface ProvisionOptions extends LegacySource {
  readonly databases: Databases;
  readonly config: Pick<Config, 'servers' | 'clinics' | 'largeObjects'>;
  readonly centralUrl: string;
  /** The application's login in the legacy database; undefined: whom the legacy URL names. */
  readonly login: string | undefined;
  /** Every clinic of the legacy database: names must differ among all of them. */
  readonly clinics: readonly Clinic[];
  /** Those to make; the central database is made in any case. */
  readonly selected: readonly Clinic[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dryRun: boolean;
  readonly jobs: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface ProvisionedClinic {
  readonly clinic: Clinic;
  readonly server: string;
  readonly database: string;
  readonly role: string;
  /** `to make` in a dry run; `kept` where nothing was missing; `mended` where something was not as it has to be. */
  readonly outcome: 'made' | 'mended' | 'kept' | 'to make';
}

export interface ProvisionResult {
  readonly findings: readonly Finding[];
  readonly clinics: readonly ProvisionedClinic[];
}

/** Everything that is known before the first write. */
interface Plan {
  readonly options: ProvisionOptions;
  readonly key: Buffer;
  readonly names: ReadonlyMap<string, ClinicName>;
  /** Selected clinics that can have a database, and what is to be said of the others. */
  readonly selected: readonly Clinic[];
  readonly unnamed: readonly Finding[];
  readonly places: ReadonlyMap<string, string>;
  readonly registered: ReadonlyMap<string, RegistryEntry>;
  /** Logins and owners of all clinics. */
  readonly ourRoles: ReadonlySet<string>;
  readonly clinicData: PreData;
  readonly centralData: PreData;
  readonly settings: SettingsPlan;
  /** What the legacy database's objects use. */
  readonly uses: Uses;
  readonly access: AccessPlan;
}

/**
 * Makes what is missing of the central database, its registry and tables, the template on each server, and every
 * selected clinic's role and database. Run again, it changes nothing; killed, it is finished by the next run.
 */
export async function provision(options: ProvisionOptions): Promise<ProvisionResult> {
  const { databases, centralUrl, catalog, map } = options;
  const key = readKey(options.env);
  const clinicData = await readPreData(options, 'clinic');
  const centralData = await readPreData(options, 'central');
  const settings = await readSettingsPlan(options.legacy, catalog, options.login);
  const { plan: access, findings: unlike } = await readAccessPlan(
    options.legacy,
    catalog,
    map,
    options.login,
  );
  const early = [
    ...inventoryFindings(catalog, map),
    ...(await largeObjectFindings(options.legacy, catalog, map, options.config.largeObjects)),
    ...clinicData.findings,
    ...centralData.findings,
    ...settingFindings(settings),
    ...unlike,
  ];
  if (access === undefined || hasErrors(early)) return { findings: early, clinics: [] };
  let central = await openCentral(databases, centralUrl);
  try {
    const uses = await readUses(options.legacy);
    const known = { key, clinicData, centralData, settings, uses, access };
    // Names and places are found good before anything is made, and read again once no other run can change them.
    const foreseen = await makePlan(options, central, known);
    const permissions = await readPermissions(foreseen);
    early.push(...permissions.findings);
    if (options.dryRun) return { findings: [...early, ...foreseen.unnamed], clinics: foresee(foreseen) };
    central ??= await makeCentral(databases, centralUrl, centralData.locale, settings);
    const session = central;
    return await withRunLock(session, async () => {
      const installation = await ensureRegistry(session);
      const plan = await makePlan(options, session, known);
      const findings = [...early, ...(await provideCentral(plan, session, installation))];
      if (hasErrors(findings)) return { findings, clinics: [] };
      const { database, login } = settings;
      await saveAccess(session, { objects: access.objects, settings: { database, login } });
      const { clinics, findings: late } = await provideClinics(
        plan,
        session,
        installation.id,
        permissions.byServer,
      );
      return {
        findings: [...findings, ...plan.unnamed, ...late, ...(await publicFindings(options, session))],
        clinics,
      };
    });
  } finally {
    await central?.close();
  }
}

async function makePlan(
  options: ProvisionOptions,
  central: Session | undefined,
  known: Pick<Plan, 'key' | 'clinicData' | 'centralData' | 'settings' | 'uses' | 'access'>,
): Promise<Plan> {
  const { config, clinics } = options;
  const entries = central === undefined ? [] : await readRegistry(central);
  const registered = new Map(entries.map((entry) => [entry.key, entry]));
  const { names, findings } = nameClinics(config.clinics, clinics, registered, [
    databaseOf(options.legacyUrl),
    databaseOf(options.centralUrl),
  ]);
  const selected = options.selected.filter(({ key }) => names.has(key));
  const unnamed = findings.filter(({ subject }) => options.selected.some(({ key }) => key === subject));
  return {
    ...known,
    options,
    registered,
    ourRoles: new Set(
      [...entries, ...names.values()].flatMap(({ database, role }) => [role, ownerName(database)]),
    ),
    names,
    selected,
    unnamed,
    places: placeClinics(config, clinics, new Map(entries.map((entry) => [entry.key, entry.server]))),
  };
}

/** What the provisioning login of each server may set there of what the legacy database is set to. */
async function readPermissions(
  plan: Plan,
): Promise<{ byServer: Map<string, SettingsPlan>; findings: Finding[] }> {
  const byServer = new Map<string, SettingsPlan>();
  const findings: Finding[] = [];
  for (const server of new Set(plan.selected.map((clinic) => placeOf(plan, clinic)))) {
    const url = withDatabase(serverUrl(plan, server), 'postgres');
    const allowed = await onDatabase(plan.options.databases, url, (session) =>
      permitted(session, plan.settings),
    );
    byServer.set(server, allowed);
    const refused = allowed.left.filter((each) => !plan.settings.left.includes(each));
    findings.push(...settingFindings({ left: refused, others: [] }));
  }
  return { byServer, findings };
}

/** The legacy database as central one has its tables already; only the registry is added. */
async function provideCentral(
  { options, centralData, settings, uses }: Plan,
  central: Session,
  installation: Installation,
): Promise<Finding[]> {
  if (await sameDatabase(central, options.legacy)) return [];
  const { needed, findings } = centralState(installation, centralData, options.centralUrl);
  const mended = await mendCentral(central, options.centralUrl, settings);
  if (!needed) return [...findings, ...mended];
  return [...findings, ...mended, ...(await makeCentralTables(central, centralData, uses))];
}

async function provideClinics(
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
        const [first] = sessions;
        if (first === undefined) continue;
        const different = await provideTemplate(plan, { session: first, url }, installation);
        findings.push(...different);
        if (hasErrors(different)) continue;
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

async function provideTemplate(
  { options, clinicData, uses }: Plan,
  server: { readonly session: Session; readonly url: string },
  installation: string,
): Promise<Finding[]> {
  if (await databaseExists(server.session, templateName(installation, clinicData))) return [];
  return makeTemplate(options.databases, server, installation, clinicData, uses);
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
    template: templateName(installation, clinicData),
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

/** What a run would do, from reading alone. */
function foresee(plan: Plan): ProvisionedClinic[] {
  return plan.selected.map((clinic) => ({
    clinic,
    server: placeOf(plan, clinic),
    ...nameOf(plan, clinic),
    outcome: plan.registered.has(clinic.key) ? 'kept' : 'to make',
  }));
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

function placeOf({ places }: Plan, { key }: Clinic): string {
  return known(places.get(key), key);
}

function nameOf({ names }: Plan, { key }: Clinic): ClinicName {
  return known(names.get(key), key);
}

function serverUrl({ options }: Plan, server: string): string {
  return known(options.config.servers[server]?.url, server);
}

function known<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new RunError(`${JSON.stringify(name)} is not known to this run`);
  return value;
}

function stopIfAsked(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new InterruptedError('interrupted while making clinic databases', {
    hint: 'Run provision again: it makes what is missing.',
  });
}

import type { SettingsPlan } from '../catalog/settings.js';
import { RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { makeCopyAgain } from '../core/hints.js';
import type { Databases, Session } from '../core/ports.js';
import { endpointOf, withDatabase } from '../core/urls.js';
import type { Clinic } from '../tenancy/types.js';
import { mendDatabase } from './access/mend-database.js';
import { rolesOf } from './access/mend-grants.js';
import { mendRole } from './access/mend-roles.js';
import { ensureClinicDatabase } from './clinic-database.js';
import { databaseExists, onDatabase } from './databases.js';
import { markDatabase } from './mark-database.js';
import { ownerName } from './owner.js';
import { decryptPassword, encryptPassword, randomPassword } from './password.js';
import { nameOf, type Plan } from './plan.js';
import { templateOf } from './provide-templates.js';
import { ensureLogin, ensureOwner } from './roles.js';
import { ensureSettings, hasTextOfAnEncoding } from './settings.js';
import { templateName } from './template.js';
import { isServed, type RegistryEntry } from './types.js';

export interface ProvisionedClinic {
  readonly clinic: Clinic;
  readonly server: string;
  readonly database: string;
  readonly role: string;
  /** `to make` in a dry run; `kept` where nothing was missing; `mended` where something was not as it has to be. */
  readonly outcome: 'made' | 'mended' | 'kept' | 'to make';
}

/** One that clinics are made on. */
export interface Server {
  readonly session: Session;
  readonly url: string;
  /** In the configuration. */
  readonly name: string;
  /** Which its databases and their logins are to have. */
  readonly settings: SettingsPlan;
}

/** Makes what is missing of one clinic, and mends what is not as it has to be. */
export async function provideClinic(
  plan: Plan,
  server: Server,
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
    await mendRole(server.session, role, database, password),
    await mendRole(server.session, owner, database, undefined),
  ];
  const state = await mendDatabase(server.session, database, server.settings);
  mended.push(state);
  if (state.isShut)
    return {
      clinic: { clinic, server: server.name, database, role, outcome: 'kept' },
      findings: mended.flatMap(({ findings }) => findings),
    };
  const made = await ensureClinicDatabase(options.databases, server, {
    key: clinic.key,
    database,
    installation,
    template: async () => templateName(installation, await templateOf(plan)),
    access: plan.access,
    ...rolesOf(role, owner, plan.ourRoles),
  });
  await markDatabase(server.session, database, whose);
  mended.push(await setDatabase(options.databases, server, { database, role }));
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

async function setDatabase(
  databases: Databases,
  { session, url, settings }: Server,
  place: { readonly database: string; readonly role: string },
): ReturnType<typeof ensureSettings> {
  const set = (on: Session) => ensureSettings(on, place, settings);
  return hasTextOfAnEncoding(settings)
    ? onDatabase(databases, withDatabase(url, place.database), set)
    : set(session);
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

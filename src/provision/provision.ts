import { readSettingsPlan } from '../catalog/read-settings-plan.js';
import { sameDatabase } from '../catalog/same-database.js';
import type { SettingsPlan } from '../catalog/settings.js';
import { type Finding, hasErrors } from '../core/finding.js';
import { once } from '../core/once.js';
import type { Session } from '../core/ports.js';
import { withDatabase } from '../core/urls.js';
import { readAccessPlan } from './access/read-plan.js';
import { makeCentral, makeCentralTables, mendCentral, openCentral } from './central.js';
import { adoptReceipts } from './central-receipts.js';
import { updateCentral } from './central-update.js';
import { provideClinics } from './clinics.js';
import { onDatabase } from './databases.js';
import { readRehearsal } from './finish.js';
import { inventoryFindings } from './inventory.js';
import { largeObjectFindings } from './large-objects.js';
import { readKey } from './password.js';
import { makePlan, nameOf, type Plan, type ProvisionOptions, placeOf, serverUrl } from './plan.js';
import type { ProvisionedClinic } from './provide-clinic.js';
import { provideTemplates } from './provide-templates.js';
import { publicFindings } from './public-connect.js';
import { ensureRegistry, type Installation, saveAccess } from './registry.js';
import { withRunLock } from './run-lock.js';
import { readPreData } from './schema-source.js';
import { permitted, settingFindings } from './settings.js';
import { readUses } from './uses.js';

export interface ProvisionResult {
  readonly findings: readonly Finding[];
  readonly clinics: readonly ProvisionedClinic[];
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
    const rehearsal = once(() => readRehearsal(options, access, uses));
    const known = { key, clinicData, centralData, rehearsal, settings, uses, access };
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
      const templates = await provideTemplates(plan, installation.id);
      if (hasErrors(templates)) return { findings: [...early, ...templates], clinics: [] };
      const findings = [...early, ...templates, ...(await provideCentral(plan, session, installation))];
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
  plan: Plan,
  central: Session,
  { centralFingerprint }: Installation,
): Promise<Finding[]> {
  const { options, centralData, settings, uses } = plan;
  if (await sameDatabase(central, options.legacy)) return [];
  const mended = await mendCentral(central, options.centralUrl, settings);
  if (centralFingerprint === undefined)
    return [...mended, ...(await makeCentralTables(central, centralData, uses))];
  const findings = centralFingerprint === centralData.fingerprint ? [] : await updateCentral(plan, central);
  if (!hasErrors(findings)) await adoptReceipts(central, options.copyFingerprint);
  return [...findings, ...mended];
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

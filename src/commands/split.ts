import { sameDatabase } from '../catalog/same-database.js';
import { requireSection, requireServers } from '../config/sections.js';
import { actAs } from '../core/act-as.js';
import { RunError } from '../core/errors.js';
import { type Finding, hasErrors } from '../core/finding.js';
import type { FindingCode } from '../core/finding-codes.js';
import { forgetClinic } from '../core/hints.js';
import type { Session } from '../core/ports.js';
import { oneAtATime } from '../core/side-by-side.js';
import { databaseOf, describeUrl } from '../core/urls.js';
import { ensureAccess } from '../provision/access/ensure.js';
import { rolesOf } from '../provision/access/mend-grants.js';
import { readAccessPlan } from '../provision/access/read-plan.js';
import { openCentral } from '../provision/central.js';
import type { DatabaseKind } from '../provision/contents.js';
import { onDatabase } from '../provision/databases.js';
import { finishDatabase, followScript, readFinishPlan, readFollowPlan } from '../provision/finish.js';
import { largeObjectFindings } from '../provision/large-objects.js';
import { lackingKeys, lateScript } from '../provision/late-tables.js';
import { staleSchema } from '../provision/provide-clinic.js';
import { readRegistry, setState } from '../provision/registry.js';
import { withRunLock } from '../provision/run-lock.js';
import { type LegacySource, readPreData } from '../provision/schema-source.js';
import { readTargets } from '../provision/targets.js';
import { type ClinicTarget, isServed } from '../provision/types.js';
import type { Report } from '../report/report.js';
import { closedFindings } from '../split/closed.js';
import { splitDatabase } from '../split/split.js';
import { verifyData } from '../verify/data.js';
import type { Command, CommonOptions, Context } from './command.js';
import { selectClinics } from './select-clinics.js';
import { splitReport } from './split-report.js';
import { openLegacy, readTenancy, type Tenancy } from './tenancy.js';

export const splitCommand: Command = {
  name: 'split',
  argument: {
    notation: '[clinic...]',
    description: 'keys, names or databases of clinics; all when left out',
  },
  summary: "Copy each clinic's rows into its database and finish it: keys, indexes, sequences",
  options: [
    {
      flags: '--refresh',
      description: 'bring copies of earlier runs up to date too; with --yes also those that were written to',
    },
  ],
  examples: [
    {
      line: 'clinic-migrate split --dry-run',
      what: 'find rows that have no place, without writing anything',
    },
    { line: 'clinic-migrate split', what: 'copy every clinic; after an interruption, the ones not ready' },
    { line: 'clinic-migrate split medicalpro_7', what: 'only the clinic with this database' },
    { line: 'clinic-migrate split --refresh', what: 'bring every copy that serves no traffic up to date' },
  ],
  async run(context, args, options) {
    const { config } = context;
    const centralUrl = requireSection(config, 'central').url;
    requireSection(config, 'legacy');
    requireServers(config);
    const legacy = await openLegacy(context);
    const central = await openCentral(context.databases, centralUrl).catch(async (error: unknown) => {
      await legacy.close();
      throw error;
    });
    try {
      const tenancy = await readTenancy(context, legacy);
      if (hasErrors(tenancy.map.findings))
        return splitReport(undefined, tenancy.map.findings, options.dryRun);
      if (central === undefined || (await readRegistry(central)).length === 0) {
        throw new RunError(`no clinic is registered in ${describeUrl(centralUrl)}`, {
          hint: 'Run clinic-migrate provision first.',
        });
      }
      return await withRunLock(central, () =>
        splitClinics(context, { legacy, central, tenancy }, args, {
          ...options,
          refresh: options['refresh'] === true,
        }),
      );
    } finally {
      await legacy.close();
      await central?.close();
    }
  },
};

/** What verify says of rows; of schemas it would say much that is only not done yet. */
const NAMES_ROWS: ReadonlySet<FindingCode> = new Set([
  'DATA_ROWS_MISSING',
  'DATA_ROWS_EXTRA',
  'DATA_ROWS_CHANGED',
  'DATA_FOREIGN_ROWS',
  'DATA_QUARANTINE_DIFFERS',
]);

interface Opened {
  readonly legacy: Session;
  readonly central: Session;
  readonly tenancy: Tenancy;
}

async function splitClinics(
  context: Context,
  { legacy, central, tenancy }: Opened,
  args: readonly string[],
  options: CommonOptions & { readonly refresh: boolean },
): Promise<Report> {
  const { config, dumper, progress, signal } = context;
  const legacyUrl = requireSection(config, 'legacy').url;
  const centralUrl = requireSection(config, 'central').url;
  const { catalog, map, clinics, databases } = tenancy;
  const { targets: all, lost } = await readTargets(context, central);
  const selected = selectClinics(args, [...all, ...lost], ({ clinic, database }) => ({
    ...clinic,
    database,
  }));
  const refused = lost.filter((entry) => selected.includes(entry)).map(({ finding }) => finding);
  if (refused.length > 0) return splitReport(undefined, [...map.findings, ...refused], options.dryRun);
  // A refresh of everything is one of what serves no traffic; who is named and does is refused.
  const passesOver = ({ state }: ClinicTarget): boolean =>
    options.refresh && args.length === 0 && isServed(state);
  const targets = all.filter((target) => selected.includes(target) && !passesOver(target));
  const source: LegacySource = { dumper, legacyUrl, legacy, catalog, map };
  const { login } = requireSection(config, 'legacy');
  const { plan: access, findings: unlike } = await readAccessPlan(legacy, catalog, map, login);
  const gone = goneFindings(tenancy, targets, databaseOf(centralUrl));
  const early = [
    ...unlike.filter(({ severity }) => severity === 'error'),
    ...gone.filter(({ state }) => state !== 'ready').map(({ finding }) => finding),
    ...(await closedFindings(databases, targets)),
    // What is copied already says by its receipts under which schema.
    ...(await staleFindings(
      source,
      central,
      targets.filter(({ state }) => state !== 'ready'),
    )),
    ...(await largeObjectFindings(legacy, catalog, map, config.largeObjects)),
  ];
  if (access === undefined || hasErrors(early))
    return splitReport(undefined, [...map.findings, ...early], options.dryRun);
  const holdsLegacy = await sameDatabase(central, legacy);
  const finish = onceEach((kind: DatabaseKind) => readFinishPlan(source, kind, access));
  const follow = onceEach((kind: DatabaseKind) => readFollowPlan(source, kind));
  const inTurn = oneAtATime();
  const ourRoles = new Set(all.flatMap(({ role, owner }) => [role, owner]));
  const unmended: Finding[] = [];
  const result = await splitDatabase({
    databases,
    legacyUrl,
    catalog,
    map,
    clinics,
    targets,
    central: { url: centralUrl, holdsLegacy, serves: all.some(({ state }) => isServed(state)) },
    unassignable: config.unassignable,
    largeObjects: config.largeObjects,
    login: access.appLogin,
    dryRun: options.dryRun,
    refresh: options.refresh,
    overwrite: !options.yes ? 'nothing' : args.length === 0 ? 'all' : 'clinics',
    jobs: options.jobs ?? 2,
    progress,
    signal,
    onClinicStart: ({ clinic }) => inTurn(() => setState(central, clinic.key, 'loading')),
    onClinicCopied: async ({ clinic, adminUrl, owner, database, role }) => {
      await onDatabase(databases, adminUrl, async (session) => {
        await actAs(session, owner);
        await finishDatabase(session, () => finish('clinic'));
        await session.execute('RESET ROLE');
        const place = { database, ...rolesOf(role, owner, ourRoles) };
        const { findings } = await ensureAccess(session, access, place);
        unmended.push(...findings);
      });
      await inTurn(() => setState(central, clinic.key, 'ready'));
    },
    onCentralCopied: () =>
      onDatabase(databases, centralUrl, (session) => finishDatabase(session, () => finish('central'))),
    afterRefresh: async (key, rowsChanged) =>
      [
        followScript(await follow(key === undefined ? 'central' : 'clinic'), rowsChanged),
        ...(key === undefined ? await lackingKeys(source, access, central) : []),
      ].join(';\n'),
    afterLateTables: async (tables) =>
      [
        ...(await lateScript(await follow('central'), tables, central)),
        ...(await lackingKeys(source, access, central)),
      ].join(';\n'),
  });
  const findings = [
    ...map.findings,
    ...early,
    ...gone.filter(({ state }) => state === 'ready').map(({ finding }) => finding),
    ...result.findings,
    ...unmended,
  ];
  // The digests say that something differs; the verifier, which knows nothing of this run, says what.
  if (result.findings.some(({ code }) => code === 'SPLIT_NOT_CONSERVED'))
    findings.push(
      ...(
        await verifyData({
          databases,
          legacyUrl,
          catalog,
          map,
          clinics,
          targets,
          centralUrl,
          login,
          progress,
          jobs: options.jobs ?? 2,
          signal,
        })
      ).filter(({ code }) => NAMES_ROWS.has(code)),
    );
  return splitReport(result, findings, options.dryRun);
}

/** The answer for each question, found when it is first asked. */
function onceEach<Q, A>(find: (question: Q) => Promise<A>): (question: Q) => Promise<A> {
  const known = new Map<Q, Promise<A>>();
  return (question) => {
    const answer = known.get(question) ?? find(question);
    known.set(question, answer);
    return answer;
  };
}

/** Clinics whose tables are those of an older legacy schema: their rows would not fit, or lack columns. */
async function staleFindings(
  source: LegacySource,
  central: Session,
  targets: readonly ClinicTarget[],
): Promise<Finding[]> {
  if (targets.length === 0) return [];
  const { fingerprint } = await readPreData(source, 'clinic');
  const entries = new Map((await readRegistry(central)).map((entry) => [entry.key, entry]));
  return targets
    .filter(({ clinic }) => entries.get(clinic.key)?.schemaFingerprint !== fingerprint)
    .map(({ clinic, database }) => staleSchema(clinic, database, fingerprint));
}

/** Clinics that were taken out of the legacy database since: what is shared would be copied for nobody. */
function goneFindings(
  { clinics }: Tenancy,
  targets: readonly ClinicTarget[],
  central: string,
): { readonly state: ClinicTarget['state']; readonly finding: Finding }[] {
  return targets
    .filter(({ clinic }) => !clinics.some(({ key }) => key === clinic.key))
    .map((target) => ({
      state: target.state,
      finding: {
        code: 'SPLIT_CLINIC_GONE',
        severity: 'error',
        subject: target.database,
        message: `clinic ${JSON.stringify(target.clinic.label)} (${target.clinic.key}) has the database ${target.database}, and the legacy database does not have the clinic any more`,
        hint: `Name the clinics to split. If this one is gone for good: ${forgetClinic(target, central)}`,
      },
    }));
}

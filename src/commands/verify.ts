import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { requireSection, requireServers } from '../config/sections.js';
import type { Config } from '../config/types.js';
import { DatabaseError, isLocked, RunError, UsageError } from '../core/errors.js';
import { type Finding, hasErrors } from '../core/finding.js';
import { didYouMean } from '../core/near-miss.js';
import type { Session } from '../core/ports.js';
import { describeUrl } from '../core/urls.js';
import { openCentral } from '../provision/central.js';
import { readTargets } from '../provision/targets.js';
import type { ClinicTarget } from '../provision/types.js';
import { type AccessRecord, readAccessRecord, verifyAccess } from '../verify/access.js';
import { verifyData } from '../verify/data.js';
import { LOCK_SECONDS, lockedFinding, patient } from '../verify/patience.js';
import { verifyRegistry } from '../verify/registry.js';
import type { Command, CommonOptions, Context } from './command.js';
import { openLegacy, readTenancy } from './tenancy.js';

/** `figures` are for the end of the report: how much was compared. */
type Check = (
  context: Context,
  options: CommonOptions,
  figures: Record<string, string | number>,
) => Promise<Finding[]>;

const CHECKS: Readonly<Record<string, Check>> = { data: checkData, access: checkAccess, code: checkCode };

export const verifyCommand: Command = {
  name: 'verify',
  argument: {
    notation: '[check...]',
    description: 'data, access, code; all that the configuration allows when left out',
  },
  summary: "Prove that no clinic can reach another's rows, and that none is lost",
  options: [
    {
      flags: '--lock-timeout <seconds>',
      description: `how long to wait for a lock of somebody else's (default: ${LOCK_SECONDS})`,
    },
  ],
  reporters: ['sarif', 'github'],
  examples: [
    { line: 'clinic-migrate verify', what: 'every check that the configuration allows' },
    { line: 'clinic-migrate verify data access', what: 'after a split: every row, every login' },
    { line: 'clinic-migrate verify code --reporter github', what: 'in CI: annotate the pull request' },
  ],
  async run(context, args, options) {
    const names = args.length === 0 ? allowed(context.config) : args;
    const checks = names.map((name) => [name, checkNamed(name)] as const);
    const findings: Finding[] = [];
    const figures: Record<string, string | number> = {};
    const seconds = lockSeconds(options['lockTimeout']);
    const bounded = { ...context, databases: patient(context.databases, seconds, context.progress) };
    for (const [name, check] of checks) {
      const compared: Record<string, string | number> = {};
      const found = await check(bounded, options, compared).catch((error: unknown) => {
        if (!isLocked(error)) throw error;
        return [lockedFinding(`verify ${name} could not go on`, error)];
      });
      const errors = found.filter(({ severity }) => severity === 'error').length;
      figures[name] = errors === 0 ? 'holds' : `${errors} ${errors === 1 ? 'error' : 'errors'}`;
      Object.assign(figures, compared);
      // What is wrong with the registry is wrong for every check of it, and said once.
      findings.push(...found.filter((each) => !findings.some((other) => isSame(each, other))));
    }
    return { command: 'verify', ok: !hasErrors(findings), summary: figures, findings };
  },
};

function lockSeconds(text: unknown): number {
  const seconds = text === undefined ? LOCK_SECONDS : Number(text);
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new UsageError('--lock-timeout is a number of seconds, greater than 0');
}

function isSame(a: Finding, b: Finding): boolean {
  return a.code === b.code && a.severity === b.severity && a.message === b.message;
}

function checkNamed(name: string): Check {
  const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
  if (check !== undefined) return check;
  throw new UsageError(`there is no check named ${JSON.stringify(name)}`, {
    hint: didYouMean(name, Object.keys(CHECKS)),
  });
}

/** A section that is there is to be checked; one whose variable is unset is an error, not a reason to pass over it. */
function allowed({ legacy, central, servers, unset, app, directory }: Config): string[] {
  const isNamed = (section: string): boolean => unset.some(({ path }) => path.startsWith(`${section}.`));
  const hasCentral = central !== undefined || isNamed('central');
  const hasServers = Object.keys(servers).length > 0 || isNamed('servers');
  const names = [
    ...((legacy !== undefined || isNamed('legacy')) && hasCentral && hasServers ? ['data'] : []),
    ...(hasCentral && hasServers ? ['access'] : []),
    ...(existsSync(join(app.root, app.models)) ? ['code'] : []),
  ];
  if (names.length > 0) return names;
  throw new UsageError(
    `there is nothing to check: ${directory} has neither a configuration nor ${app.models}`,
    {
      hint: 'Go to the application, or name the configuration with --config.',
    },
  );
}

async function checkData(context: Context, options: CommonOptions): Promise<Finding[]> {
  const { config, progress, signal } = context;
  const legacyUrl = requireSection(config, 'legacy').url;
  const centralUrl = requireSection(config, 'central').url;
  const { targets, findings } = await registered(context);
  const legacy = await openLegacy(context);
  try {
    const tenancy = await readTenancy(context, legacy);
    const { catalog, map, clinics } = tenancy;
    const found = await verifyData({
      databases: tenancy.databases,
      legacyUrl,
      catalog,
      map,
      clinics,
      targets,
      centralUrl,
      login: requireSection(config, 'legacy').login,
      progress,
      jobs: options.jobs ?? 2,
      signal,
    });
    return [...findings, ...found];
  } finally {
    await legacy.close();
  }
}

async function checkAccess(
  context: Context,
  options: CommonOptions,
  figures: Record<string, string | number>,
): Promise<Finding[]> {
  const { config, databases, progress, signal } = context;
  const { legacy } = config;
  const offLimits = [{ name: 'the central database', url: requireSection(config, 'central').url }];
  if (legacy !== undefined)
    offLimits.push({ name: 'the legacy database', url: requireSection(config, 'legacy').url });
  const { targets, findings, record } = await registered(context);
  const { findings: found, compared } = await verifyAccess({
    databases,
    targets,
    schemas: legacy?.schemas ?? ['public'],
    offLimits,
    logins: config.access.logins,
    record,
    extensions: legacy === undefined ? undefined : await extensionsOf(context, legacy.url),
    progress,
    jobs: options.jobs ?? 2,
    signal,
  });
  for (const [what, count] of Object.entries(compared)) figures[`${what} compared`] = count;
  return [...findings, ...found];
}

/** Undefined where the legacy database is gone: clinics are checked after it, too. */
async function extensionsOf({ databases }: Context, url: string): Promise<string[] | undefined> {
  let session: Session;
  try {
    session = await databases.connect(url, { readOnly: true });
  } catch (error) {
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
  try {
    const rows = await session.query<{ name: string }>(
      'SELECT extname::text AS name FROM pg_catalog.pg_extension',
    );
    return rows.map(({ name }) => name);
  } finally {
    await session.close();
  }
}

/** Loads TypeScript, which the other checks have no use for. */
async function checkCode(context: Context): Promise<Finding[]> {
  const { runVerifyCode } = await import('./verify-code.js');
  return runVerifyCode(context);
}

/** The clinics whose rows lead to what is theirs, and what is wrong with the others. RunError where no clinic is registered. */
async function registered({ config, databases, env }: Context): Promise<{
  readonly targets: readonly ClinicTarget[];
  readonly findings: readonly Finding[];
  readonly record: AccessRecord | undefined;
}> {
  const { url } = requireSection(config, 'central');
  requireServers(config);
  const central = await openCentral(databases, url);
  try {
    const found = central === undefined ? undefined : await readTargets({ config, env }, central);
    if (central === undefined || found === undefined || found.targets.length + found.lost.length === 0)
      throw new RunError(`no clinic is registered in ${describeUrl(url)}`, {
        hint: 'Run clinic-migrate provision first.',
      });
    const registry = await verifyRegistry({ databases, centralUrl: url, servers: config.servers });
    return {
      targets: found.targets.filter(({ clinic }) => !registry.astray.has(clinic.key)),
      findings: [...found.lost.map(({ finding }) => finding), ...registry.findings],
      record: await readAccessRecord(central),
    };
  } finally {
    await central?.close();
  }
}

import { isLocked } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { sideBySide } from '../core/side-by-side.js';
import { endpointOf } from '../core/urls.js';
import type { ClinicTarget } from '../provision/types.js';
import { checkDatabase } from './access/database/database.js';
import { otherDatabaseFindings } from './access/login/other-databases.js';
import { ownDatabaseFindings } from './access/login/own-database.js';
import { passwordFindings } from './access/login/password.js';
import type { Compared, VerifyAccessOptions, VerifyAccessResult } from './access/options.js';
import { isSaid, isShut } from './access/server/databases.js';
import { isExplained } from './access/server/roles.js';
import { checkServer, type ServerResult } from './access/server/server.js';
import { showClinic, stopIfAsked } from './data/words.js';
import { lockedFinding } from './patience.js';

export type { Compared, OffLimits, VerifyAccessOptions, VerifyAccessResult } from './access/options.js';
export { type AccessRecord, readAccessRecord } from './access/record.js';

/**
 * Proves that each clinic's login works in its own database and nowhere else, and that nobody else gets in: by an
 * inventory of everything that lets someone in, compared with what provision makes, and by logging in as every clinic.
 * No findings where there is nothing to say. RunError where a server could not be asked.
 */
export async function verifyAccess(options: VerifyAccessOptions): Promise<VerifyAccessResult> {
  const { targets, progress, jobs, signal } = options;
  const selected = options.selected ?? targets;
  const groups = [...groupByServer(targets).values()];
  const task = progress.start('Comparing who may do what', {
    total: selected.length + groups.length,
    unit: 'steps',
  });
  try {
    const servers = new Map<ClinicTarget, ServerResult>();
    for (const [first, ...others] of groups) {
      if (first === undefined) continue;
      stopIfAsked(signal, 'asking a server who may connect');
      const result = await checkServer(options, [first, ...others]);
      for (const target of [first, ...others]) servers.set(target, result);
      task.advance(1);
    }
    const results = await sideBySide(selected, jobs, async (target) => {
      stopIfAsked(signal, `trying the login of ${showClinic(target.clinic)}`);
      const server = servers.get(target);
      // The clinics stand in a ring, so that every database is tried once by somebody else.
      const next = targets[(targets.indexOf(target) + 1) % targets.length];
      const result =
        server === undefined
          ? { findings: [], objects: 0, privileges: 0 }
          : await checkClinic(options, server, target, next === target ? undefined : next).catch(
              (error: unknown): Counted => {
                if (!isLocked(error)) throw error;
                const finding = lockedFinding(showClinic(target.clinic), error);
                return { findings: [finding], objects: 0, privileges: 0 };
              },
            );
      task.advance(1, `Compared ${showClinic(target.clinic)}`);
      return result;
    });
    task.done();
    const distinct = new Set(servers.values());
    return {
      findings: [
        ...[...distinct].flatMap(({ findings }) => findings),
        ...results.flatMap(({ findings }) => findings),
      ],
      compared: compared([...distinct], results),
    };
  } catch (error) {
    task.fail();
    throw error;
  }
}

interface Counted {
  readonly findings: readonly Finding[];
  readonly objects: number;
  readonly privileges: number;
}

async function checkClinic(
  options: VerifyAccessOptions,
  { view, unasked }: ServerResult,
  target: ClinicTarget,
  neighbour: ClinicTarget | undefined,
): Promise<Counted> {
  const database = await checkDatabase(options, view, target);
  const refused = isExplained(view, target) || isShut(view, target);
  // A view cannot be read where the table beneath it is somebody else's.
  const lacking = database.findings.some(
    ({ code, severity }) =>
      severity === 'error' && ['ACCESS_OWN_DATABASE', 'ACCESS_OWNER', 'ACCESS_ROLE_OWNS'].includes(code),
  );
  const own =
    view.roles.get(target.role)?.super === true
      ? []
      : await ownDatabaseFindings(options, target, { refused, lacking });
  const others = isExplained(view, target)
    ? []
    : await otherDatabaseFindings(options, target, neighbour, (name) => isSaid(view, target, name));
  return {
    ...database,
    findings: [
      ...database.findings,
      ...(unasked.has(target.role) ? [] : await passwordFindings(options.databases, target)),
      ...own,
      ...others,
    ],
  };
}

function compared(servers: readonly ServerResult[], clinics: readonly Counted[]): Compared {
  const sum = (of: 'objects' | 'privileges'): number =>
    [...servers, ...clinics].reduce((total, each) => total + each[of], 0);
  return {
    databases: servers.reduce((total, { view }) => total + view.databases.size, 0),
    logins: servers.reduce(
      (total, { view }) => total + [...view.roles.values()].filter(({ login }) => login).length,
      0,
    ),
    objects: sum('objects'),
    privileges: sum('privileges'),
  };
}

function groupByServer(targets: readonly ClinicTarget[]): Map<string, ClinicTarget[]> {
  const groups = new Map<string, ClinicTarget[]>();
  for (const target of targets) {
    const { host, port } = endpointOf(target.adminUrl);
    const server = `${host}:${port}`;
    groups.set(server, [...(groups.get(server) ?? []), target]);
  }
  return groups;
}

import type { Finding } from '../core/finding.js';
import { sideBySide } from '../core/side-by-side.js';
import { endpointOf } from '../core/urls.js';
import type { ClinicTarget } from '../provision/types.js';
import type { VerifyAccessOptions } from './access/options.js';
import { otherDatabaseFindings } from './access/other-databases.js';
import { ownDatabaseFindings } from './access/own-database.js';
import { serverFindings } from './access/server.js';
import { showClinic, stopIfAsked } from './data/words.js';

export type { OffLimits, VerifyAccessOptions } from './access/options.js';

/**
 * Proves that each clinic's login works in its own database and nowhere else, by logging in as every clinic, and by
 * what the servers' catalogs say of all pairs. Empty when there is nothing to say. RunError where a server could
 * not be asked.
 */
export async function verifyAccess(options: VerifyAccessOptions): Promise<Finding[]> {
  const { targets, progress, jobs, signal } = options;
  const servers = [...groupByServer(targets).values()];
  const task = progress.start('Trying the clinics’ logins', {
    total: targets.length + servers.length,
    unit: 'steps',
  });
  try {
    const findings: Finding[] = [];
    for (const [first, ...others] of servers) {
      if (first === undefined) continue;
      stopIfAsked(signal, 'asking a server who may connect');
      findings.push(...(await serverFindings(options, [first, ...others])));
      task.advance(1);
    }
    const tried = await sideBySide(targets, jobs, async (target, _worker, index) => {
      stopIfAsked(signal, `trying the login of ${showClinic(target.clinic)}`);
      const own = await ownDatabaseFindings(options, target);
      // The clinics stand in a ring, so that every database is tried once by somebody else.
      const next = targets[(index + 1) % targets.length];
      const others = await otherDatabaseFindings(options, target, next === target ? undefined : next);
      task.advance(1, `Tried ${showClinic(target.clinic)}`);
      return [...own, ...others];
    });
    task.done();
    return [...findings, ...tried.flat()];
  } catch (error) {
    task.fail();
    throw error;
  }
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

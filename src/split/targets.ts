import { RunError } from '../core/errors.js';
import type { Databases, Session } from '../core/ports.js';
import { everyOne } from '../core/side-by-side.js';
import { endpointOf } from '../core/urls.js';
import type { ClinicTarget } from '../provision/types.js';

// Connections left to others on every server: people, monitoring.
const RESERVED = 5;

/** Long COPYs must not meet a server's impatience; nothing else is changed on a session that takes rows. */
export async function openTarget(databases: Databases, url: string): Promise<Session> {
  const session = await databases.connect(url);
  await session.execute(
    'SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0',
  );
  return session;
}

/** Opens all of them, or none. */
export async function openAll<T>(
  databases: Databases,
  items: readonly T[],
  urlOf: (item: T) => string,
): Promise<Map<T, Session>> {
  const opened = new Map<T, Session>();
  try {
    await everyOne(items, async (item) => opened.set(item, await openTarget(databases, urlOf(item))));
    return opened;
  } catch (error) {
    await everyOne([...opened.values()], (session) => session.close());
    throw error;
  }
}

/**
 * Cuts the clinics into groups that can be open at once, by what the fullest of their servers has left after `jobs`
 * connections for what follows the copy. A table is read once for each group, so the groups are as few, and then as
 * even, as can be.
 */
export async function groupByConnections(
  databases: Databases,
  targets: readonly ClinicTarget[],
  jobs: number,
): Promise<ClinicTarget[][]> {
  const byServer = new Map<string, ClinicTarget[]>();
  for (const target of targets) {
    const own = byServer.get(serverOf(target));
    if (own === undefined) byServer.set(serverOf(target), [target]);
    else own.push(target);
  }
  let count = 0;
  for (const own of byServer.values()) {
    const [first] = own;
    if (first === undefined) continue;
    const free = await freeConnections(databases, first.adminUrl);
    count = Math.max(count, Math.ceil(own.length / Math.max(1, free - RESERVED - jobs)));
  }
  const groups: ClinicTarget[][] = Array.from({ length: count }, () => []);
  for (const own of byServer.values())
    for (const [i, target] of own.entries()) groups[i % count]?.push(target);
  return groups;
}

function serverOf(target: ClinicTarget): string {
  const { host, port } = endpointOf(target.adminUrl);
  return `${host}:${port}`;
}

/** How many more connections a server takes from this login; at least 1. */
async function freeConnections(databases: Databases, url: string): Promise<number> {
  const session = await databases.connect(url);
  try {
    // reserved_connections came with PostgreSQL 16. A role's limit of -1 is none.
    const [row] = await session.query<{ free: number }>(
      `SELECT least(
          current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0)
            - (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend'),
          (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)
            - (SELECT count(*)::int FROM pg_stat_activity WHERE usename = current_user)) AS free`,
    );
    // This very session closes again.
    const free = (row?.free ?? 0) + 1;
    if (free >= 1) return free;
    throw new RunError(`${session.label} takes no more connections`, {
      hint: 'Raise max_connections, or wait until others have left.',
    });
  } finally {
    await session.close();
  }
}

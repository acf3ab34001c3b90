import { RunError } from '../core/errors.js';
import type { Databases, Session } from '../core/ports.js';
import { everyOne } from '../core/side-by-side.js';
import { endpointOf } from '../core/urls.js';
import type { ClinicTarget } from '../provision/types.js';

// Connections left to others on every server: people, monitoring, the steps that follow the copy.
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
 * Cuts the clinics into groups that can be open at once, by what the fullest of their servers has left. A table is
 * read once for each group.
 */
export async function groupByConnections(
  databases: Databases,
  targets: readonly ClinicTarget[],
): Promise<ClinicTarget[][]> {
  const left = new Map<string, number>();
  for (const target of targets) {
    const server = serverOf(target);
    if (!left.has(server)) left.set(server, await freeConnections(databases, target.adminUrl));
  }
  const groups: ClinicTarget[][] = [];
  const used = new Map<string, number>();
  for (const target of targets) {
    const server = serverOf(target);
    const taken = used.get(server) ?? 0;
    const group = Math.floor(taken / (left.get(server) ?? 1));
    groups[group] = [...(groups[group] ?? []), target];
    used.set(server, taken + 1);
  }
  return groups;
}

function serverOf(target: ClinicTarget): string {
  const { host, port } = endpointOf(target.adminUrl);
  return `${host}:${port}`;
}

/** How many more connections a server takes, less a reserve; at least 1. */
async function freeConnections(databases: Databases, url: string): Promise<number> {
  const session = await databases.connect(url);
  try {
    const [row] = await session.query<{ free: number }>(
      `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS free`,
    );
    // This very session closes again.
    const free = (row?.free ?? 0) + 1;
    if (free < 1) {
      throw new RunError(`${session.label} takes no more connections`, {
        hint: 'Raise max_connections, or wait until others have left.',
      });
    }
    return Math.max(1, free - RESERVED);
  } finally {
    await session.close();
  }
}

import type { Config } from '../config/types.js';
import { UsageError } from '../core/errors.js';
import { didYouMean } from '../core/near-miss.js';
import type { Session } from '../core/ports.js';
import { withDatabase, withLogin } from '../core/urls.js';
import { decryptPassword, readKey } from './password.js';
import { readRegistry } from './registry.js';
import type { ClinicTarget, RegistryEntry } from './types.js';

/**
 * Every registered clinic with the ways into its database, by key. UsageError where CLINIC_MIGRATE_KEY is missing or
 * the configuration has lost a server; RunError where the key is not the one the clinics were provisioned with.
 */
export async function readTargets(
  { config, env }: { config: Pick<Config, 'servers'>; env: Readonly<Record<string, string | undefined>> },
  central: Session,
): Promise<ClinicTarget[]> {
  const entries = await readRegistry(central);
  if (entries.length === 0) return [];
  const key = readKey(env);
  return entries.map((entry) => targetOf(entry, config.servers, key));
}

function targetOf(entry: RegistryEntry, servers: Config['servers'], key: Buffer): ClinicTarget {
  const adminUrl = withDatabase(serverUrl(entry, servers), entry.database);
  return {
    clinic: { key: entry.key, label: entry.label },
    state: entry.state,
    database: entry.database,
    role: entry.role,
    adminUrl,
    roleUrl: withLogin(adminUrl, entry.role, decryptPassword(entry.password, entry.key, key)),
  };
}

function serverUrl({ key, server }: RegistryEntry, servers: Config['servers']): string {
  const found = Object.hasOwn(servers, server) ? servers[server] : undefined;
  if (found !== undefined) return found.url;
  throw new UsageError(
    `clinic ${JSON.stringify(key)} is on the server ${JSON.stringify(server)}, which the configuration does not have`,
    { hint: `Put it back under servers. ${didYouMean(server, Object.keys(servers))}` },
  );
}

import type { Config } from '../config/types.js';
import { RunError, UsageError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { commandLine, inDatabase } from '../core/hints.js';
import { quoteLiteral } from '../core/identifiers.js';
import { didYouMean } from '../core/near-miss.js';
import type { Session } from '../core/ports.js';
import { withDatabase, withLogin } from '../core/urls.js';
import { ownerName } from './owner.js';
import { decryptPassword, readKey } from './password.js';
import { readRegistry } from './registry.js';
import type { ClinicTarget, RegistryEntry } from './types.js';

/** A row of the registry that leads nowhere, and why. */
export interface LostEntry {
  readonly clinic: ClinicTarget['clinic'];
  readonly database: string;
  readonly finding: Finding;
}

export interface Targets {
  readonly targets: readonly ClinicTarget[];
  readonly lost: readonly LostEntry[];
}

/**
 * Every registered clinic with the ways into its database, by key, and apart from them those whose row leads nowhere.
 * UsageError where CLINIC_MIGRATE_KEY is missing; RunError where no password can be read with it: it is another key.
 */
export async function readTargets(
  { config, env }: { config: Pick<Config, 'servers'>; env: Readonly<Record<string, string | undefined>> },
  central: Session,
): Promise<Targets> {
  const entries = await readRegistry(central);
  if (entries.length === 0) return { targets: [], lost: [] };
  const key = readKey(env);
  const [own] = await central.query<{ name: string }>('SELECT pg_catalog.current_database()::text AS name');
  const targets: ClinicTarget[] = [];
  const lost: LostEntry[] = [];
  const unread: unknown[] = [];
  for (const entry of entries) {
    try {
      targets.push(targetOf(entry, config.servers, key));
    } catch (error) {
      if (!(error instanceof RunError || error instanceof UsageError)) throw error;
      if (error instanceof RunError) unread.push(error);
      lost.push(lostEntry(entry, error, own?.name ?? ''));
    }
  }
  if (unread.length === entries.length) throw unread[0];
  return { targets, lost };
}

function targetOf(entry: RegistryEntry, servers: Config['servers'], key: Buffer): ClinicTarget {
  const adminUrl = withDatabase(serverUrl(entry, servers), entry.database);
  return {
    clinic: { key: entry.key, label: entry.label },
    state: entry.state,
    database: entry.database,
    role: entry.role,
    owner: ownerName(entry.database),
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

function lostEntry(
  { key, label, database }: RegistryEntry,
  error: RunError | UsageError,
  central: string,
): LostEntry {
  const again = `${inDatabase(central, `DELETE FROM clinic_migrate.clinics WHERE key = ${quoteLiteral(key)}`)} Then run ${commandLine('provision', key)} and ${commandLine('split', key)}: the rows that are there stay.`;
  return {
    clinic: { key, label },
    database,
    finding: {
      code: 'REGISTRY_ENTRY',
      severity: 'error',
      subject: database,
      message: `the registry's row of clinic ${JSON.stringify(label)} (${key}) leads nowhere: ${error.message}`,
      hint: error instanceof RunError ? again : (error.hint ?? ''),
    },
  };
}

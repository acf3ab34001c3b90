import type { Config } from '../config/types.js';
import { UsageError } from '../core/errors.js';
import { didYouMean } from '../core/near-miss.js';
import type { Clinic } from '../tenancy/types.js';

/**
 * The server of each clinic, by its key: where the registry has it already, else as `clinics.server` says.
 * `least-loaded` counts clinics. UsageError where the configuration names no such server.
 */
export function placeClinics(
  config: Pick<Config, 'servers' | 'clinics'>,
  clinics: readonly Clinic[],
  registered: ReadonlyMap<string, string>,
): Map<string, string> {
  const names = Object.keys(config.servers);
  const load = new Map(names.map((name) => [name, 0]));
  for (const server of registered.values()) load.set(server, (load.get(server) ?? 0) + 1);
  const places = new Map<string, string>();
  for (const { key } of clinics) {
    const known = registered.get(key);
    const server = known ?? wanted(config.clinics.server, key, names, load);
    if (!names.includes(server)) {
      throw new UsageError(`clinic ${JSON.stringify(key)} is to be on the server ${JSON.stringify(server)}`, {
        hint: `The configuration has no such server. ${didYouMean(server, names)}`,
      });
    }
    if (known === undefined) load.set(server, (load.get(server) ?? 0) + 1);
    places.set(key, server);
  }
  return places;
}

function wanted(
  rule: string | Readonly<Record<string, string>>,
  key: string,
  names: readonly string[],
  load: ReadonlyMap<string, number>,
): string {
  if (rule === 'least-loaded' && !names.includes(rule)) {
    return names.reduce((best, name) => ((load.get(name) ?? 0) < (load.get(best) ?? 0) ? name : best));
  }
  if (typeof rule === 'string') return rule;
  const server = Object.hasOwn(rule, key) ? rule[key] : undefined;
  if (server !== undefined) return server;
  throw new UsageError(`clinics.server does not say where clinic ${JSON.stringify(key)} belongs`, {
    hint: 'Add its key to the map.',
  });
}

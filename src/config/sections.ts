import { UsageError } from '../core/errors.js';
import { checkUrl } from '../core/urls.js';
import { unsetError } from './load-config.js';
import type { Config } from './types.js';

type Section = 'legacy' | 'central';

/** A database section, or a UsageError that says what is missing or wrong: the file, the section, a variable, the URL. */
export function requireSection<S extends Section>(config: Config, section: S): NonNullable<Config[S]> {
  const [unset] = config.unset.filter(({ path }) => path.startsWith(`${section}.`));
  if (unset !== undefined) throw unsetError(unset, config.file);
  const found = config[section];
  if (found === undefined || found === null)
    throw missing(config, section, `${section}: { url: 'postgres://…' }`);
  checkUrl(found.url, keyOf(config, `${section}.url`));
  return found;
}

/** The servers that clinic databases are made on, at least one; else a UsageError. */
export function requireServers(config: Config): Config['servers'] {
  const [unset] = config.unset.filter(({ path }) => path.startsWith('servers.'));
  if (unset !== undefined) throw unsetError(unset, config.file);
  if (Object.keys(config.servers).length === 0) {
    throw missing(config, 'servers', "servers: { main: { url: 'postgres://…' } }");
  }
  for (const [name, { url }] of Object.entries(config.servers))
    checkUrl(url, keyOf(config, `servers.${name}.url`));
  return config.servers;
}

function keyOf({ file }: Config, key: string): string {
  return `${file ?? 'the configuration'}: ${key}`;
}

function missing(config: Config, section: string, example: string): UsageError {
  if (config.file === undefined) {
    return new UsageError(`there is no clinic-migrate.config.* in ${config.directory} or above it`, {
      hint: 'Write one with clinic-migrate init, go to the folder that has it, or name it with --config.',
    });
  }
  return new UsageError(`${config.file}: the section ${section} is missing, and this command needs it`, {
    hint: `Add ${example}.`,
  });
}

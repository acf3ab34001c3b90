import { dirname, join, resolve } from 'node:path';
import { parse } from 'dotenv';
import { UsageError } from '../core/errors.js';
import type { Files } from '../core/ports.js';
import { explainIssue } from './explain.js';
import { readConfigFile } from './read-config-file.js';
import { configSchema, type ParsedConfig } from './schema.js';
import { substituteVariables, type UnsetVariable } from './substitute.js';
import type { Config } from './types.js';

/** A section that is missing only when a command asks for it, so that `codemod` runs without a database. */
const ON_DEMAND = ['legacy', 'central', 'servers'] as const;

export interface LoadedConfig {
  readonly config: Config;
  /** The environment with what `.env` beside the file, or in the working directory, adds to it. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads, checks and freezes the configuration. Without a file there are only defaults. UsageError for an unknown
 * key, a wrong value, an unset variable outside the database sections.
 */
export async function loadConfig(options: {
  readonly directory: string;
  /** As given to --config; `null` reads none. */
  readonly file: string | undefined | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: Files;
}): Promise<LoadedConfig> {
  const found = options.file === null ? undefined : await readConfigFile(options.directory, options.file);
  const directory = found === undefined ? resolve(options.directory) : dirname(found.file);
  const dotenv = (await options.files.read(join(directory, '.env'))) ?? '';
  const env = { ...parse(dotenv), ...options.env };
  const { value, unset } = substituteVariables(found?.content ?? {}, env);
  const parsed = check(value, found?.file);
  const [hard] = unset.filter(({ path }) => !ON_DEMAND.some((section) => path.startsWith(`${section}.`)));
  if (hard !== undefined) throw unsetError(hard, found?.file);
  const config: Config = {
    ...parsed,
    file: found?.file,
    directory,
    unset,
    app: { ...parsed.app, root: resolve(directory, parsed.app.root) },
    legacy: parsed.legacy,
    central: parsed.central,
  };
  return { config: deepFreeze(config), env };
}

function check(value: unknown, file: string | undefined): ParsedConfig {
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const { message, hint } =
    issue === undefined ? { message: 'wrong', hint: undefined } : explainIssue(configSchema, issue);
  throw new UsageError(`${file ?? 'the configuration'}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The error for a variable that the configuration names and the environment lacks. */
export function unsetError({ path, name }: UnsetVariable, file: string | undefined): UsageError {
  return new UsageError(
    `${file ?? 'the configuration'}: ${path} needs the environment variable ${name}, which is not set`,
    {
      hint: `Set ${name}, or write it into .env beside the configuration file.`,
    },
  );
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

import { dirname, parse, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cosmiconfig, type Loader } from 'cosmiconfig';
import { createJiti } from 'jiti';
import { UsageError } from '../core/errors.js';

const NAME = 'clinic-migrate';
/** What the configuration file may be called. */
export const CONFIG_NAMES = ['ts', 'mjs', 'js', 'json', 'yaml', 'yml'].map(
  (ending) => `${NAME}.config.${ending}`,
);

export interface ConfigFile {
  /** Absolute. */
  readonly file: string;
  readonly content: unknown;
}

/**
 * The configuration file: the one that is named, else the first in `directory` or above it; undefined where
 * there is none. UsageError where it is named and missing, or cannot be read.
 */
export async function readConfigFile(
  directory: string,
  named: string | undefined,
): Promise<ConfigFile | undefined> {
  const explorer = cosmiconfig(NAME, {
    cache: false,
    searchPlaces: CONFIG_NAMES,
    searchStrategy: 'global',
    stopDir: parse(resolve(directory)).root,
    loaders: { '.ts': loadModule, '.mjs': loadModule, '.js': loadModule },
  });
  try {
    const found =
      named === undefined ? await explorer.search(directory) : await explorer.load(resolve(directory, named));
    return found === null
      ? undefined
      : { file: found.filepath, content: found.isEmpty === true ? {} : found.config };
  } catch (error) {
    if (isMissing(error, named)) {
      throw new UsageError(`the configuration file ${named} does not exist`, { cause: error });
    }
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    throw new UsageError(`the configuration cannot be read: ${line}`, {
      hint: 'Correct the file, or name another one with --config.',
      cause: error,
    });
  }
}

/** By jiti, which also knows TypeScript; `import … from 'clinic-migrate'` is this very program, wherever it is run from. */
const loadModule: Loader = async (path) => {
  const own = resolve(dirname(fileURLToPath(import.meta.url)), '../index');
  const jiti = createJiti(import.meta.url, { alias: { [NAME]: own }, fsCache: false, moduleCache: false });
  return jiti.import(path, { default: true });
};

function isMissing(error: unknown, named: string | undefined): boolean {
  return named !== undefined && error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

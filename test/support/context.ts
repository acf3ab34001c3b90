import { Chalk } from 'chalk';
import { startEmbedded } from '../../src/adapters/embedded.js';
import { nodeFiles } from '../../src/adapters/files.js';
import { git } from '../../src/adapters/git.js';
import { pgDatabases } from '../../src/adapters/pg.js';
import { pgDumper } from '../../src/adapters/pg-dump.js';
import type { Context } from '../../src/commands/command.js';
import { loadConfig } from '../../src/config/load-config.js';
import { silentProgress } from '../../src/report/progress.js';

/** What cli.ts would hand to a command that runs in this folder with these variables. */
export async function contextIn(directory: string, env: Record<string, string>): Promise<Context> {
  const loaded = await loadConfig({ directory, file: undefined, env, files: nodeFiles });
  return {
    ...loaded,
    databases: pgDatabases,
    dumper: pgDumper,
    files: nodeFiles,
    versionControl: git,
    progress: silentProgress,
    prompter: undefined,
    startServer: startEmbedded,
    say: () => undefined,
    paint: new Chalk({ level: 0 }),
    signal: new AbortController().signal,
  };
}

export const NO_OPTIONS = { dryRun: false, jobs: undefined, yes: false };

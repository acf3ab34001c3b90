import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initCommand } from '../../src/commands/init.js';
import { inspectCommand } from '../../src/commands/inspect.js';
import type { Config } from '../../src/config/types.js';
import type { Prompter } from '../../src/core/ports.js';
import type { Report } from '../../src/report/report.js';
import { contextIn, NO_OPTIONS } from './context.js';
import { adminUrl, createDatabase } from './postgres.js';

const FILE = 'clinic-migrate.config.mjs';

/** A new user's folder, and a legacy database made by a script. */
export interface Newcomer {
  readonly folder: string;
  readonly url: string;
  readonly env: Record<string, string>;
  /** Runs init as `--yes` does, or with a prompter as on a terminal. */
  init(options?: Record<string, unknown>, prompter?: Prompter): Promise<Report>;
  /** What init has written. */
  text(): string;
  config(): Promise<Config>;
  inspect(): Promise<Report>;
  write(name: string, text: string): void;
  drop(): Promise<void>;
}

export async function newcomer(script: string): Promise<Newcomer> {
  const database = await createDatabase(script);
  const folder = mkdtempSync(join(tmpdir(), 'init-'));
  const env = {
    LEGACY_DATABASE_URL: database.url,
    CENTRAL_DATABASE_URL: adminUrl(),
    CLINIC_SERVER_URL: adminUrl(),
  };
  return {
    folder,
    url: database.url,
    env,
    init: async (options = {}, prompter) =>
      initCommand.run({ ...(await contextIn(folder, env)), prompter }, [], {
        ...NO_OPTIONS,
        yes: prompter === undefined,
        ...options,
      }),
    text: () => readFileSync(join(folder, FILE), 'utf8'),
    config: async () => (await contextIn(folder, env)).config,
    inspect: async () => inspectCommand.run(await contextIn(folder, env), [], NO_OPTIONS),
    write: (name, text) => writeFileSync(join(folder, name), text),
    drop: async () => {
      rmSync(folder, { recursive: true, force: true });
      await database.drop();
    },
  };
}

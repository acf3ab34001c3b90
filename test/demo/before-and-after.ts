import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { codemodCommand } from '../../src/commands/codemod.js';
import type { Context } from '../../src/commands/command.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { scaffoldCommand } from '../../src/commands/scaffold.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import type { Finding } from '../../src/core/finding.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import { withDatabase } from '../../src/core/urls.js';
import { type RunningApp, startApp } from '../../src/demo/app-process.js';
import { NO_OPTIONS } from '../support/context.js';
import { adminUrl, dropDatabase, uniqueName, withSession } from '../support/postgres.js';
import { type SampleMigration, sampleMigration } from '../support/sample-migration.js';

const ROOT = join(import.meta.dirname, '../..');
const SECRET = { TOKEN_SECRET: 'for tests' };

/** An application in two states, each on databases of its own. */
export interface BeforeAndAfter {
  readonly sample: SampleMigration;
  /** On a copy of the legacy database, so that what is asked of it does not move. */
  readonly legacy: RunningApp;
  /** Rewritten by codemod, with scaffold's runtime, on the databases that provision and split made. */
  readonly migrated: RunningApp;
  /** What codemod said. */
  readonly findings: readonly Finding[];
  /** Files that a second run of codemod would change, and what `verify code` says. */
  readonly left: { readonly changes: unknown; readonly verified: readonly Finding[] };
  stop(): Promise<void>;
}

/** What an application needs to run besides its files. */
export interface Running {
  readonly env?: Readonly<Record<string, string>>;
  /** Makes of the application's folder one that `node server.js` runs in. */
  build?(folder: string): string;
  /** What follows codemod; scaffold where it is not given. */
  finish?(context: Context, folder: string): Promise<void>;
}

async function scaffold(context: Context): Promise<void> {
  await scaffoldCommand.run(context, [], NO_OPTIONS);
}

/** Migrates data and code of an application with the real commands, and runs it as it was and as it is. */
export async function beforeAndAfter(
  app: string,
  clinics: number,
  { env = {}, build = (folder) => folder, finish = scaffold }: Running = {},
): Promise<BeforeAndAfter> {
  const sample = await sampleMigration(clinics, 0, app);
  const { context, folder } = sample;
  const copy = uniqueName('legacy');
  await withSession(adminUrl(), (session) =>
    session.execute(`CREATE DATABASE ${quoteIdent(copy)} TEMPLATE ${quoteIdent(sample.legacy.name)}`),
  );
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  const legacy = await startApp(build(folder), {
    ...env,
    ...SECRET,
    DATABASE_URL: withDatabase(adminUrl(), copy),
  });
  for (const command of [provisionCommand, splitCommand]) {
    const report = await command.run(context, [], NO_OPTIONS);
    if (!report.ok) throw new Error(JSON.stringify(report.findings));
  }
  const { findings } = await codemodCommand.run(context, [folder], NO_OPTIONS);
  await finish(context, folder);
  const again = await codemodCommand.run(context, [folder], { ...NO_OPTIONS, check: true });
  const verified = await verifyCommand.run(context, ['code'], NO_OPTIONS);
  // The migrated application gets no address of the legacy database: nothing may need it.
  const { LEGACY_DATABASE_URL, ...left } = sample.env;
  const migrated = await startApp(build(folder), { ...env, ...SECRET, ...left });
  return {
    sample,
    legacy,
    migrated,
    findings,
    left: { changes: again.summary['would change'], verified: verified.findings },
    stop: async () => {
      await legacy.stop();
      await migrated.stop();
      await dropDatabase(copy);
      await sample.drop();
    },
  };
}

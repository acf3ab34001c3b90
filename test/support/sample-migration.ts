import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Context } from '../../src/commands/command.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { withDatabase } from '../../src/core/urls.js';
import { contextIn, NO_OPTIONS } from './context.js';
import {
  adminUrl,
  createDatabase,
  dropDatabase,
  dropTemplates,
  type TestDatabase,
  uniqueName,
  withSession,
} from './postgres.js';

const APPS = join(import.meta.dirname, '../../fixtures/apps');

export interface SampleMigration {
  readonly context: Context;
  /** A copy of the sample application's configuration, in a folder of its own. */
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly legacy: TestDatabase;
  readonly centralUrl: string;
  clinicUrl(key: string): string;
  drop(): Promise<void>;
}

/** A sample application's legacy database with names of its own for everything that is to be made. */
export async function sampleMigration(clinics = 3, rows = 600, app = 'medicalpro'): Promise<SampleMigration> {
  const legacy = await createDatabase();
  const prefix = uniqueName('mp');
  const central = `${prefix}_central`;
  const { seed } = (await import(pathToFileURL(join(APPS, app, 'database/seed.js')).href)) as {
    seed(options: { url: string; clinics: number; rows: number }): Promise<unknown>;
  };
  await seed({ url: legacy.url, clinics, rows });
  await withSession(adminUrl(), (session) =>
    session.execute(`REVOKE CONNECT ON DATABASE "${legacy.name}" FROM PUBLIC`),
  );
  const folder = mkdtempSync(join(tmpdir(), 'sample-'));
  cpSync(join(APPS, app), folder, { recursive: true });
  const file = join(folder, 'clinic-migrate.config.mjs');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/\w+_\{key\}/, `${prefix}_{key}`));
  const env = {
    LEGACY_DATABASE_URL: legacy.url,
    CENTRAL_DATABASE_URL: withDatabase(adminUrl(), central),
    SERVER_URL: adminUrl(),
    CLINIC_MIGRATE_KEY: randomBytes(32).toString('hex'),
  };
  return {
    context: await contextIn(folder, env),
    folder,
    env,
    legacy,
    centralUrl: env.CENTRAL_DATABASE_URL,
    clinicUrl: (key) => withDatabase(adminUrl(), `${prefix}_${key}`),
    drop: async () => {
      rmSync(folder, { recursive: true, force: true });
      await legacy.drop();
      await dropTemplates(env.CENTRAL_DATABASE_URL);
      await dropDatabase(central);
      await withSession(adminUrl(), async (session) => {
        for (let key = 1; key <= clinics; key += 1) {
          await dropDatabase(`${prefix}_${key}`);
          await session.execute(`DROP ROLE IF EXISTS "${prefix}_${key}", "${prefix}_${key}_owner"`);
        }
      });
    },
  };
}

/** Provisioned and split: every clinic is ready. */
export async function migratedSample(): Promise<SampleMigration> {
  const sample = await sampleMigration();
  for (const command of [provisionCommand, splitCommand]) {
    const report = await command.run(sample.context, [], NO_OPTIONS);
    if (!report.ok) throw new Error(JSON.stringify(report.findings));
  }
  return sample;
}

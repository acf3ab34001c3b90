import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningApp, startApp } from '../../src/demo/app-process.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Its folder. */
export const SAMPLE = join(ROOT, 'fixtures/apps/medicalpro');

interface Seed {
  seed(options: { url: string; clinics: number; rows: number }): Promise<unknown>;
}

/** The sample application's database: as many clinics and about as many rows as said. */
export async function seedSample(clinics = 3, rows = 300): Promise<TestDatabase> {
  const { seed }: Seed = createRequire(import.meta.url)(join(SAMPLE, 'database/seed.js'));
  const database = await createDatabase();
  await seed({ url: database.url, clinics, rows });
  return database;
}

/** The sample application, running on a database. */
export function startSample(url: string, folder = SAMPLE): Promise<RunningApp> {
  return startApp(folder, { DATABASE_URL: url, JWT_SECRET: 'for tests' });
}

/** A copy of the sample with one text in one file replaced by another. */
export async function copySample(
  file: string,
  text: string,
  replacement: string,
): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'medicalpro-'));
  await cp(SAMPLE, folder, { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const path = join(folder, file);
  const source = await readFile(path, 'utf8');
  if (!source.includes(text)) throw new Error(`${file} has no ${text}`);
  await writeFile(path, source.replace(text, replacement));
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

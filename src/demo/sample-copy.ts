import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SAMPLE = fileURLToPath(new URL('../../fixtures/apps/medicalpro/', import.meta.url));

/** A copy of the sample application in a temporary folder of its own. */
export interface SampleCopy {
  readonly folder: string;
  /** Makes schema and rows in an empty database; the clinics' names in the order of their keys. */
  seed(
    url: string,
    size: { clinics: number; rows: number },
  ): Promise<{ clinics: { id: number; name: string }[] }>;
  remove(): Promise<void>;
}

/** Its packages are those that this program was installed with. */
export async function copySample(): Promise<SampleCopy> {
  const parent = await mkdtemp(join(tmpdir(), 'clinic-migrate-demo-'));
  const folder = join(parent, 'medicalpro');
  await cp(SAMPLE, folder, { recursive: true });
  const packages = dirname(dirname(createRequire(import.meta.url).resolve('sequelize/package.json')));
  await symlink(packages, join(folder, 'node_modules'), 'junction');
  const { seed } = createRequire(join(folder, 'server.js'))('./database/seed.js') as {
    seed(options: { url: string; clinics: number; rows: number }): Promise<{
      clinics: { id: number; name: string }[];
    }>;
  };
  return {
    folder,
    seed: (url, size) => seed({ url, ...size }),
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { startEmbedded } from '../../src/adapters/embedded.js';
import { packageRoot } from '../../src/adapters/package-root.js';
import { pgDatabases } from '../../src/adapters/pg.js';

/** Resolves once the folder is gone; the test's own time limit is the only clock. */
async function gone(folder: string): Promise<void> {
  while (
    await access(folder).then(
      () => true,
      () => false,
    )
  )
    await new Promise((resolve) => setImmediate(resolve));
}

it('serves PostgreSQL 18 on a free port and leaves nothing behind', async () => {
  const server = await startEmbedded();
  const session = await pgDatabases.connect(server.url);
  const [row] = await session.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int AS version",
  );
  await session.close();
  expect(row?.version).toBeGreaterThanOrEqual(180000);
  await server.stop();
  await expect(access(server.folder)).rejects.toThrow('ENOENT');
});

it('stops the server and removes its folder when our process is killed outright', async () => {
  const module = pathToFileURL(join(packageRoot(), 'dist/adapters/embedded.js')).href;
  const script = `const { startEmbedded } = await import(${JSON.stringify(module)});
    const server = await startEmbedded(); process.stdout.write(JSON.stringify(server)); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [data]: Buffer[] = await once(child.stdout, 'data');
  const { url, folder }: { url: string; folder: string } = JSON.parse(String(data));
  child.kill('SIGKILL');
  await gone(folder);
  await expect(pgDatabases.connect(url)).rejects.toThrow('ECONNREFUSED');
});

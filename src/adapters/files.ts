import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RunError, UsageError } from '../core/errors.js';
import type { Files } from '../core/ports.js';

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Undefined where there is nothing at the path; every other failure is a RunError that names the file. */
async function orUndefined<T>(what: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw failure(what, error);
  }
}

function failure(what: string, error: unknown): RunError {
  const code = codeOf(error);
  const reason = code === '' ? (error instanceof Error ? error.message : String(error)) : code;
  return new RunError(`cannot ${what}: ${reason}`, { cause: error });
}

async function read(path: string): Promise<string | undefined> {
  const bytes = await orUndefined(`read ${path}`, readFile(path));
  if (bytes === undefined) return undefined;
  try {
    // Anything else would come back changed when the text is written again.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new RunError(`cannot read ${path}: it is not UTF-8 text`, {
      hint: 'Convert it to UTF-8, or leave it out.',
      cause: error,
    });
  }
}

/** Symbolic links are not followed: a file would be listed, and written, under two names. */
async function below(folder: string, skip: ReadonlySet<string>): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(folder, entry.name));
  for (const entry of entries)
    if (entry.isDirectory() && !skip.has(entry.name))
      files.push(...(await below(join(folder, entry.name), skip)));
  return files;
}

async function list(path: string, skip: readonly string[] = []): Promise<string[]> {
  const found = await orUndefined(`look at ${path}`, stat(path));
  if (found === undefined) throw new UsageError(`there is no file or folder ${path}`);
  if (!found.isDirectory()) return [path];
  try {
    return (await below(path, new Set(skip))).sort();
  } catch (error) {
    throw failure(`list ${path}`, error);
  }
}

async function write(path: string, text: string, expected?: string): Promise<void> {
  if (expected !== undefined && (await read(path)) !== expected) {
    throw new RunError(`${path} has changed since it was read; it was left as it is`, {
      hint: 'Run the command again.',
    });
  }
  // A link stays a link: what it points at is replaced.
  const target = (await orUndefined(`write ${path}`, realpath(path))) ?? path;
  const mode = (await orUndefined(`write ${path}`, stat(target)))?.mode;
  const draft = join(dirname(target), `.${basename(target).slice(0, 80)}.${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(draft, text, mode === undefined ? { flag: 'wx' } : { flag: 'wx', mode: mode & 0o7777 });
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw failure(`write ${path}`, error);
  }
}

/** The machine's own file system. */
export const nodeFiles: Files = { read, list, write };

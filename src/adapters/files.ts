import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../core/errors.js';
import type { Files } from '../core/ports.js';
import { failure, orUndefined, read, readBytes, write } from './file-io.js';
import { finishWrites, writeAll } from './write-all.js';

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

/** The machine's own file system. */
export const nodeFiles: Files = { read, readBytes, list, write, writeAll, finishWrites };

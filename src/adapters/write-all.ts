import { rename, rm } from 'node:fs/promises';
import { RunError } from '../core/errors.js';
import type { FileChange } from '../core/ports.js';
import { codeOf, draftBeside, failure, read, write } from './file-io.js';

interface Renaming {
  readonly draft: string;
  readonly target: string;
}

/**
 * Writes several files as one: all new texts are on disk, and a journal that names them, before the first takes its
 * place. A run that is killed in between is finished by finishWrites(). RunError where one has changed since it was
 * read or may not be written: nothing was written then.
 */
export async function writeAll(changes: readonly FileChange[], journal: string): Promise<void> {
  const renamings: Renaming[] = [];
  try {
    for (const change of changes) renamings.push(await draftBeside(change.path, change.text));
    for (const { path, expected } of changes) await requireUnchanged(path, expected);
    await write(journal, JSON.stringify(renamings));
  } catch (error) {
    for (const { draft } of renamings) await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
  await finishWrites(journal);
}

/** Finishes what a killed writeAll() began; answers with the number of files that were still to be put in place. */
export async function finishWrites(journal: string): Promise<number> {
  const text = await read(journal);
  if (text === undefined) return 0;
  let count = 0;
  for (const { draft, target } of JSON.parse(text) as readonly Renaming[]) {
    try {
      await rename(draft, target);
      count += 1;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw failure(`write ${target}`, error);
    }
  }
  await rm(journal, { force: true });
  return count;
}

async function requireUnchanged(path: string, expected: string): Promise<void> {
  if ((await read(path)) === expected) return;
  throw new RunError(`${path} has changed since it was read; nothing was written`, {
    hint: 'Run the command again.',
  });
}

import { rename, rm } from 'node:fs/promises';
import { RunError } from '../core/errors.js';
import type { FileChange } from '../core/ports.js';
import { codeOf, failure, type Place, placeOf, read, write, writeDraft } from './file-io.js';

/** What a run that writes several files has come to; it is on disk before each of its steps. */
interface Journal {
  /** The new texts are being written beside their places, or they all are and take them. */
  readonly step: 'drafts' | 'renames';
  readonly places: readonly Place[];
}

/**
 * Writes several files as one: all new texts are on disk, and a journal says so, before the first takes its place.
 * A run that is killed in between is finished, or undone, by finishWrites(). RunError where one has changed since it
 * was read or may not be written: nothing was written then.
 */
export async function writeAll(changes: readonly FileChange[], journal: string): Promise<void> {
  const places: Place[] = [];
  for (const { path } of changes) places.push(await placeOf(path));
  await note(journal, { step: 'drafts', places });
  try {
    for (const [i, { path, text }] of changes.entries()) {
      const place = places[i] as Place;
      await writeDraft(place, text).catch((error: unknown) => {
        throw failure(`write ${path}`, error);
      });
    }
    for (const { path, expected } of changes) await requireUnchanged(path, expected);
  } catch (error) {
    await finishWrites(journal);
    throw error;
  }
  await note(journal, { step: 'renames', places });
  await finishWrites(journal);
}

/**
 * Finishes what a writeAll() began that was killed in the midst, or takes away what it had prepared; answers with the
 * number of files that took their place.
 */
export async function finishWrites(journal: string): Promise<number> {
  const text = await read(journal);
  if (text === undefined) return 0;
  const { step, places } = JSON.parse(text) as Journal;
  let count = 0;
  for (const { draft, target } of places) {
    try {
      if (step === 'drafts') await rm(draft, { force: true });
      else {
        await rename(draft, target);
        count += 1;
      }
    } catch (error) {
      // It has taken its place already.
      if (codeOf(error) !== 'ENOENT') throw failure(`write ${target}`, error);
    }
  }
  await rm(journal, { force: true });
  return count;
}

function note(journal: string, entry: Journal): Promise<void> {
  return write(journal, JSON.stringify(entry));
}

async function requireUnchanged(path: string, expected: string): Promise<void> {
  if ((await read(path)) === expected) return;
  throw new RunError(`${path} has changed since it was read; nothing was written`, {
    hint: 'Run the command again.',
  });
}

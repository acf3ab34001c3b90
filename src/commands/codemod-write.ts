import { createHash } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import type { Config } from '../config/types.js';
import { UsageError } from '../core/errors.js';
import type { Sources } from '../project/source/read-sources.js';
import type { Context } from './command.js';

const journalOf = ({ directory }: Config): string =>
  join(directory, '.clinic-migrate', 'codemod-writing.json');
const undoOf = ({ directory }: Config): string => join(directory, '.clinic-migrate', 'undo');

/** Finishes what a run that was killed while it wrote had begun; answers with the number of files. */
export function finishEarlier({ config, files }: Context): Promise<number> {
  return files.finishWrites(journalOf(config));
}

/** Writes the files, after a patch that undoes it. UsageError where version control could not bring them back. */
export async function write(
  { config, files, versionControl }: Context,
  { texts }: Sources,
  changes: ReadonlyMap<string, string>,
  force: boolean,
): Promise<void> {
  if (changes.size === 0) return;
  const dirty = force ? [] : await versionControl.dirty(config.app.root, [...changes.keys()]);
  if (dirty.length > 0) {
    const named = dirty.slice(0, 3).map((path) => relative(config.app.root, resolve(config.app.root, path)));
    const more = dirty.length > 3 ? ` and ${dirty.length - 3} more` : '';
    throw new UsageError(
      `nothing was rewritten: ${named.join(', ')}${more} have changes that are not committed`,
      {
        hint: 'Commit or stash them first, or use --force.',
      },
    );
  }
  const undo = patch(
    config,
    changes,
    new Map([...changes.keys()].map((path) => [path, texts.get(path) ?? ''])),
  );
  const name = createHash('sha256').update(undo).digest('hex').slice(0, 12);
  // It is for whoever ran the codemod, and holds what the source holds: no commit is to pick it up.
  await files.write(join(undoOf(config), '.gitignore'), '*\n');
  await files.write(join(undoOf(config), `codemod-${name}.patch`), undo);
  await files.writeAll(
    [...changes].map(([path, text]) => ({ path, text, expected: texts.get(path) ?? '' })),
    journalOf(config),
  );
}

/** A unified diff over all files, their paths relative to the application's root. */
export function patch(
  { app }: Config,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string {
  return [...after]
    .map(([path, text]) => {
      const name = relative(app.root, path);
      return createTwoFilesPatch(`a/${name}`, `b/${name}`, before.get(path) ?? '', text, '', '', {
        context: 3,
      });
    })
    .join('');
}

import { relative } from 'node:path';
import { createTwoFilesPatch } from 'diff';
import type { MigrationInput } from '../codemods/migrate.js';
import { migrate, type Proven } from '../codemods/proof/prove.js';
import { UsageError } from '../core/errors.js';
import type { Context } from './command.js';

const ANSWERS = [
  { label: 'yes', hint: 'rewrite this file' },
  { label: 'no', hint: 'leave it, and all that must change together with it' },
  { label: 'yes to all', hint: 'rewrite this file and those that follow' },
];

/** Asks for each file that would change. One that is declined is left as it is, with the files that depend on it. */
export async function askForEach(
  { config, prompter }: Context,
  input: MigrationInput,
  first: Proven,
): Promise<Proven> {
  if (prompter === undefined)
    throw new UsageError('--interactive needs a terminal to ask on', {
      hint: 'Leave it out, or use --dry-run.',
    });
  const asked = new Set<string>();
  const declined = new Set<string>();
  const { app } = config;
  for (let migration = first; ; ) {
    const next = [...migration.changes].find(([path]) => !asked.has(path));
    if (next === undefined) return migration;
    const [path, text] = next;
    asked.add(path);
    const name = relative(app.root, path);
    const diff = createTwoFilesPatch(name, name, input.sources.texts.get(path) ?? '', text, '', '', {
      context: 1,
    });
    const facts = diff.split('\n').slice(4);
    const answer = await prompter.chooseOne({ text: `Rewrite ${name}?`, facts, answers: ANSWERS }, 0);
    if (answer === 2) return migration;
    if (answer === 0) continue;
    declined.add(path);
    migration = migrate({ ...input, isWanted: (one) => input.isWanted(one) && !declined.has(one) });
  }
}

import { createHash } from 'node:crypto';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createTwoFilesPatch } from 'diff';
import { annotate } from '../codemods/annotate.js';
import type { Migration } from '../codemods/migrate.js';
import { migrate } from '../codemods/prove.js';
import { runTransform, type UserTransform } from '../codemods/transform.js';
import type { Config } from '../config/types.js';
import { UsageError } from '../core/errors.js';
import { hasErrors } from '../core/finding.js';
import { readSources, type Sources } from '../project/load-project.js';
import type { Command, Context } from './command.js';
import { tableFacts } from './table-facts.js';

export const codemodCommand: Command = {
  name: 'codemod',
  argument: { notation: '<paths...>', description: 'files and folders of the application to rewrite' },
  summary: "Rewrite the application's source so that every query goes to its clinic's database",
  options: [
    { flags: '--check', description: 'write nothing; exit 1 where there is work left' },
    { flags: '--force', description: 'rewrite files that have changes not committed' },
    { flags: '--annotate', description: 'put a TODO comment above what is left for a person' },
    { flags: '--transform <file>', description: 'run a jscodeshift transform of your own afterwards' },
  ],
  reporters: ['sarif', 'github'],
  examples: [
    { line: 'clinic-migrate codemod src --dry-run', what: 'see what would change' },
    { line: 'clinic-migrate codemod src server.js', what: 'rewrite the application' },
    { line: 'clinic-migrate codemod src --check', what: 'in CI: fail while there is work left' },
  ],
  async run(context, paths, options) {
    const { config, files } = context;
    const sources = await readSources(files, config.app);
    const isWanted = wantedFiles(paths, sources, config);
    const input = { sources, app: config.app, facts: await tableFacts(context), isWanted };
    const migration = migrate(input);
    const texts = new Map([...sources.texts].filter(([path]) => isWanted(path)));
    for (const [path, text] of migration.changes) texts.set(path, text);
    if (options.annotate === true) {
      for (const [path, text] of texts) {
        const left = migration.left.filter(({ location }) => location?.file === path);
        texts.set(path, annotate(text, left));
      }
    }
    if (typeof options.transform === 'string') {
      for (const [path, text] of await runTransform(await loadTransform(options.transform), texts))
        texts.set(path, text);
    }
    const changes = new Map([...texts].filter(([path, text]) => sources.texts.get(path) !== text));
    const isReading = options.dryRun || options.check === true;
    if (!isReading) await write(context, sources, changes, options.force === true);
    return {
      command: 'codemod',
      ok: !hasErrors(migration.findings) && !(options.check === true && changes.size > 0),
      summary: {
        files: texts.size,
        [isReading ? 'would change' : 'changed']: changes.size,
        ...counts(migration),
      },
      findings: migration.findings,
      data: { changed: [...changes.keys()].map((path) => relative(config.app.root, path)) },
      ...(options.dryRun && changes.size > 0 ? { text: patch(config, sources.texts, changes) } : {}),
    };
  },
};

function counts({ findings }: Migration): Record<string, number> {
  const left = findings.filter(({ severity }) => severity === 'error').length;
  return { 'left for a person': left, notes: findings.length - left };
}

/** The files that the arguments name. UsageError for a path with no source file of the application. */
function wantedFiles(paths: readonly string[], sources: Sources, { app }: Config): (path: string) => boolean {
  const roots = paths.map((path) => resolve(path));
  const isBelow = (path: string, root: string): boolean => path === root || path.startsWith(root + sep);
  const isAround = (root: string, path: string): boolean => root === sep || isBelow(path, root);
  for (const root of roots) {
    if ([...sources.texts.keys()].some((path) => isAround(root, path))) continue;
    throw new UsageError(`${root} has no source file of the application in ${app.root}`, {
      hint: 'Name files or folders below app.root, or set app.root.',
    });
  }
  return (path) => roots.some((root) => isAround(root, path));
}

async function loadTransform(file: string): Promise<UserTransform> {
  try {
    const loaded = (await import(pathToFileURL(resolve(file)).href)) as {
      default?: unknown;
      parser?: string;
    };
    const inner = loaded.default as { default?: unknown; parser?: string } | undefined;
    const transform = typeof loaded.default === 'function' ? loaded.default : inner?.default;
    if (typeof transform !== 'function') throw new TypeError('it exports no function');
    const parser = loaded.parser ?? inner?.parser;
    return { default: transform as UserTransform['default'], ...(parser === undefined ? {} : { parser }) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the transform ${file} cannot be loaded: ${reason}`, { cause: error });
  }
}

/** Writes the files, after a patch that undoes it. UsageError where version control could not bring them back. */
async function write(
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
  await files.write(join(config.directory, '.clinic-migrate', 'undo', `codemod-${name}.patch`), undo);
  for (const [path, text] of changes) await files.write(path, text, texts.get(path));
}

/** A unified diff over all files, their paths relative to the application's root. */
function patch(
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

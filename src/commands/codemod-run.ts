import { relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { explanation } from '../codemods/explain.js';
import { CODEMODS, chooseCodemods } from '../codemods/list.js';
import type { MigrationInput } from '../codemods/migrate.js';
import { migrate, type Proven } from '../codemods/proof/prove.js';
import { runTransform, type TransformOptions, type UserTransform } from '../codemods/transform.js';
import { annotate } from '../codemods/writing/annotate.js';
import { applyEdits } from '../codemods/writing/edits.js';
import type { Config } from '../config/types.js';
import { UsageError } from '../core/errors.js';
import { hasErrors } from '../core/finding.js';
import { refuseUnfit } from '../project/application/unfit.js';
import { readSources, type Sources } from '../project/source/read-sources.js';
import type { Report } from '../report/report.js';
import { askForEach } from './codemod-ask.js';
import { codemodTables, counts } from './codemod-tables.js';
import { finishEarlier, patch, write } from './codemod-write.js';
import type { CommonOptions, Context } from './command.js';
import { tableFacts } from './table-facts.js';

type Options = CommonOptions & Readonly<Record<string, unknown>>;

/** Analyses the application, rewrites what may be rewritten and says what is left. */
export async function runCodemod(
  context: Context,
  paths: readonly string[],
  options: Options,
): Promise<Report> {
  if (options.list === true) return list();
  if (paths.length === 0)
    throw new UsageError('codemod needs the files or folders to rewrite', {
      hint: 'clinic-migrate codemod src --dry-run shows what would change below src.',
    });
  const { config, files, progress } = context;
  const isReading = options.dryRun || options.check === true || options.explain === true;
  const finished = isReading ? 0 : await finishEarlier(context);
  const sources = await readSources(files, config.app);
  refuseUnfit(sources, config.app);
  const chosen = chooseCodemods(text(options.only), text(options.skip));
  const isWanted = wantedFiles(paths, sources, config);
  const wrapHandlers = options.wrapHandlers === true;
  const input = {
    sources,
    app: config.app,
    facts: await tableFacts(context),
    isWanted,
    chosen,
    wrapHandlers,
  };
  const task = progress.start(`Analysing ${sources.texts.size} files`);
  let migration = migrate(input);
  task.done();
  if (options.explain === true) return explain(config, migration);
  if (options.interactive === true) migration = await askForEach(context, input, migration);
  const texts = await finalTexts(input, migration, options);
  const changes = new Map([...texts].filter(([path, after]) => sources.texts.get(path) !== after));
  if (!isReading) await write(context, sources, changes, options.force === true);
  const figures = counts(migration);
  return {
    command: 'codemod',
    ok: !hasErrors(migration.findings) && !(options.check === true && changes.size > 0),
    summary: {
      files: texts.size,
      [isReading ? 'would change' : 'changed']: changes.size,
      ...(finished > 0 ? { 'finished for a killed run': finished } : {}),
      ...figures,
    },
    findings: migration.findings,
    tables: codemodTables(migration),
    data: {
      changed: [...changes.keys()].map((path) => relative(config.app.root, path)),
      sites: migration.account.sites,
    },
    ...(options.dryRun && changes.size > 0 ? { text: patch(config, sources.texts, changes) } : {}),
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function list(): Report {
  const rows = Object.entries(CODEMODS).map(([name, what]) => [name, what]);
  return {
    command: 'codemod',
    ok: true,
    summary: {},
    findings: [],
    tables: [{ head: ['codemod', 'what it rewrites'], rows }],
    data: { codemods: CODEMODS },
  };
}

function explain({ app }: Config, migration: Proven): Report {
  const { sites } = migration.account;
  return {
    command: 'codemod',
    ok: true,
    summary: { sites: sites.length, ...counts(migration) },
    findings: [],
    data: { sites },
    text: explanation(app.root, sites),
  };
}

/** The new texts, with what was asked for besides. */
async function finalTexts(
  { sources, isWanted }: MigrationInput,
  migration: Proven,
  options: Options,
): Promise<Map<string, string>> {
  const texts = new Map([...sources.texts].filter(([path]) => isWanted(path)));
  for (const [path, after] of migration.changes) texts.set(path, after);
  if (options.annotate === true) {
    for (const [path, after] of texts) {
      const left = migration.left.filter(({ location }) => location?.file === path);
      texts.set(path, annotate(after, left));
    }
  }
  if (typeof options.transform === 'string') {
    const transform = await loadTransform(options.transform);
    const optionsFor = (path: string, after: string): TransformOptions => ({
      left: migration.left.filter(({ location }) => location?.file === path),
      models: migration.account.models,
      edit: (edits) => applyEdits(after, edits),
    });
    for (const [path, after] of await runTransform(transform, texts, optionsFor)) texts.set(path, after);
  }
  return texts;
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

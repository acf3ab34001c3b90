import { ts } from 'ts-morph';
import { FileFault } from '../../core/file-fault.js';
import type { Finding } from '../../core/finding.js';
import { analyse } from '../../project/analysis.js';
import { descendants, isReference } from '../../project/source/nodes.js';
import { type AppProject, openProject } from '../../project/source/open-project.js';
import { withoutFaulty } from '../../project/source/read-sources.js';
import { declaredTwice, symbolOf } from '../../project/source/symbols.js';
import { type Account, accountFor } from '../account.js';
import { type MigrationInput, planAnalysed } from '../migrate.js';
import type { Migration } from '../planning/collect.js';

/** A migration that may be written. */
export interface Proven extends Migration {
  /** What is still to be said of the result, at the places of the new texts. */
  readonly left: readonly Finding[];
  readonly account: Account;
}

/**
 * Runs every codemod and proves the result before anyone writes it: it parses, no comment and no template
 * literal is lost, no name is used that nothing declares or declared twice, and a second run asks for nothing. A file that fails is left as it is and reported.
 */
export function migrate(input: MigrationInput): Proven {
  try {
    return migrateSound(input);
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    return migrate({ ...input, sources: withoutFaulty(input.sources, error) });
  }
}

/** As migrate(), where nothing of ours fails. */
function migrateSound(input: MigrationInput): Proven {
  const blocked = new Map<string, string>();
  for (;;) {
    const first = runFirst({ ...input, blocked });
    const { faults, left } = prove({ ...input, blocked }, first);
    if (faults.size === 0) return { ...first.migration, left, account: first.account };
    for (const [path, fault] of faults) blocked.set(path, fault);
  }
}

/** What must still be in a file after the edits. */
interface Contents {
  /** Names in what the edits take away or put in: no other can come to mean something else. */
  readonly touched: ReadonlySet<string>;
  /** Those of them that the file uses and does not declare. */
  readonly freeNames: ReadonlySet<string>;
  /** Those that the file declares twice already: a type and its value, say. */
  readonly twice: ReadonlySet<string>;
  readonly templates: readonly string[];
  /** Undefined where the edits replace none: reading every comment takes longer than all the rest. */
  readonly comments: readonly string[] | undefined;
}

/** Holds on to no more of the old sources than the proof needs: two parsed applications are large. */
interface FirstRun {
  readonly migration: Migration;
  readonly account: Account;
  /** Of files that change. */
  readonly contents: ReadonlyMap<string, Contents>;
  /** Files that do not change, parsed. */
  readonly parsed: ReadonlyMap<string, ts.SourceFile>;
}

function runFirst(input: MigrationInput): FirstRun {
  const project = openProject(input.sources, input.app);
  const analysis = analyse(project, input.facts);
  const migration = planAnalysed(analysis, input);
  const { changes, edits, dropped } = migration;
  const contents = new Map<string, Contents>();
  const parsed = new Map<string, ts.SourceFile>();
  for (const file of project.files) {
    const path = file.fileName;
    if (!changes.has(path)) {
      parsed.set(path, file);
      continue;
    }
    const own = edits.get(path) ?? [];
    const replaced = own.map(({ start, end }) => file.text.slice(start, end)).join('\n');
    const touched = namesIn([replaced, ...own.map(({ text }) => text)].join('\n'));
    contents.set(path, {
      touched,
      freeNames: freeNames(file, touched),
      twice: declaredTwice(file),
      templates: templates(file),
      comments: /\/[/*]/.test(replaced) ? comments(file, dropped.get(path)) : undefined,
    });
  }
  const account = accountFor(analysis, migration, input.isWanted);
  return { migration, account, contents, parsed };
}

/** What is wrong with the result, by file; and what a second run would have to say. */
function prove(
  input: MigrationInput,
  { migration, contents, parsed }: FirstRun,
): { readonly faults: ReadonlyMap<string, string>; readonly left: readonly Finding[] } {
  const { changes, broken, findings } = migration;
  if (changes.size === 0 || broken.size > 0) return { faults: broken, left: findings };
  const sources = { ...input.sources, texts: new Map([...input.sources.texts, ...changes]) };
  const after = openProject(sources, input.app, parsed);
  const faults = new Map<string, string>();
  for (const [path, before] of contents) {
    const result = after.file(path);
    const fault = result && faultOf(before, result, after);
    if (fault !== undefined) faults.set(path, fault);
  }
  if (faults.size > 0) return { faults, left: [] };
  const second = planAnalysed(analyse(after, input.facts), { ...input, sources });
  for (const path of second.changes.keys()) faults.set(path, 'a second run would change the result again');
  return { faults, left: second.findings };
}

function faultOf(before: Contents, result: ts.SourceFile, after: AppProject): string | undefined {
  if (after.syntaxErrors(result).length > 0) return 'the result would not parse';
  if (before.comments !== undefined && !keepsAll(before.comments, comments(result)))
    return 'the result would lose a comment';
  if (!keepsAll(before.templates, templates(result))) return 'the result would change a template literal';
  const [fresh] = [...freeNames(result, before.touched)].filter(
    (name) => !before.freeNames.has(name) && !GLOBALS.has(name),
  );
  if (fresh !== undefined) return `the result would use ${fresh}, which nothing there declares`;
  const [twice] = [...declaredTwice(result)].filter((name) => !before.twice.has(name));
  return twice && `the result would declare ${twice} twice`;
}

/** Globals that our own text uses. */
const GLOBALS = new Set(['Promise', 'require']);

const namesIn = (text: string): Set<string> => new Set(text.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu));

/** Those of the names that a file uses and does not declare. */
function freeNames(file: ts.SourceFile, names: ReadonlySet<string>): Set<string> {
  const free = descendants(file, ts.isIdentifier).filter(
    (identifier) =>
      names.has(identifier.text) && isReference(identifier) && symbolOf(identifier) === undefined,
  );
  return new Set(free.map(({ text }) => text));
}

function keepsAll(before: readonly string[], after: readonly string[]): boolean {
  const left = new Map<string, number>();
  for (const text of after) left.set(text, (left.get(text) ?? 0) + 1);
  return before.every((text) => {
    const count = left.get(text) ?? 0;
    left.set(text, count - 1);
    return count > 0;
  });
}

/** The text of every comment outside some ranges, its lines' indentation aside. */
function comments(file: ts.SourceFile, except: readonly { start: number; end: number }[] = []): string[] {
  const found = new Map<number, string>();
  const visit = (node: ts.Node): void => {
    const ranges = [
      ...(ts.getLeadingCommentRanges(file.text, node.pos) ?? []),
      ...(ts.getTrailingCommentRanges(file.text, node.end) ?? []),
    ];
    for (const { pos, end } of node.kind === ts.SyntaxKind.JsxText ? [] : ranges)
      found.set(pos, file.text.slice(pos, end).replaceAll(/\s*\n\s*/g, '\n'));
    for (const child of node.getChildren(file)) visit(child);
  };
  visit(file);
  return [...found]
    .filter(([at]) => !except.some(({ start, end }) => start <= at && at < end))
    .map(([, text]) => text);
}

/** The literal parts of every template. */
function templates(file: ts.SourceFile): string[] {
  if (!file.text.includes('`')) return [];
  return descendants(file, isTemplatePart).map((node) => node.rawText ?? node.text);
}

function isTemplatePart(
  node: ts.Node,
): node is ts.NoSubstitutionTemplateLiteral | ts.TemplateHead | ts.TemplateMiddle | ts.TemplateTail {
  return (
    ts.isNoSubstitutionTemplateLiteral(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddle(node) ||
    ts.isTemplateTail(node)
  );
}

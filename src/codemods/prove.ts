import { ts } from 'ts-morph';
import type { Finding } from '../core/finding.js';
import { analyse } from '../project/analysis.js';
import { type AppProject, openProject } from '../project/load-project.js';
import { descendants, isReference } from '../project/nodes.js';
import { symbolOf } from '../project/scope.js';
import { type Migration, type MigrationInput, planAnalysed } from './migrate.js';

/** A migration that may be written. */
export interface Proven extends Migration {
  /** What is still to be said of the result, at the places of the new texts. */
  readonly left: readonly Finding[];
}

/**
 * Runs every codemod and proves the result before anyone writes it: it parses, no comment and no template
 * literal is lost, no name is used that nothing declares, and a second run asks for nothing. A file that fails is left as it is and reported.
 */
export function migrate(input: MigrationInput): Proven {
  const before = analyse(openProject(input.sources, input.app), input.facts);
  const blocked = new Map<string, string>();
  for (;;) {
    const migration = planAnalysed(before, { ...input, blocked });
    const { faults, left } = prove(before.project, { ...input, blocked }, migration);
    if (faults.size === 0) return { ...migration, left };
    for (const [path, fault] of faults) blocked.set(path, fault);
  }
}

/** What is wrong with the result, by file; and what a second run would have to say. */
function prove(
  before: AppProject,
  input: MigrationInput,
  migration: Migration,
): { readonly faults: ReadonlyMap<string, string>; readonly left: readonly Finding[] } {
  const { changes, broken, findings } = migration;
  if (changes.size === 0 || broken.size > 0) return { faults: broken, left: findings };
  const sources = { ...input.sources, texts: new Map([...input.sources.texts, ...changes]) };
  const after = openProject(sources, input.app, before);
  const faults = new Map<string, string>();
  for (const path of changes.keys()) {
    const fault = faultOf(path, before, after, migration);
    if (fault !== undefined) faults.set(path, fault);
  }
  if (faults.size > 0) return { faults, left: [] };
  const second = planAnalysed(analyse(after, input.facts), { ...input, sources });
  for (const path of second.changes.keys()) faults.set(path, 'a second run would change the result again');
  return { faults, left: second.findings };
}

function faultOf(
  path: string,
  before: AppProject,
  after: AppProject,
  { edits, dropped }: Migration,
): string | undefined {
  const [old, result] = [before.file(path), after.file(path)];
  if (old === undefined || result === undefined) return undefined;
  if (after.syntaxErrors(result).length > 0) return 'the result would not parse';
  // Reading every comment takes longer than all the rest, and only what an edit replaces can be lost.
  const replaced = (edits.get(path) ?? []).map(({ start, end }) => old.text.slice(start, end)).join('\n');
  if (/\/[/*]/.test(replaced) && !keepsAll(comments(old, dropped.get(path)), comments(result)))
    return 'the result would lose a comment';
  if (old.text.includes('`') && !keepsAll(templates(old), templates(result)))
    return 'the result would change a template literal';
  const known = freeNames(old);
  const [fresh] = [...freeNames(result)].filter((name) => !known.has(name) && !GLOBALS.has(name));
  return fresh && `the result would use ${fresh}, which nothing there declares`;
}

/** Globals that our own text uses. */
const GLOBALS = new Set(['Promise', 'require']);

/** The names a file uses and does not declare. */
function freeNames(file: ts.SourceFile): Set<string> {
  const free = descendants(file, ts.isIdentifier).filter((identifier) => {
    if (!isReference(identifier)) return false;
    return symbolOf(identifier) === undefined;
  });
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

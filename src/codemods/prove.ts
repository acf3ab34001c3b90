import { ts } from 'ts-morph';
import { type AppProject, openProject } from '../project/load-project.js';
import { descendants, isReference } from '../project/nodes.js';
import { type Migration, type MigrationInput, planMigration } from './migrate.js';

/**
 * Runs every codemod and proves the result before anyone writes it: it parses, no comment and no template
 * literal is lost, no name is used that nothing declares, and a second run asks for nothing. A file that fails is left as it is and reported.
 */
export function migrate(input: MigrationInput): Migration {
  const blocked = new Map<string, string>();
  for (;;) {
    const migration = planMigration({ ...input, blocked });
    const faults = findFaults(input, migration, blocked);
    if (faults.size === 0) return migration;
    for (const [path, fault] of faults) blocked.set(path, fault);
  }
}

function findFaults(
  input: MigrationInput,
  { changes, dropped, broken }: Migration,
  blocked: ReadonlyMap<string, string>,
): Map<string, string> {
  const faults = new Map(broken);
  if (changes.size === 0 || faults.size > 0) return faults;
  const texts = new Map([...input.sources.texts, ...changes]);
  const sources = { ...input.sources, texts };
  const before = openProject(input.sources, input.app);
  const after = openProject(sources, input.app);
  for (const path of changes.keys()) {
    const [old, result] = [before.file(path), after.file(path)];
    if (old === undefined || result === undefined) continue;
    if (after.syntaxErrors(result).length > 0) faults.set(path, 'the result would not parse');
    else if (!keepsAll(comments(old, dropped.get(path)), comments(result)))
      faults.set(path, 'the result would lose a comment');
    else if (!keepsAll(templates(old), templates(result)))
      faults.set(path, 'the result would change a template literal');
    else {
      const known = freeNames(before, old);
      const [fresh] = [...freeNames(after, result)].filter((name) => !known.has(name) && !GLOBALS.has(name));
      if (fresh !== undefined)
        faults.set(path, `the result would use ${fresh}, which nothing there declares`);
    }
  }
  if (faults.size > 0) return faults;
  for (const path of planMigration({ ...input, sources, blocked }).changes.keys())
    faults.set(path, 'a second run would change the result again');
  return faults;
}

/** Globals that our own text uses. */
const GLOBALS = new Set(['Promise', 'require']);

/** The names a file uses and does not declare. */
function freeNames({ checker }: AppProject, file: ts.SourceFile): Set<string> {
  const free = descendants(file, ts.isIdentifier).filter((identifier) => {
    if (!isReference(identifier)) return false;
    const symbol = ts.isShorthandPropertyAssignment(identifier.parent)
      ? checker.getShorthandAssignmentValueSymbol(identifier.parent)
      : checker.getSymbolAtLocation(identifier);
    return (symbol?.declarations ?? []).length === 0;
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

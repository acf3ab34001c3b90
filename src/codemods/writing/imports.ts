import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { isFunctionNode, requiredSpecifier, unwrap } from '../../project/source/nodes.js';
import { symbolOf } from '../../project/source/symbols.js';
import type { Draft } from '../planning/draft.js';
import { newImports, topLevelNames } from './import-lines.js';
import { removeUnused } from './unused-imports.js';

/** How this file can already say `getModel`: by the name it imported ModelFactory or getModel under. */
export function importedGetModel({ evaluator }: Analysis, file: ts.SourceFile): string | undefined {
  let found: string | undefined;
  for (const name of topLevelNames(file)) {
    const symbol = symbolOf(name);
    const [declaration] = symbol?.declarations ?? [];
    const value = declaration && evaluator.valueOfDeclaration(declaration);
    if (value?.kind === 'getModel') return name.text;
    if (value?.kind === 'factory') found = `${name.text}.getModel`;
  }
  return found;
}

/**
 * Removes the imports whose last use the edits took away and adds the ones they need, in the place of the
 * first that goes, else after the last.
 */
export function finishImports(draft: Draft, analysis: Analysis): void {
  const removed = removeUnused(draft, analysis);
  // Comments in what goes are about nothing else: those on a connection's pool, say.
  for (const one of removed) draft.dropped.push({ start: one.getStart(draft.file), end: one.end });
  const lines = newImports(draft, analysis);
  if (lines.length === 0) {
    for (const statement of removed) {
      draft.remove(statement.getStart(draft.file), statement.end);
    }
    return;
  }
  const [first, ...rest] = [...removed].sort(
    (a, b) => Number(isInFunction(a)) - Number(isInFunction(b)) || a.pos - b.pos,
  );
  const text = lines.join('\n');
  const takesPlace = first !== undefined && !isInFunction(first);
  if (takesPlace) draft.replace(first.getStart(draft.file), first.end, text);
  else insertImports(draft, text);
  for (const statement of takesPlace ? rest : removed) {
    draft.remove(statement.getStart(draft.file), statement.end);
  }
}

function isInFunction(node: ts.Node): boolean {
  for (let at = node.parent; at !== undefined; at = at.parent) if (isFunctionNode(at)) return true;
  return false;
}

function insertImports(draft: Draft, text: string): void {
  const { file } = draft;
  const last = file.statements.findLast((statement) => isImport(statement));
  if (last !== undefined) {
    draft.insert(last.end, `\n${text}`);
    return;
  }
  const [first] = file.statements;
  const prologue =
    first !== undefined && ts.isExpressionStatement(first) && ts.isStringLiteral(first.expression);
  if (prologue) {
    draft.insert(first.end, `\n\n${text}`);
    return;
  }
  draft.insert(first === undefined ? 0 : first.getStart(file), `${text}\n\n`);
}

/** True for an import, and for a constant that is required. */
export function isImport(statement: ts.Statement): boolean {
  if (ts.isImportDeclaration(statement)) return true;
  if (!ts.isVariableStatement(statement)) return false;
  return statement.declarationList.declarations.some(({ initializer }) => {
    let node = initializer && unwrap(initializer);
    while (
      node !== undefined &&
      (ts.isPropertyAccessExpression(node) ||
        (ts.isCallExpression(node) && requiredSpecifier(node) === undefined))
    )
      node = node.expression;
    return node !== undefined && requiredSpecifier(node) !== undefined;
  });
}

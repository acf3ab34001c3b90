import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { Analysis } from '../project/analysis.js';
import { isLoader } from '../project/evaluator.js';
import { runtimePaths } from '../project/modules.js';
import { isFunctionNode, requiredSpecifier, unwrap } from '../project/nodes.js';
import type { Binding } from '../project/read-uses.js';
import type { Draft, RuntimeName } from './draft.js';

const FILE_OF: Record<RuntimeName, 'modelFactory' | 'connectionManager' | 'routing'> = {
  ModelFactory: 'modelFactory',
  getCentralConnection: 'connectionManager',
  initializeCentralConnection: 'connectionManager',
  closeConnections: 'connectionManager',
  clinicRoutingMiddleware: 'routing',
};

/** How this file can already say `getModel`: by the name it imported ModelFactory or getModel under. */
export function importedGetModel({ evaluator, project }: Analysis, file: ts.SourceFile): string | undefined {
  let found: string | undefined;
  for (const name of topLevelNames(file)) {
    const symbol = project.checker.getSymbolAtLocation(name);
    const [declaration] = symbol?.declarations ?? [];
    const value = declaration && evaluator.valueOfDeclaration(declaration);
    if (value?.kind === 'getModel') return name.text;
    if (value?.kind === 'factory') found = `${name.text}.getModel`;
  }
  return found;
}

/** True where the file binds the name at its top already. */
export function isBound(file: ts.SourceFile, name: string): boolean {
  return topLevelNames(file).some((one) => one.text === name);
}

function topLevelNames(file: ts.SourceFile): ts.Identifier[] {
  return file.statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) => namesIn(name));
    if (
      (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) &&
      statement.name !== undefined
    )
      return [statement.name];
    if (!ts.isImportDeclaration(statement) || statement.importClause === undefined) return [];
    const { name, namedBindings } = statement.importClause;
    const rest =
      namedBindings === undefined
        ? []
        : ts.isNamespaceImport(namedBindings)
          ? [namedBindings.name]
          : namedBindings.elements.map((element) => element.name);
    return name === undefined ? rest : [name, ...rest];
  });
}

function namesIn(name: ts.BindingName): ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

/**
 * Removes the imports whose last use the edits took away and adds the ones they need, in the place of the
 * first that goes, else after the last.
 */
export function finishImports(draft: Draft, analysis: Analysis): void {
  const removed = removeUnused(draft, analysis);
  const lines = newImports(draft, analysis);
  if (lines.length === 0) {
    for (const statement of removed) {
      draft.remove(statement.getStart(draft.file), statement.end);
    }
    return;
  }
  const [first, ...rest] = [...removed].sort((a, b) => Number(isInFunction(a)) - Number(isInFunction(b)));
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

function isImport(statement: ts.Statement): boolean {
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

function newImports(draft: Draft, { project }: Analysis): string[] {
  const { file, style } = draft;
  const byFile = new Map<string, RuntimeName[]>();
  const paths = runtimePaths(project.app);
  for (const name of [...draft.needs].sort(byOrder)) {
    if (isBound(file, name)) continue;
    const path = paths[FILE_OF[name]];
    byFile.set(path, [...(byFile.get(path) ?? []), name]);
  }
  const lines: string[] = [];
  for (const [path, names] of byFile) {
    const relative = posix.relative(posix.dirname(file.fileName), path);
    const specifier = (relative.startsWith('.') ? relative : `./${relative}`) + ending(draft);
    const isWhole = names[0] === 'ModelFactory' || names[0] === 'clinicRoutingMiddleware';
    lines.push(importLine(draft, isWhole ? (names[0] ?? '') : `{ ${names.join(', ')} }`, specifier));
  }
  const types = [...draft.fromSequelize].filter((name) => !isBoundFromSequelize(file, name));
  const added = types.filter((name) => !addToImport(draft, name));
  if (added.length > 0) {
    const allTypes = added.every((name) => name.startsWith('type '));
    const list = allTypes ? added.map((name) => name.slice(5)) : added;
    const text = importLine(draft, `{ ${list.join(', ')} }`, 'sequelize');
    lines.unshift(allTypes ? text.replace('import {', 'import type {') : text);
  }
  return lines.map((line) => line + style.end);
}

/** True where the file has the name from the package itself already. */
function isBoundFromSequelize(file: ts.SourceFile, name: string): boolean {
  const local = name.replace('type ', '').replace(/^.*: /, '');
  return file.statements.some((statement) =>
    sequelizeNames(statement)?.some((element) => element.name.getText(file) === local),
  );
}

const ORDER: readonly RuntimeName[] = [
  'ModelFactory',
  'initializeCentralConnection',
  'getCentralConnection',
  'closeConnections',
  'clinicRoutingMiddleware',
];

function byOrder(a: RuntimeName, b: RuntimeName): number {
  return ORDER.indexOf(a) - ORDER.indexOf(b);
}

function importLine({ style }: Draft, what: string, specifier: string): string {
  const quoted = style.quote + specifier + style.quote;
  return style.isEsModule ? `import ${what} from ${quoted}` : `const ${what} = require(${quoted})`;
}

/** ES modules name the ending; TypeScript as the file's other imports do. */
function ending({ file, style }: Draft): string {
  if (!style.isEsModule) return '';
  const relative = [...file.text.matchAll(/from\s+['"](\.[^'"]*)['"]/g)].map(
    ([, specifier = '']) => specifier,
  );
  const own = relative.find((specifier) => /\.[cm]?[jt]s$/.test(specifier));
  if (own !== undefined) return /\.[cm]?[jt]s$/.exec(own)?.[0] ?? '';
  return relative.length > 0 || style.isTypeScript ? '' : '.js';
}

/** Adds a name to the file's `const { … } = require('sequelize')` or `import { … }`; false where it has none. */
function addToImport(draft: Draft, name: string): boolean {
  for (const statement of draft.file.statements) {
    const elements = sequelizeNames(statement);
    const last = elements?.at(-1);
    if (last === undefined) continue;
    draft.insert(last.end, `, ${draft.style.isEsModule ? name.replace(': ', ' as ') : name}`);
    return true;
  }
  return false;
}

function sequelizeNames(
  statement: ts.Statement,
): ts.NodeArray<ts.BindingElement | ts.ImportSpecifier> | undefined {
  if (ts.isImportDeclaration(statement)) {
    const bindings = statement.importClause?.namedBindings;
    const isSequelize =
      ts.isStringLiteral(statement.moduleSpecifier) && statement.moduleSpecifier.text === 'sequelize';
    return isSequelize && bindings !== undefined && ts.isNamedImports(bindings)
      ? bindings.elements
      : undefined;
  }
  if (!ts.isVariableStatement(statement)) return undefined;
  for (const { name, initializer } of statement.declarationList.declarations) {
    if (ts.isObjectBindingPattern(name) && initializer && requiredSpecifier(initializer) === 'sequelize')
      return name.elements;
  }
  return undefined;
}

/** Takes away bindings that nothing refers to any more; returns the statements that are to go whole. */
function removeUnused(draft: Draft, { uses }: Analysis): ts.Statement[] {
  const bindings = uses.get(draft.file)?.bindings ?? [];
  const feeds = uses.get(draft.file)?.feeds ?? new Map();
  const gone = new Set<ts.Symbol>();
  const isGone = (reference: ts.Identifier): boolean => {
    const fed = feeds.get(reference) as readonly ts.Symbol[] | undefined;
    return draft.replaced.has(reference) || fed?.every((symbol) => gone.has(symbol)) === true;
  };
  for (let size = -1; size !== gone.size; ) {
    size = gone.size;
    for (const { symbol, kept, references, value, declaration } of bindings) {
      if (value.kind === 'package') {
        if (!gone.has(symbol)) importPackage(draft, declaration);
        gone.add(symbol);
        continue;
      }
      const isImported = !ts.isVariableDeclaration(declaration) || declaration.initializer !== undefined;
      const wasUsed = references.length > 0 || value.kind === 'model';
      if (!kept && isImported && wasUsed && references.every(isGone)) gone.add(symbol);
    }
  }
  reportLoaders(draft, bindings, gone);
  return deleteBindings(
    draft,
    bindings.filter(({ symbol }) => gone.has(symbol)),
  );
}

/** An index that reads its folder no longer loads; whoever still needs it is told. */
function reportLoaders(draft: Draft, bindings: readonly Binding[], gone: ReadonlySet<ts.Symbol>): void {
  for (const { symbol, value, declaration } of bindings) {
    if (value.kind === 'module' && isLoader(value.file) && !gone.has(symbol))
      draft.note(
        'CODE_INDEX_LOADER',
        'error',
        declaration,
        'this still imports the models’ index, which reads its folder',
      );
  }
}

/** `const { Sequelize: S } = db` becomes an import of the package. */
function importPackage(draft: Draft, { name }: Binding['declaration']): void {
  const local = name?.getText(draft.file) ?? 'Sequelize';
  draft.fromSequelize.add(local === 'Sequelize' ? local : `Sequelize: ${local}`);
}

function deleteBindings(draft: Draft, bindings: readonly Binding[]): ts.Statement[] {
  const whole: ts.Statement[] = [];
  const going = new Set<ts.Node>(bindings.map(({ declaration }) => declaration));
  const seen = new Set<ts.Node>();
  for (const { declaration } of bindings) {
    const statement = statementOf(declaration);
    if (statement === undefined || seen.has(statement)) continue;
    seen.add(statement);
    const isWhole = ts.isImportDeclaration(statement)
      ? shrinkImport(draft, statement, going)
      : ts.isVariableStatement(statement) && shrinkDeclaration(draft, statement, going);
    if (isWhole) whole.push(statement);
  }
  return whole;
}

function statementOf(node: ts.Node): ts.Statement | undefined {
  for (let at: ts.Node = node; at !== undefined; at = at.parent)
    if (ts.isVariableStatement(at) || ts.isImportDeclaration(at)) return at;
  return undefined;
}

/** True where nothing of the import is left; else the names that go are cut out. */
function shrinkImport(draft: Draft, statement: ts.ImportDeclaration, going: ReadonlySet<ts.Node>): boolean {
  const clause = statement.importClause;
  if (clause === undefined) return false;
  const named = clause.namedBindings;
  const elements = named !== undefined && ts.isNamedImports(named) ? [...named.elements] : [];
  const kept = elements.filter((element) => !going.has(element));
  const keepsDefault = clause.name !== undefined && !going.has(clause);
  const keepsSpace = named !== undefined && ts.isNamespaceImport(named) && !going.has(named);
  if (!keepsDefault && !keepsSpace && kept.length === 0) return true;
  const list = kept.map((element) => element.getText(draft.file)).join(', ');
  const parts = [
    ...(keepsDefault && clause.name !== undefined ? [clause.name.text] : []),
    ...(keepsSpace && named !== undefined ? [named.getText(draft.file)] : []),
    ...(kept.length > 0 ? [`{ ${list} }`] : []),
  ];
  const isUnchanged = kept.length === elements.length && keepsDefault === (clause.name !== undefined);
  if (!isUnchanged) draft.replace(clause.getStart(draft.file), clause.end, parts.join(', '));
  return false;
}

/** The same for `const … = require(…)` and its patterns. */
function shrinkDeclaration(
  draft: Draft,
  statement: ts.VariableStatement,
  going: ReadonlySet<ts.Node>,
): boolean {
  const { declarations } = statement.declarationList;
  const isGoing = (declaration: ts.VariableDeclaration): boolean =>
    going.has(declaration) ||
    (ts.isObjectBindingPattern(declaration.name) &&
      declaration.name.elements.every((element) => going.has(element)));
  const kept = declarations.filter((declaration) => !isGoing(declaration));
  if (kept.length === 0) return true;
  if (kept.length < declarations.length) {
    const [first] = declarations;
    if (first !== undefined)
      draft.replace(
        first.getStart(draft.file),
        declarations.end,
        kept.map((declaration) => declaration.getText(draft.file)).join(', '),
      );
    return false;
  }
  for (const { name } of declarations) {
    if (!ts.isObjectBindingPattern(name)) continue;
    const left = name.elements.filter((element) => !going.has(element));
    if (left.length < name.elements.length)
      draft.replace(name.getStart(draft.file), name.end, patternText(draft, name, left));
  }
  return false;
}

function patternText(
  draft: Draft,
  pattern: ts.ObjectBindingPattern,
  left: readonly ts.BindingElement[],
): string {
  const texts = left.map((element) => element.getText(draft.file));
  if (!pattern.getText(draft.file).includes('\n')) return `{ ${texts.join(', ')} }`;
  return `{\n${texts.map((text) => `${draft.style.indent}${text},\n`).join('')}}`;
}

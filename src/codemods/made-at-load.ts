import { ts } from 'ts-morph';
import type { Analysis } from '../project/analysis.js';
import type { Evaluator } from '../project/evaluator.js';
import { exportsOf, ownFile } from '../project/modules.js';
import {
  assignment,
  descendants,
  exportsPath,
  isFunctionNode,
  isInside,
  isNamed,
  isReference,
  memberName,
  requiredSpecifier,
  unwrap,
} from '../project/nodes.js';
import { ownerOf } from '../project/owners.js';
import { symbolOf } from '../project/scope.js';
import type { FunctionNode, Value } from '../project/types.js';
import { basesOf } from './callers.js';

/** A function that reads what was made of a model or a connection while a file loaded, and the name it reads. */
export interface Reader {
  readonly node: FunctionNode;
  readonly name: ts.Expression;
}

/** What a file exports under a name; `*` for all of a CommonJS module. */
interface Exported {
  readonly file: ts.SourceFile;
  readonly name: string;
}

/**
 * The functions that read a value which code at module scope makes with any of these nodes: `repo` of
 * `const repo = new Repo(sequelize)`, wherever it is imported.
 */
export function readersOfMade(analysis: Analysis, nodes: readonly ts.Node[]): Reader[] {
  const readers: Reader[] = [];
  const symbols = new Set<ts.Symbol>();
  const exported = new Set<string>();
  const queue: (ts.Node | ts.Symbol | Exported)[] = [...nodes];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if ('kind' in at) queue.push(...madeBy(at));
    else if ('declarations' in at) {
      if (symbols.has(at)) continue;
      symbols.add(at);
      for (const name of referencesTo(at)) {
        const node = ownerOf(name);
        if (node !== undefined) readers.push({ node, name });
        else queue.push(name);
      }
      queue.push(...exportsNamed(at));
    } else if (!('declarations' in at) && 'file' in at) {
      const key = `${at.file.fileName}\n${at.name}`;
      if (exported.has(key)) continue;
      exported.add(key);
      for (const file of analysis.uses.keys()) importsOf(analysis, file, at, queue, readers);
    }
  }
  return readers;
}

/**
 * The functions that read what a constructor or another function keeps of this node: `this.db` of `this.db = sequelize`
 * in its class and those that extend it, or the variable it is put in.
 */
export function readersOfKept(
  evaluator: Evaluator,
  files: readonly ts.SourceFile[],
  node: ts.Expression,
): Reader[] {
  const left = assignment(node.parent)?.left;
  if (left === undefined) return [];
  const asReader = (name: ts.Expression): Reader[] => {
    const owner = ownerOf(name);
    return owner === undefined || name === left ? [] : [{ node: owner, name }];
  };
  if (ts.isIdentifier(left)) return symbolsOf(left).flatMap(referencesTo).flatMap(asReader);
  const name = memberName(left);
  const holder = ts.isPropertyAccessExpression(left) ? evaluator.valueOf(left.expression) : undefined;
  if (name === undefined || holder === undefined || !('node' in holder) || holder.kind === 'function')
    return [];
  const isHolder = (value: Value | undefined): boolean => {
    if (value === undefined || !('node' in value)) return false;
    if (value.node === holder.node) return true;
    return ts.isClassLike(value.node) && basesOf(evaluator, value.node).some((base) => base === holder.node);
  };
  return files
    .filter(({ text }) => text.includes(name))
    .flatMap((file) => descendants(file, ts.isPropertyAccessExpression))
    .filter((one) => one.name.text === name && isHolder(evaluator.valueOf(one.expression)))
    .flatMap(asReader);
}

/** The references to a file's own name. */
function referencesTo(symbol: ts.Symbol): ts.Identifier[] {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined) return [];
  return descendants(declaration.getSourceFile(), ts.isIdentifier).filter(
    (one) => one.text === symbol.name && isReference(one) && symbolOf(one) === symbol,
  );
}

/** What the statement around a node gives its value to. */
function madeBy(node: ts.Node): (ts.Symbol | Exported)[] {
  const file = node.getSourceFile();
  for (let at = node; at.parent !== undefined; at = at.parent) {
    if (isFunctionNode(at)) return [];
    if (ts.isVariableDeclaration(at)) return namesOf(at.name);
    if (ts.isClassDeclaration(at) && at.name !== undefined) return symbolsOf(at.name);
    if (ts.isExportAssignment(at)) return [{ file, name: at.isExportEquals === true ? '*' : 'default' }];
    if (ts.isExportDeclaration(at)) return [];
    const pair = assignment(at);
    if (pair === undefined || isInside(node, pair.left)) continue;
    const path = exportsPath(pair.left);
    if (path === undefined) return symbolsOf(rootOf(pair.left));
    const members = path.length === 0 ? membersWith(pair.right, node) : undefined;
    return (members ?? [path[0] ?? '*']).map((name) => ({ file, name }));
  }
  return [];
}

/** The members of an exported object that are made with a node; undefined for any other value. */
function membersWith(value: ts.Expression, node: ts.Node): string[] | undefined {
  const object = unwrap(value);
  if (!ts.isObjectLiteralExpression(object)) return undefined;
  return object.properties.flatMap((one) =>
    one.name !== undefined && isInside(node, one) ? [one.name.getText()] : [],
  );
}

function namesOf(name: ts.BindingName): ts.Symbol[] {
  if (ts.isIdentifier(name)) return symbolsOf(name);
  return name.elements.flatMap((one) => (ts.isBindingElement(one) ? namesOf(one.name) : []));
}

function symbolsOf(name: ts.Expression): ts.Symbol[] {
  const symbol = ts.isIdentifier(name) ? symbolOf(name) : undefined;
  return symbol === undefined ? [] : [symbol];
}

function rootOf(node: ts.Expression): ts.Expression {
  let at = node;
  while (ts.isPropertyAccessExpression(at) || ts.isElementAccessExpression(at)) at = at.expression;
  return at;
}

/** The names under which an ES module exports one of its own. */
function exportsNamed(symbol: ts.Symbol): Exported[] {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined) return [];
  const file = declaration.getSourceFile();
  return [...exportsOf(file).named].flatMap(([name, node]) =>
    ts.isIdentifier(node) && symbolOf(node) === symbol ? [{ file, name }] : [],
  );
}

/** Adds the names by which a file has what another exports, and the functions that reach it through the whole module. */
function importsOf(
  { project }: Analysis,
  file: ts.SourceFile,
  { file: from, name }: Exported,
  queue: (ts.Node | ts.Symbol | Exported)[],
  readers: Reader[],
): void {
  const isFrom = (specifier: string | undefined): boolean =>
    specifier !== undefined && ownFile(project, file, specifier) === from;
  const throughWhole = (whole: ts.Identifier): void => {
    if (name === '*' || name === 'default') queue.push(...symbolsOf(whole));
    for (const one of symbolsOf(whole).flatMap(referencesTo)) {
      const node = memberName(one.parent) === name ? ownerOf(one) : undefined;
      if (node !== undefined) readers.push({ node, name: one });
    }
  };
  for (const statement of file.statements) {
    if (ts.isExportDeclaration(statement)) {
      const { moduleSpecifier, exportClause } = statement;
      if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) continue;
      if (!isFrom(moduleSpecifier.text)) continue;
      if (exportClause === undefined) queue.push({ file, name });
      else if (ts.isNamedExports(exportClause))
        for (const one of exportClause.elements)
          if ((one.propertyName ?? one.name).text === name) queue.push({ file, name: one.name.text });
    }
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
    if (!isFrom(statement.moduleSpecifier.text)) continue;
    const { name: main, namedBindings } = statement.importClause ?? {};
    if (main !== undefined) throughWhole(main);
    if (namedBindings !== undefined && ts.isNamespaceImport(namedBindings)) throughWhole(namedBindings.name);
    else if (namedBindings !== undefined)
      for (const one of namedBindings.elements)
        if ((one.propertyName ?? one.name).text === name) queue.push(...symbolsOf(one.name));
  }
  for (const declaration of descendants(file, ts.isVariableDeclaration)) {
    const { initializer } = declaration;
    if (initializer === undefined || !isFrom(requiredSpecifier(unwrap(initializer)))) continue;
    if (ts.isIdentifier(declaration.name)) throughWhole(declaration.name);
    else if (ts.isObjectBindingPattern(declaration.name))
      for (const one of declaration.name.elements) {
        const key = one.propertyName ?? one.name;
        const isIt = ts.isPropertyName(key) && isNamed(key, name);
        if (isIt && ts.isIdentifier(one.name)) queue.push(...symbolsOf(one.name));
      }
  }
}

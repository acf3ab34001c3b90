import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { ownerOf } from '../../project/calls/handlers.js';
import { exportsOf } from '../../project/source/modules.js';
import {
  assignment,
  descendants,
  exportsPath,
  isFunctionNode,
  isInside,
  memberName,
  unwrap,
} from '../../project/source/nodes.js';
import { referencesTo, symbolOf } from '../../project/source/symbols.js';
import type { FunctionNode, Value } from '../../project/types.js';
import type { Evaluator } from '../../project/values/evaluator.js';
import { type Exported, importsOf } from '../writing/importers.js';
import { basesOf } from './callers.js';

/** A function that reads what was made of a model or a connection while a file loaded, and the name it reads. */
export interface Reader {
  readonly node: FunctionNode;
  readonly name: ts.Expression;
  /** What the value is made with. */
  readonly madeOf: ts.Node;
}

/**
 * The functions that read a value which code at module scope makes with any of these nodes: `repo` of
 * `const repo = new Repo(sequelize)`, wherever it is imported.
 */
export function readersOfMade({ project, uses }: Analysis, nodes: readonly ts.Node[]): Reader[] {
  const readers: Reader[] = [];
  const seen = new Set<ts.Symbol | string>();
  const isNew = (key: ts.Symbol | string): boolean => {
    const isKnown = seen.has(key);
    seen.add(key);
    return !isKnown;
  };
  const readBy = (name: ts.Identifier, madeOf: ts.Node): boolean => {
    const node = ownerOf(name);
    if (node !== undefined) readers.push({ node, name, madeOf });
    return node !== undefined;
  };
  const followNode = (node: ts.Node, madeOf: ts.Node): void => {
    const { names, exported } = madeBy(node);
    for (const name of names) followName(name, madeOf);
    for (const one of exported) followExport(one, madeOf);
  };
  const followName = (name: ts.Identifier, madeOf: ts.Node): void => {
    const symbol = symbolOf(name);
    if (symbol === undefined || !isNew(symbol)) return;
    for (const one of referencesTo(name, name.getSourceFile()))
      if (!readBy(one, madeOf)) followNode(one, madeOf);
    for (const one of exportsNamed(name, symbol)) followExport(one, madeOf);
  };
  const followExport = (one: Exported, madeOf: ts.Node): void => {
    if (!isNew(`${one.file.fileName}\n${one.name}`)) return;
    for (const file of uses.keys()) {
      const { names, wholes, passedOn } = importsOf(project, file, one);
      for (const whole of wholes) readBy(whole, madeOf);
      for (const name of names) followName(name, madeOf);
      for (const other of passedOn) followExport(other, madeOf);
    }
  };
  for (const node of nodes) followNode(node, node);
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
    return owner === undefined || name === left ? [] : [{ node: owner, name, madeOf: node }];
  };
  if (ts.isIdentifier(left))
    return symbolOf(left) === undefined ? [] : referencesTo(left, left.getSourceFile()).flatMap(asReader);
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

/** What a value is given to: names of its file, and what the file exports. */
interface Made {
  readonly names: readonly ts.Identifier[];
  readonly exported: readonly Exported[];
}

/** What the statement around a node gives its value to. */
function madeBy(node: ts.Node): Made {
  const file = node.getSourceFile();
  const to = (names: readonly ts.Identifier[], exported: readonly string[] = []): Made => ({
    names,
    exported: exported.map((name) => ({ file, name })),
  });
  for (let at = node; at.parent !== undefined; at = at.parent) {
    if (isFunctionNode(at) || ts.isExportDeclaration(at)) return to([]);
    if (ts.isVariableDeclaration(at)) return to(namesOf(at.name));
    if (ts.isClassDeclaration(at) && at.name !== undefined) return to([at.name]);
    if (ts.isExportAssignment(at)) return to([], [at.isExportEquals === true ? '*' : 'default']);
    const pair = assignment(at);
    if (pair === undefined || isInside(node, pair.left)) continue;
    const path = exportsPath(pair.left);
    if (path === undefined) return to(namesOf(rootOf(pair.left)));
    const members = path.length === 0 ? membersWith(pair.right, node) : undefined;
    return to([], members ?? [path[0] ?? '*']);
  }
  return to([]);
}

/** The members of an exported object that are made with a node; undefined for any other value. */
function membersWith(value: ts.Expression, node: ts.Node): string[] | undefined {
  const object = unwrap(value);
  if (!ts.isObjectLiteralExpression(object)) return undefined;
  return object.properties.flatMap((one) =>
    one.name !== undefined && isInside(node, one) ? [one.name.getText()] : [],
  );
}

function namesOf(name: ts.BindingName | ts.Expression): ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  if (!ts.isObjectBindingPattern(name) && !ts.isArrayBindingPattern(name)) return [];
  return name.elements.flatMap((one) => (ts.isBindingElement(one) ? namesOf(one.name) : []));
}

function rootOf(node: ts.Expression): ts.Expression {
  let at = node;
  while (ts.isPropertyAccessExpression(at) || ts.isElementAccessExpression(at)) at = at.expression;
  return at;
}

/** The names under which an ES module exports one of its own. */
function exportsNamed(name: ts.Identifier, symbol: ts.Symbol): Exported[] {
  const file = name.getSourceFile();
  return [...exportsOf(file).named].flatMap(([exported, node]) =>
    ts.isIdentifier(node) && symbolOf(node) === symbol ? [{ file, name: exported }] : [],
  );
}

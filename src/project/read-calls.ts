import { ts } from 'ts-morph';
import type { Evaluator } from './evaluator.js';
import { isExported } from './exported.js';
import { exportsOf } from './modules.js';
import {
  assignment,
  exportsPath,
  isFunctionNode,
  isReference,
  memberName,
  nodesOf,
  requiredSpecifier,
} from './nodes.js';
import type { FunctionNode, Value } from './types.js';

/** Who calls a function, and where it is handed on as a value so that its callers are not all known. */
export interface Callers {
  readonly calls: readonly ts.CallExpression[];
  readonly escapes: readonly ts.Node[];
}

export type CallGraph = ReadonlyMap<FunctionNode, Callers>;

/** The calls of every function of the application, followed through imports, classes and objects. */
export function readCalls(evaluator: Evaluator): CallGraph {
  const graph = new Map<FunctionNode, { calls: ts.CallExpression[]; escapes: ts.Node[] }>();
  const entry = (node: FunctionNode) => {
    const found = graph.get(node) ?? { calls: [], escapes: [] };
    graph.set(node, found);
    return found;
  };
  const visitRoot = (root: ts.Expression): void => {
    const start = evaluator.valueOf(root);
    if (start === undefined) return;
    const { node, value } = follow(evaluator, root, start);
    const { parent } = node;
    if (value.kind === 'function') {
      if (ts.isCallExpression(parent) && parent.expression === node) entry(value.node).calls.push(parent);
      else if (!isBenign(node) && node !== value.node) entry(value.node).escapes.push(node);
      return;
    }
    if (isMemberAccess(node) || isBenign(node)) return;
    for (const inner of functionsIn(evaluator, value)) entry(inner).escapes.push(node);
  };
  for (const file of evaluator.project.files) {
    for (const node of nodesOf(file))
      if (ts.isIdentifier(node) ? isReference(node) : isRoot(node)) visitRoot(node as ts.Expression);
  }
  return graph;
}

function isRoot(node: ts.Node): boolean {
  return (
    node.kind === ts.SyntaxKind.ThisKeyword ||
    node.kind === ts.SyntaxKind.SuperKeyword ||
    (ts.isPropertyAccessExpression(node) && exportsPath(node)?.length === 0) ||
    requiredSpecifier(node) !== undefined ||
    ts.isNewExpression(node)
  );
}

function follow(
  evaluator: Evaluator,
  root: ts.Expression,
  start: Value,
): { node: ts.Expression; value: Value } {
  let node = root;
  let value = start;
  for (;;) {
    const { parent } = node;
    if (
      ts.isParenthesizedExpression(parent) ||
      ts.isNonNullExpression(parent) ||
      ts.isAwaitExpression(parent)
    ) {
      if (ts.isAwaitExpression(parent) && value.kind === 'function') return { node, value };
      node = parent;
      continue;
    }
    const isObject =
      (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent)) &&
      parent.expression === node;
    const name = isObject ? memberName(parent) : undefined;
    const next = name === undefined || value.kind === 'function' ? undefined : evaluator.member(value, name);
    if (next === undefined || !isObject) return { node, value };
    node = parent;
    value = next;
  }
}

function isMemberAccess(node: ts.Expression): boolean {
  return ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node;
}

/** A place that binds, exports, extends or constructs: the value does not leave what the evaluator follows. */
function isBenign(node: ts.Expression): boolean {
  const { parent } = node;
  if (ts.isVariableDeclaration(parent)) return parent.initializer === node;
  if (isExported(node)) return true;
  if (ts.isNewExpression(parent)) return parent.expression === node;
  if (ts.isExpressionWithTypeArguments(parent) || ts.isExpressionStatement(parent)) return true;
  const pair = assignment(parent);
  if (pair !== undefined) {
    const toThis =
      ts.isPropertyAccessExpression(pair.left) && pair.left.expression.kind === ts.SyntaxKind.ThisKeyword;
    return pair.left === node || toThis;
  }
  return ts.isPropertyDeclaration(parent);
}

/** The functions that whoever holds this value can call. */
function functionsIn(evaluator: Evaluator, value: Value): FunctionNode[] {
  if (value.kind === 'class' || value.kind === 'instance')
    return value.node.members.filter(ts.isMethodDeclaration);
  if (value.kind === 'object') {
    return value.node.properties.flatMap((member) => {
      if (ts.isMethodDeclaration(member)) return [member];
      const name = member.name && ts.isIdentifier(member.name) ? member.name.text : undefined;
      const inner = name === undefined ? undefined : evaluator.member(value, name);
      return inner?.kind === 'function' ? [inner.node] : [];
    });
  }
  if (value.kind !== 'module') return [];
  const { whole, named } = exportsOf(value.file);
  const inner = [...named.keys()].map((name) => evaluator.member(value, name));
  const main = whole !== undefined && !ts.isStatement(whole) ? evaluator.valueOf(whole) : undefined;
  return [...inner, main].flatMap((one) => {
    if (one === undefined || one.kind === 'module') return [];
    return one.kind === 'function' && isFunctionNode(one.node) ? [one.node] : functionsIn(evaluator, one);
  });
}

import { ts } from 'ts-morph';
import { isExported } from '../source/exported.js';
import { exportsOf } from '../source/modules.js';
import {
  exportsPath,
  isAssignment,
  isBind,
  isFunctionNode,
  isReference,
  memberName,
  nodesOf,
  requiredSpecifier,
  unwrap,
} from '../source/nodes.js';
import type { FunctionNode, Value } from '../types.js';
import { isSame } from '../values/constructions.js';
import type { Evaluator } from '../values/evaluator.js';
import { returnedExpression } from '../values/returned.js';

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
  const markEscape = (value: Value, at: ts.Node): void => {
    for (const inner of functionsIn(evaluator, value)) entry(inner).escapes.push(at);
  };
  const visit = (start: ts.Expression): void => {
    const startValue = evaluator.valueOf(start);
    if (startValue === undefined) return;
    const { node, value } = follow(evaluator, start, startValue);
    const { parent } = node;
    const bound = value.kind === 'function' ? boundTo(node) : undefined;
    if (bound !== undefined && isBenign(evaluator, bound, value)) return;
    if (value.kind === 'function' && ts.isCallExpression(parent) && parent.expression === node) {
      entry(value.node).calls.push(parent);
      visit(parent); // what a factory made is followed like what has a name
    } else if (node !== start || !isDefinition(start, value)) {
      if (!isMemberAccess(node, value) && !isBenign(evaluator, node, value)) markEscape(value, node);
    }
  };
  for (const file of evaluator.project.files) {
    for (const node of nodesOf(file))
      if (ts.isIdentifier(node) ? isReference(node) : isRoot(node)) visit(node as ts.Expression);
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
    if (!isObject || name === undefined || value.kind === 'function') return { node, value };
    const isThis = node.kind === ts.SyntaxKind.ThisKeyword;
    const next = isThis ? evaluator.valueOf(parent) : evaluator.member(value, name);
    if (next === undefined) return { node, value };
    node = parent;
    value = next;
  }
}

/** True for a function, a class or an object where it is written, which is no use of it. */
function isDefinition(node: ts.Expression, value: Value): boolean {
  return 'node' in value && value.node === node;
}

/** `service.unknown`: nothing of what is followed leaves by it. Of a function, `call`, `apply` and `bind` do. */
function isMemberAccess(node: ts.Expression, value: Value): boolean {
  return (
    value.kind !== 'function' && ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node
  );
}

/** `f.bind(x)` around f: f with its `this`, as long as no argument is bound. */
function boundTo({ parent }: ts.Node): ts.CallExpression | undefined {
  return isBind(parent.parent) && parent.parent.expression === parent ? parent.parent : undefined;
}

/** True for the `x` in brackets of `method.bind(x)` where it hands on no more than the method, whose `this` is known. */
function isFollowedThis(evaluator: Evaluator, node: ts.Expression, value: Value): boolean {
  const { parent } = node;
  if (!isBind(parent) || parent.arguments[0] !== node) return false;
  const method = parent.expression.expression;
  if (ts.isPropertyAccessExpression(method) && method.expression.getText() === node.getText()) return true;
  if (ts.isFunctionExpression(unwrap(method))) return true; // see thisMember()
  const called = evaluator.valueOf(method);
  const known = called?.kind === 'function' ? evaluator.boundThis(called.node) : undefined;
  return known !== undefined && isSame(known, value);
}

/** A place that binds, exports, extends or constructs: the value does not leave what the evaluator follows. */
function isBenign(evaluator: Evaluator, node: ts.Expression, value: Value): boolean {
  const { parent } = node;
  if (ts.isVariableDeclaration(parent)) return parent.initializer === node;
  if (ts.isParameter(parent)) {
    const known = evaluator.valueOfDeclaration(parent);
    return known !== undefined && isSame(known, value);
  }
  if (
    isExported(node) ||
    isFollowedThis(evaluator, node, value) ||
    isFollowedMember(node) ||
    isFollowedResult(node)
  )
    return true;
  // What `new` makes of a function is not followed.
  if (ts.isNewExpression(parent) && parent.expression === node) return value.kind !== 'function';
  if (ts.isNewExpression(parent) || ts.isCallExpression(parent)) {
    const kept = parameterFor(evaluator, parent, node);
    const known = kept && evaluator.valueOfDeclaration(kept);
    return known !== undefined && isSame(known, value);
  }
  if (ts.isExpressionWithTypeArguments(parent) || ts.isExpressionStatement(parent)) return true;
  if (isAssignment(parent)) {
    const { left } = parent;
    const toThis = ts.isPropertyAccessExpression(left) && left.expression.kind === ts.SyntaxKind.ThisKeyword;
    const known = left === node || toThis ? undefined : evaluator.valueOf(left);
    return left === node || toThis || (known !== undefined && isSame(known, value));
  }
  return ts.isPropertyDeclaration(parent);
}

/** A member of an object that a constant, or what a function returns, stands for. */
function isFollowedMember(node: ts.Expression): boolean {
  const { parent } = node;
  if (!ts.isPropertyAssignment(parent) && !ts.isShorthandPropertyAssignment(parent)) return false;
  const object = parent.parent;
  return (
    (ts.isVariableDeclaration(object.parent) && ts.isIdentifier(object.parent.name)) ||
    isFollowedResult(object) ||
    isFollowedMember(object)
  );
}

/** The expression that is all a function returns: its calls stand for it. */
function isFollowedResult(node: ts.Expression): boolean {
  let at: ts.Node = node.parent;
  while (ts.isParenthesizedExpression(at) || ts.isReturnStatement(at) || ts.isBlock(at)) at = at.parent;
  return isFunctionNode(at) && returnedExpression(at) === node;
}

/** The parameter of the application's own function or constructor that takes an argument. */
function parameterFor(
  evaluator: Evaluator,
  call: ts.NewExpression | ts.CallExpression,
  argument: ts.Expression,
): ts.ParameterDeclaration | undefined {
  const called = evaluator.valueOf(call.expression);
  const index = call.arguments?.indexOf(argument) ?? -1;
  if (called?.kind === 'function') return called.node.parameters[index];
  if (called?.kind !== 'class') return undefined;
  return called.node.members.find(ts.isConstructorDeclaration)?.parameters[index];
}

/** The functions that whoever holds this value can call. */
function functionsIn(evaluator: Evaluator, value: Value, depth = 4): FunctionNode[] {
  const inner = (member: Value | undefined): FunctionNode[] =>
    member === undefined || depth === 0 ? [] : functionsIn(evaluator, member, depth - 1);
  const named = (names: readonly string[]): FunctionNode[] =>
    names.flatMap((name) => inner(evaluator.member(value, name)));
  if (value.kind === 'function') {
    const result = returnedExpression(value.node);
    return [value.node, ...inner(result && evaluator.valueOf(result))];
  }
  if (value.kind === 'class' || value.kind === 'instance')
    return named(value.node.members.flatMap(({ name }) => (name === undefined ? [] : [name.getText()])));
  if (value.kind === 'object')
    return value.node.properties.flatMap((member) =>
      ts.isSpreadAssignment(member)
        ? inner(evaluator.valueOf(member.expression))
        : named(member.name === undefined ? [] : [member.name.getText()]),
    );
  if (value.kind !== 'module') return [];
  const { whole, named: exported, passedOn } = exportsOf(value.file);
  const main = whole !== undefined && !ts.isStatement(whole) ? evaluator.valueOf(whole) : undefined;
  return [
    ...named([...exported.keys(), ...passedOn.keys()]),
    ...(main?.kind === 'module' ? [] : inner(main)),
  ];
}

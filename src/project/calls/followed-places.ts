import { ts } from 'ts-morph';
import { exportsOf } from '../source/modules.js';
import {
  exportsPath,
  isAssignment,
  isBind,
  isFunctionNode,
  unwrap,
  withoutFallback,
} from '../source/nodes.js';
import type { Value } from '../types.js';
import { isSame } from '../values/constructions.js';
import type { Evaluator } from '../values/evaluator.js';
import { returnedExpression } from '../values/returned.js';
import { isHarmless } from './harmless-places.js';

/**
 * True for a place from which the evaluator follows a value on, or where nothing can come of it: where it is bound,
 * exported, extended, constructed, or only looked at. False for every other, whatever it is.
 */
export function isFollowedPlace(evaluator: Evaluator, node: ts.Expression, value: Value): boolean {
  const { parent } = node;
  const isHere = (place: ts.Expression): boolean => {
    const known = evaluator.valueOf(place);
    return known !== undefined && isSame(known, value);
  };
  if (isHarmless(evaluator, node) || isExportOf(node) || isFollowedThis(evaluator, node, value)) return true;
  if (ts.isVariableDeclaration(parent))
    return ts.isIdentifier(parent.name) ? isHere(parent.name) : isTakenByName(parent.name);
  if (ts.isParameter(parent)) return ts.isIdentifier(parent.name) && isHere(parent.name);
  if (ts.isExpressionWithTypeArguments(parent) || ts.isExpressionStatement(parent)) return true;
  if (isAssignment(parent)) {
    if (parent.left === node) return true;
    return isHere(parent.left) && (isStatementOf(parent) || isFollowedPlace(evaluator, parent, value));
  }
  if (ts.isPropertyDeclaration(parent)) return !ts.isComputedPropertyName(parent.name);
  if (isMember(parent)) {
    // What a literal is bound to stands for what it holds.
    const object = parent.parent as ts.ObjectLiteralExpression;
    return isFollowedPlace(evaluator, object, { kind: 'object', node: object });
  }
  if (isFollowedResult(node)) return true;
  // What `new` makes of a function is not followed.
  if (ts.isNewExpression(parent) && parent.expression === node) return value.kind !== 'function';
  if (!ts.isNewExpression(parent) && !ts.isCallExpression(parent)) return false;
  const taken = parameterFor(evaluator, parent, node);
  return taken !== undefined && ts.isIdentifier(taken.name) && isHere(taken.name);
}

/** `x || {}` around x, whose value is that of x. */
export function fallbackAround({ parent }: ts.Expression): ts.BinaryExpression | undefined {
  return ts.isBinaryExpression(parent) && withoutFallback(parent) !== undefined ? parent : undefined;
}

/** True for `{ a, b: { c }, ...rest }`; a name in brackets could be any. */
function isTakenByName(pattern: ts.BindingPattern): boolean {
  return (
    ts.isObjectBindingPattern(pattern) &&
    pattern.elements.every(
      ({ propertyName, name }) =>
        (propertyName === undefined || !ts.isComputedPropertyName(propertyName)) &&
        (ts.isIdentifier(name) || isTakenByName(name)),
    )
  );
}

/** `{ x }`, `{ x: value }` and `{ ...value }` in an object literal, unless the name is computed. */
function isMember(node: ts.Node): boolean {
  if (!ts.isObjectLiteralElementLike(node) || !ts.isObjectLiteralExpression(node.parent)) return false;
  return node.name === undefined || !ts.isComputedPropertyName(node.name);
}

function isStatementOf({ parent }: ts.Expression): boolean {
  return ts.isExpressionStatement(parent) || (ts.isParenthesizedExpression(parent) && isStatementOf(parent));
}

/** True for what importers of the file are seen to get: `module.exports = x`, `exports.a = x`, `export default x`. */
function isExportOf(node: ts.Expression): boolean {
  const { parent } = node;
  if (ts.isExportAssignment(parent) || ts.isExportSpecifier(parent)) return true;
  if (!isAssignment(parent) || parent.right !== node || exportsPath(parent.left) === undefined) return false;
  const { whole, named } = exportsOf(node.getSourceFile());
  return whole === node || [...named.values()].includes(node);
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
  const isAfterSpread = call.arguments?.slice(0, index).some(ts.isSpreadElement) === true;
  if (isAfterSpread) return undefined;
  if (called?.kind === 'function') return called.node.parameters[index];
  if (called?.kind !== 'class') return undefined;
  return called.node.members.find(ts.isConstructorDeclaration)?.parameters[index];
}

import { ts } from 'ts-morph';
import { descendants, enclosingFunctions, unwrap } from '../source/nodes.js';
import type { FunctionNode } from '../types.js';

/** The `return` statements of a function itself, those of functions inside it left out. */
export function returnsOf(node: FunctionNode): ts.ReturnStatement[] {
  if (node.body === undefined || !ts.isBlock(node.body)) return [];
  return descendants(node.body, ts.isReturnStatement).filter(
    (statement) => enclosingFunctions(statement)[0] === node,
  );
}

/** What a function gives back, where all of its ways end in one expression; undefined for generators. */
export function returnedExpression(node: FunctionNode): ts.Expression | undefined {
  if (ts.isConstructorDeclaration(node) || ts.isAccessor(node) || node.asteriskToken !== undefined)
    return undefined;
  if (node.body !== undefined && !ts.isBlock(node.body)) return unwrap(node.body);
  const [only, ...more] = returnsOf(node);
  return more.length > 0 || only?.expression === undefined ? undefined : unwrap(only.expression);
}

/** Everything a function may give back; empty where one of its ways gives nothing. */
export function returnedExpressions(node: FunctionNode): readonly ts.Expression[] {
  if (node.body !== undefined && !ts.isBlock(node.body)) return [node.body];
  const found = returnsOf(node).map(({ expression }) => expression);
  return found.some((one) => one === undefined) ? [] : found.filter((one) => one !== undefined);
}

/** True for a function that lives on after the one around it: what that one returns, or a member of it. */
export function isHandedOut(inner: FunctionNode, outer: FunctionNode): boolean {
  const result = returnedExpression(outer);
  if (result === undefined) return false;
  const named = ts.isFunctionDeclaration(inner)
    ? inner.name
    : ts.isVariableDeclaration(inner.parent) && ts.isIdentifier(inner.parent.name)
      ? inner.parent.name
      : undefined;
  if (named === undefined) return holds(result, inner);
  return descendants(result, ts.isIdentifier).some(
    (one) => one.text === named.text && (one === result || holds(result, one)),
  );
}

/** True where a node is the expression itself, or a member of the object or class it is written as. */
function holds(whole: ts.Expression, part: ts.Node): boolean {
  let at = part;
  while (at !== whole && at.parent !== undefined) {
    const { parent } = at;
    const isMember =
      ts.isObjectLiteralElement(at) || ts.isClassElement(at) || ts.isObjectLiteralElement(parent)
        ? true
        : ts.isPropertyDeclaration(parent) && parent.initializer === at;
    if (!isMember) return false;
    at = parent;
  }
  return at === whole;
}

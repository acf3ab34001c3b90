import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import {
  assignment,
  descendants,
  enclosingFunctions,
  isStatic,
  thisMember,
  unwrap,
} from '../../project/source/nodes.js';
import { symbolOf } from '../../project/source/symbols.js';
import type { FunctionNode } from '../../project/types.js';
import type { Evaluator } from '../../project/values/evaluator.js';

/** True for a place that is there before the request and after it. */
export function outlives(
  { evaluator }: Analysis,
  ofRequests: ReadonlySet<ts.Node>,
  left: ts.Expression,
): boolean {
  if (enclosingFunctions(left).length === 0) return false;
  if (
    /\bapp\b.*\.|\.locals\b/.test(`${left.getText()}.`) &&
    !/^(_?res|response)\.locals\b/.test(left.getText())
  )
    return true;
  let root: ts.Expression = unwrap(left);
  while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root))
    root = unwrap(root.expression);
  if (root.kind === ts.SyntaxKind.ThisKeyword) {
    if (isRow(evaluator, root)) return false;
    const value = evaluator.valueOf(root);
    return value?.kind !== 'instance' || !ofRequests.has(value.node);
  }
  if (!ts.isIdentifier(root)) return false;
  const declarations = symbolOf(root)?.declarations ?? [];
  // An undeclared name is a global: `global`, `module`, or one made by mistake.
  return declarations.every((one) => enclosingFunctions(one).length === 0 && !ts.isParameter(one));
}

/** True for `this` in what a model's rows can do: each request has rows of its own, and the model itself has not. */
function isRow(evaluator: Evaluator, node: ts.Expression): boolean {
  const method = thisMember(node);
  if (method === undefined) return false;
  const isModel = (one: ts.Expression): boolean =>
    /^(model|migrated)$/.test(evaluator.valueOf(one)?.kind ?? '');
  const { parent } = method;
  if (ts.isClassLike(parent)) return !isStatic(method) && evaluator.valueOf(node)?.kind === 'model';
  // `Patient.prototype.rename = function () { … }`
  const holder = assignment(parent)?.left;
  if (holder !== undefined && ts.isPropertyAccessExpression(holder))
    return isPrototype(holder.expression, isModel);
  // `Object.assign(Patient.prototype, { rename() { … } })`
  const object = ts.isPropertyAssignment(parent) ? parent.parent : parent;
  if (!ts.isObjectLiteralExpression(object) || !ts.isCallExpression(object.parent)) return false;
  const [target] = object.parent.arguments;
  return target !== undefined && target !== object && isPrototype(target, isModel);
}

function isPrototype(node: ts.Expression, isModel: (one: ts.Expression) => boolean): boolean {
  return ts.isPropertyAccessExpression(node) && node.name.text === 'prototype' && isModel(node.expression);
}

/**
 * Classes of which every instance is made inside a function, and one at least: none outlives its request by itself. What
 * a constructor makes lives as long as what it constructs.
 */
export function classesOfRequests({ evaluator, uses }: Analysis): ReadonlySet<ts.Node> {
  const made = [...uses.keys()].flatMap((file) =>
    descendants(file, ts.isNewExpression).flatMap((node) => {
      const value = evaluator.valueOf(node);
      return value?.kind === 'instance' ? [{ of: value.node, by: enclosingFunctions(node)[0] }] : [];
    }),
  );
  const known = new Set<ts.Node>(made.map((one) => one.of));
  const isLasting = (by: FunctionNode | undefined): boolean =>
    by === undefined || (ts.isConstructorDeclaration(by) && (!known.has(by.parent) || shared.has(by.parent)));
  const shared = new Set<ts.Node>();
  for (let size = -1; size !== shared.size; ) {
    size = shared.size;
    for (const { of, by } of made) if (isLasting(by)) shared.add(of);
  }
  return new Set([...known].filter((one) => !shared.has(one)));
}

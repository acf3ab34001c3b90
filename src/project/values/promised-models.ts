import { ts } from 'ts-morph';
import { isFunctionNode, memberName, unwrap } from '../source/nodes.js';
import type { Value } from '../types.js';

type Look = (expression: ts.Expression) => Value | undefined;

/** True for the `Patient` of `ModelFactory.getModel(…).then((Patient) => …)`. */
export function isPromisedModel(look: Look, parameter: ts.ParameterDeclaration): boolean {
  const promise = promiseBefore(parameter);
  return promise !== undefined && ts.isCallExpression(promise) && isGetModel(look, promise);
}

/** True for the names in `[Patient, Room]`, be it awaited or given to `then`, of `Promise.all([getModel(…), …])`. */
export function isOneOfPromised(look: Look, element: ts.BindingElement): boolean {
  const pattern = element.parent;
  const holder = pattern.parent;
  if (!ts.isArrayBindingPattern(pattern)) return false;
  const promise = ts.isParameter(holder)
    ? promiseBefore(holder)
    : ts.isVariableDeclaration(holder) && holder.initializer !== undefined
      ? unwrap(holder.initializer)
      : undefined;
  if (promise === undefined || !ts.isCallExpression(promise)) return false;
  const [list] = promise.arguments;
  if (promise.expression.getText() !== 'Promise.all' || list === undefined) return false;
  const given = ts.isArrayLiteralExpression(list)
    ? list.elements[pattern.elements.indexOf(element)]
    : undefined;
  return given !== undefined && ts.isCallExpression(given) && isGetModel(look, given);
}

function isGetModel(look: Look, call: ts.CallExpression): boolean {
  return look(call.expression)?.kind === 'getModel';
}

/** `x` where the parameter is the first one of f in `x.then(f)`. */
function promiseBefore(parameter: ts.ParameterDeclaration): ts.Expression | undefined {
  const owner = parameter.parent;
  if (!isFunctionNode(owner) || owner.parameters[0] !== parameter) return undefined;
  const call = owner.parent;
  const isThen =
    ts.isCallExpression(call) && call.arguments[0] === owner && memberName(call.expression) === 'then';
  return isThen && ts.isPropertyAccessExpression(call.expression) ? call.expression.expression : undefined;
}

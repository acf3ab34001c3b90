import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { isHandler, isRouteCall } from '../../project/calls/handlers.js';
import { descendants, enclosingFunctions } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import type { Evaluator } from '../../project/values/evaluator.js';
import { isUnguarded, tryAround, type Wanted } from './obtain-models.js';

/**
 * True where Express 4 calls the function, nothing waits for the promise it returns, and something in it can fail
 * outside any `try`: one of its getModel calls or, where it was not async before, a `throw` of its own.
 */
export function isUnanswered(
  { calls, evaluator, project }: Analysis,
  owner: FunctionNode,
  wanted: readonly Wanted[],
  isNew: boolean,
): boolean {
  if (!isExpress4(project.manifest) || !isHandler(owner) || isValidator(owner)) return false;
  if (!isUnguarded(owner, wanted) && !(isNew && throws(owner))) return false;
  const handedOn = calls.get(owner)?.escapes ?? [];
  const isHeld = (node: ts.Node): boolean => isWrapped(evaluator, node);
  return !isHeld(owner) && !(handedOn.length > 0 && handedOn.every(isHeld));
}

/** True unless package.json says Express 5 or later, or has the package that mends Express 4. */
function isExpress4(manifest: string | undefined): boolean {
  return !/"express"\s*:\s*"[^"\d]*(?:[5-9]|\d\d)|"express-async-errors"/.test(manifest ?? '');
}

/** express-validator waits for its `(value, { req }) => …`. */
function isValidator({ parameters }: FunctionNode): boolean {
  return parameters.some(({ name }, index) => index > 0 && ts.isObjectBindingPattern(name));
}

function throws(owner: FunctionNode): boolean {
  return descendants(owner, ts.isThrowStatement).some(
    (statement) => enclosingFunctions(statement)[0] === owner && tryAround(statement, owner) === undefined,
  );
}

/** True for `wrap(async …)`, and for a handler's name in it: a wrapper whose source we have must catch. */
export function isWrapped(evaluator: Evaluator, node: ts.Node): boolean {
  const call = node.parent;
  if (!ts.isCallExpression(call) || call.expression === node || isRouteCall(call)) return false;
  return catches(evaluator, call.expression) !== false;
}

/** Whether a wrapper catches what its handler rejects with; undefined where its source is not ours. */
export function catches(evaluator: Evaluator, wrapper: ts.Expression): boolean | undefined {
  const value = evaluator.valueOf(wrapper);
  return value?.kind === 'function' ? /\bcatch\b/.test(value.node.getText()) : undefined;
}

import { ts } from 'ts-morph';
import { enclosingFunctions, isAsync } from '../../project/source/nodes.js';
import { referencesTo } from '../../project/source/symbols.js';
import type { Draft } from '../planning/draft.js';

/** Puts the `await` before promises of models that are taken for the models: `const Patient = getModel(…)`. */
export function awaitModels(draft: Draft, calls: readonly ts.CallExpression[]): void {
  const promises = new Set(calls.map(promiseOf));
  for (const promise of promises) {
    const { parent } = promise;
    const isUsed = isMemberUsed(promise);
    const isNamed =
      ts.isVariableDeclaration(parent) && parent.initializer === promise && isTakenForModel(parent.name);
    if (!isUsed && !isNamed) continue;
    const [around] = enclosingFunctions(promise);
    if (around === undefined || !isAsync(around)) {
      draft.problem(
        'CODE_RESULT_NOT_AWAITED',
        promise,
        'getModel gives a promise, which this function cannot await',
      );
      continue;
    }
    draft.insert(promise.getStart(draft.file), isUsed ? '(await ' : 'await ');
    if (isUsed) draft.insert(promise.end, ')');
  }
}

/** The call itself, or the `Promise.all([…])` that it is one of. */
function promiseOf(call: ts.CallExpression): ts.CallExpression {
  const all = ts.isArrayLiteralExpression(call.parent) ? call.parent.parent : undefined;
  return all !== undefined && ts.isCallExpression(all) && all.expression.getText() === 'Promise.all'
    ? all
    : call;
}

/** True for a list of names, which a promise is not, and for a name that is used as a model is. */
function isTakenForModel(name: ts.BindingName): boolean {
  if (!ts.isIdentifier(name)) return true;
  return referencesTo(name, name.getSourceFile()).some(isMemberUsed);
}

/** True for `x.findAll`, where x would have to be the model; what a promise has is `then` and its like. */
function isMemberUsed(node: ts.Expression): boolean {
  const { parent } = node;
  const isMember = ts.isPropertyAccessExpression(parent) && parent.expression === node;
  return isMember && !/^(then|catch|finally)$/.test(parent.name.text);
}

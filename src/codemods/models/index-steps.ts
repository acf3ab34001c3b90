import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { exportsOf } from '../../project/source/modules.js';
import { assignment, descendants, isStatic, memberName } from '../../project/source/nodes.js';
import { type Drafts, findingAt } from '../planning/draft.js';
import { hasSteps, isModelsIndex } from './models-index.js';

/**
 * Reports what an index does with its models besides defining and associating them: `db[name].loadScopes(db)`,
 * `initHooks(db)`. Nobody would do it for a clinic's connection, so its models stay.
 */
export function reportSteps(drafts: Drafts): void {
  const { analysis } = drafts;
  const own = stepsOfModels(analysis);
  for (const file of analysis.uses.keys()) {
    if (drafts.left.isWaiting(file) || !isModelsIndex(drafts, file) || !hasSteps(file)) continue;
    const { whole } = exportsOf(file);
    const models = whole !== undefined && ts.isIdentifier(whole) ? whole.text : undefined;
    for (const call of descendants(file, ts.isCallExpression)) {
      const isOfModel = own.has(memberName(call.expression) ?? '');
      const isFunction = ts.isIdentifier(call.expression) || ts.isCallExpression(call.expression);
      if (!isOfModel && !(isFunction && isGiven(call, models))) continue;
      const name = memberName(call.expression) ?? call.expression.getText(file).split('\n')[0];
      const message = `the index calls ${name} with its models, which would be done for no clinic`;
      // Of the file, whatever function the call stands in: the index stays whole.
      drafts.of(file).problems.push(findingAt('CODE_INDEX_STEP', 'error', call, message));
    }
  }
}

/** Names of functions that the application gives its models, `Patient.loadScopes = …`, but for `associate` and `init`. */
function stepsOfModels({ registry }: Analysis): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of registry.inFile.keys()) {
    for (const one of descendants(file, ts.isBinaryExpression)) {
      const pair = assignment(one);
      const isFunction =
        pair !== undefined && (ts.isArrowFunction(pair.right) || ts.isFunctionExpression(pair.right));
      const name = isFunction ? memberName(pair.left) : undefined;
      if (name !== undefined) found.add(name);
    }
    for (const one of descendants(file, ts.isMethodDeclaration))
      if (ts.isClassLike(one.parent) && isStatic(one)) found.add(one.name.getText(file));
  }
  for (const name of ['associate', 'init', 'initModel', 'initialize', 'initialise']) found.delete(name);
  return found;
}

/** True for a call that is given the object in which the index gathers its models. */
function isGiven({ arguments: given }: ts.CallExpression, models: string | undefined): boolean {
  return models !== undefined && given.some((one) => ts.isIdentifier(one) && one.text === models);
}

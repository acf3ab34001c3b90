import { ts } from 'ts-morph';
import { memberName, unwrap } from '../source/nodes.js';
import type { Evaluator } from '../values/evaluator.js';

/** Methods of a model that give rows, or make one. */
export const FINDERS =
  /^(find(All|One|ByPk|OrCreate|OrBuild|AndCountAll|CreateFind)|create|build|bulkCreate|bulkBuild|upsert)$/;

/** `Patient` in `const row = await Patient.findByPk(1)`, asked of `row`. */
export function makerOf(evaluator: Evaluator, receiver: ts.Expression): ts.Expression | undefined {
  const row = unwrap(receiver);
  const declaration = ts.isIdentifier(row) ? evaluator.declarationOf(row) : undefined;
  if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return undefined;
  const made = declaration.initializer && unwrap(declaration.initializer);
  if (
    made === undefined ||
    !ts.isCallExpression(made) ||
    !(ts.isPropertyAccessExpression(made.expression) || ts.isElementAccessExpression(made.expression))
  )
    return undefined;
  return FINDERS.test(memberName(made.expression) ?? '') ? made.expression.expression : undefined;
}

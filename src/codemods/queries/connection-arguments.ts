import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { requestOf } from '../../project/calls/handlers.js';
import { enclosingFunctions, unwrap } from '../../project/source/nodes.js';
import { symbolOf } from '../../project/source/symbols.js';
import { CLINIC_DB } from '../services/clinic-db.js';

/** What is given where a connection is wanted; `handed` is one that a caller or an object brings. */
export type Given = 'clinic' | 'central' | 'global' | 'handed' | 'request' | 'undeclared' | 'unknown';

/** Says whose connection an expression is, as far as its own function tells. */
export function connectionGiven(analysis: Analysis, expression: ts.Expression): Given {
  const { evaluator } = analysis;
  const node = unwrap(expression);
  const kind = evaluator.valueOf(node)?.kind;
  if (kind === 'connection') return 'global';
  if (ts.isCallExpression(node)) {
    if (node.expression.getText() === 'getCentralConnection') return 'central';
    return evaluator.valueOf(node.expression)?.kind === 'migrated' ? 'handed' : 'unknown';
  }
  if (ts.isPropertyAccessExpression(node)) {
    if (node.name.text === CLINIC_DB) return 'clinic';
    return isOfRequest(node) ? 'unknown' : 'handed';
  }
  if (!ts.isIdentifier(node)) return 'unknown';
  if (isRequest(node)) return 'request';
  const [declaration] = symbolOf(node)?.declarations ?? [];
  if (declaration === undefined) return 'undeclared';
  if (node.text === CLINIC_DB) return 'clinic';
  const isConstant = ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined;
  return isConstant && declaration.initializer
    ? connectionGiven(analysis, declaration.initializer)
    : 'handed';
}

/** True for the request by the name it has in a function around. */
function isRequest(node: ts.Identifier): boolean {
  return enclosingFunctions(node).some((one) => {
    const request = requestOf(one);
    return request?.kind === 'name' && request.name === node.text;
  });
}

function isOfRequest(node: ts.PropertyAccessExpression): boolean {
  let at: ts.Expression = node;
  while (ts.isPropertyAccessExpression(at) || ts.isElementAccessExpression(at)) at = at.expression;
  return ts.isIdentifier(at) && isRequest(at);
}

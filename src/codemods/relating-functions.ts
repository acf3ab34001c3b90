import { ts } from 'ts-morph';
import type { Analysis } from '../project/analysis.js';
import { descendants, enclosingFunctions, isFunctionNode } from '../project/nodes.js';
import { requestOf } from '../project/owners.js';
import { isAssociation } from './model-shape.js';

/**
 * The bodies of a file's functions that do nothing but associate models, for whoever starts the application and gives
 * them nothing: `const init = () => { User.hasOne(Passport); … }`.
 */
export function relatingBodies({ calls }: Analysis, file: ts.SourceFile): ts.Block[] {
  return descendants(file, isFunctionNode).flatMap((node) => {
    const { body } = node;
    if (body === undefined || !ts.isBlock(body) || node.parameters.length > 0) return [];
    if (body.statements.length === 0 || !body.statements.every(isAssociation)) return [];
    if (enclosingFunctions(node).length > 0) return [];
    const callers = calls.get(node)?.calls ?? [];
    const isAtStart = callers.every((call) =>
      enclosingFunctions(call).every((one) => requestOf(one) === undefined),
    );
    return callers.length > 0 && isAtStart ? [body] : [];
  });
}

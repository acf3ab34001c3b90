import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { ownerOf } from '../../project/calls/handlers.js';
import { enclosingFunctions, isAsync, memberName } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';

/** Methods of lists that call what they are given before they return. */
const AT_ONCE = /^(forEach|map|flatMap|filter|reduce|some|every|find|sort)$/;

/**
 * The functions that a file cannot be loaded without: those that code at module scope calls, and whatever they call. One
 * that is async may fail, and is reported where it is left, but the file loads all the same.
 */
export function runAtLoad({ calls }: Analysis): ReadonlySet<FunctionNode> {
  const found = new Set<FunctionNode>();
  const isAtLoad = (call: ts.Node): boolean => {
    const owner = ownerOf(call);
    return owner === undefined || found.has(owner) || enclosingFunctions(call).every(isCalledAtOnce);
  };
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const [node, callers] of calls)
      if (!found.has(node) && !isAsync(node) && (isCalledAtOnce(node) || callers.calls.some(isAtLoad)))
        found.add(node);
  }
  return found;
}

/** True for `models.forEach((model) => …)` and `(() => { … })()` outside of any function, or in another of these. */
export function isCalledAtOnce(node: FunctionNode): boolean {
  if (isAsync(node)) return false;
  let at: ts.Node = node;
  while (ts.isParenthesizedExpression(at.parent)) at = at.parent;
  const call = at.parent;
  if (!ts.isCallExpression(call)) return false;
  const isCalled = call.expression === at || AT_ONCE.test(memberName(call.expression) ?? '');
  return isCalled && enclosingFunctions(call).every(isCalledAtOnce);
}

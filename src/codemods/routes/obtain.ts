import { isHandler, requestOf } from '../../project/calls/handlers.js';
import { enclosingFunctions, isAsync } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { reportTaken, requireSeen, rootName } from '../planning/names.js';
import { isBound } from '../writing/import-lines.js';
import { importedGetModel } from '../writing/imports.js';
import { requireAwaited, resultOf } from './awaiting.js';
import { obtainInChains } from './chains.js';
import { makeAsync, obtainModels, type Wanted } from './obtain-models.js';
import { isUnanswered } from './rejections.js';
import { wrapHandler } from './wrap-handlers.js';

/**
 * Lets a function obtain models from a connection: in its chains where their `catch` answers, else at its start. One
 * that gives no promise stays so where all its uses are in async functions inside of it.
 */
export function obtain(
  drafts: Drafts,
  draft: Draft,
  owner: FunctionNode,
  wanted: readonly Wanted[],
  clinicDb: string,
): void {
  const isPromised = resultOf(drafts.analysis, owner) === 'promise';
  const inside = isPromised ? undefined : byAsyncFunction(owner, wanted);
  if (inside !== undefined) {
    for (const [inner, here] of inside) {
      requireSeen(draft, inner.body ?? inner, [rootName(clinicDb)], owner);
      obtain(drafts, draft, inner, here, clinicDb);
    }
    return;
  }
  const imported = importedGetModel(drafts.analysis, draft.file);
  if (imported === undefined) {
    if (isBound(draft.file, 'ModelFactory')) reportTaken(draft, draft.file, 'ModelFactory');
    draft.needs.add('ModelFactory');
  }
  const spelling = { getModel: imported ?? 'ModelFactory.getModel', clinicDb };
  const isQuiet =
    isAsync(owner) || requestOf(owner) !== undefined || resultOf(drafts.analysis, owner) === 'nothing';
  const left = isQuiet ? obtainInChains(draft, drafts.analysis.calls, owner, wanted, spelling) : wanted;
  obtainModels(draft, owner, left, spelling);
  if (left.length > 0) settleAsync(drafts, draft, owner, left);
}

/** What each outermost async function inside another wants; undefined where a use is in none. */
function byAsyncFunction(
  owner: FunctionNode,
  wanted: readonly Wanted[],
): ReadonlyMap<FunctionNode, readonly Wanted[]> | undefined {
  const found = new Map<FunctionNode, Wanted[]>();
  for (const one of wanted) {
    const uses = new Map<FunctionNode, Wanted['uses'][number][]>();
    for (const use of one.uses) {
      const around = enclosingFunctions(use.node);
      const inner = around.slice(0, around.indexOf(owner)).findLast(isAsync);
      if (inner === undefined) return undefined;
      uses.set(inner, [...(uses.get(inner) ?? []), use]);
    }
    for (const [inner, here] of uses) found.set(inner, [...(found.get(inner) ?? []), { ...one, uses: here }]);
  }
  return found;
}

/** Makes a function that awaits its models async, and sees to it that somebody hears of their failure. */
function settleAsync(drafts: Drafts, draft: Draft, owner: FunctionNode, wanted: readonly Wanted[]): void {
  const isNew = !isAsync(owner);
  const isLost = isUnanswered(drafts.analysis, owner, wanted, isNew);
  // A handler that could not reject before is answered for, whether that was asked for or not.
  const isWrapped = isLost && (isNew || drafts.wrapHandlers) && wrapHandler(drafts, owner);
  if (!isNew) return;
  makeAsync(draft, owner);
  if (!isHandler(owner)) requireAwaited(drafts, owner);
  if (isLost && !isWrapped)
    draft.note(
      'CODE_HANDLER_REJECTION',
      'warning',
      owner,
      'this handler is async now, and nobody answers when it rejects',
    );
}

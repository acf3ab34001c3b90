import { ts } from 'ts-morph';
import { ownerOf } from '../../project/calls/handlers.js';
import type { FunctionNode } from '../../project/types.js';
import { nameOf } from '../planning/callers.js';
import type { Drafts } from '../planning/draft.js';
import { connectionGiven } from '../queries/connection-arguments.js';
import { CLINIC_DB, passArgument } from './clinic-db.js';
import { clinicDbAt } from './pass-clinic-db.js';

/**
 * Lets the callers of functions that take `clinicDb` already pass it, where they pass one argument too few, the request
 * itself, or a name that nothing declares. Returns the callers that must be given it to do so.
 */
export function passForgotten(drafts: Drafts): FunctionNode[] {
  const { calls } = drafts.analysis;
  const needing = new Set<FunctionNode>();
  for (const [owner, { calls: callers }] of calls) {
    const [first] = owner.parameters;
    if (first?.name.getText() !== CLINIC_DB || first.initializer !== undefined) continue;
    for (const call of callers) {
      const fault = faultOf(drafts, owner, call);
      if (fault === undefined) continue;
      const caller = ownerOf(call);
      const draft = drafts.of(call.getSourceFile());
      const [given] = call.arguments;
      const isPlain = caller !== undefined && fault !== 'unknown' && !drafts.left.has(caller);
      const expression = isPlain ? clinicDbAt(drafts, call, caller, needing) : undefined;
      if (expression === undefined) {
        draft.note(
          'CODE_CLINIC_DB',
          'error',
          call,
          `${nameOf(owner)} takes clinicDb, and is not seen to get it here`,
        );
        continue;
      }
      if (fault === 'missing' || given === undefined) passArgument(draft, call, expression);
      else draft.replace(given.getStart(draft.file), given.end, expression);
    }
  }
  return [...needing];
}

/** What is wrong with the first argument of a call, which is to be a connection. */
function faultOf(
  { analysis }: Drafts,
  owner: FunctionNode,
  call: ts.CallExpression,
): 'missing' | 'other' | 'unknown' | undefined {
  const [given] = call.arguments;
  if (given === undefined) return 'missing';
  if (ts.isSpreadElement(given)) return undefined;
  const is = connectionGiven(analysis, given);
  if (is === 'clinic' || is === 'central' || is === 'global') return undefined;
  if (is === 'request') return 'other';
  if (is === 'undeclared' && given.getText() === CLINIC_DB) return 'other';
  if (is === 'handed' && /db|conn|sequelize/i.test(given.getText())) return undefined;
  const needed = owner.parameters.filter(
    ({ initializer, questionToken, dotDotDotToken }) => !initializer && !questionToken && !dotDotDotToken,
  );
  if (call.arguments.length < needed.length) return 'missing';
  return is === 'handed' ? undefined : 'unknown';
}

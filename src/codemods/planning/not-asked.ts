import { requestOf } from '../../project/calls/handlers.js';
import type { FileUses, Use } from '../../project/calls/uses.js';
import type { FunctionNode } from '../../project/types.js';
import type { CodemodName } from '../list.js';
import { type Drafts, findingAt } from './draft.js';

/** Leaves a file as it is, with all that depends on it, where it would need a codemod that was not asked for. */
export function leaveNotAsked(
  drafts: Drafts,
  { file, uses }: FileUses,
  claimed: ReadonlySet<Use>,
  chosen: ReadonlySet<CodemodName>,
): void {
  for (const use of uses) {
    const name = codemodOf(use);
    if (claimed.has(use) || chosen.has(name)) continue;
    drafts.of(file).problems.push(notAsked(use.node, name));
    return;
  }
}

/** As leaveNotAsked(), for functions that would have to take clinicDb. */
export function leaveFunctions(
  drafts: Drafts,
  needing: readonly FunctionNode[],
  chosen: ReadonlySet<CodemodName>,
): void {
  if (chosen.has('services')) return;
  for (const owner of needing) drafts.of(owner.getSourceFile()).problems.push(notAsked(owner, 'services'));
}

const notAsked = (node: FunctionNode | Use['node'], name: CodemodName) =>
  findingAt('CODE_NOT_ASKED', 'info', node, `this needs the codemod ${name}, which was not asked for`);

function codemodOf({ model, owner }: Use): CodemodName {
  if (model === undefined) return 'queries';
  return owner !== undefined && requestOf(owner) === undefined ? 'services' : 'routes';
}

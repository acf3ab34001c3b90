import { ownRuntime } from '../../project/application/own-runtime.js';
import { isMigratedModel } from '../../project/models/registry.js';
import { type Drafts, findingAt } from '../planning/draft.js';

/**
 * Leaves the models where a file that scaffold would write is the application's own and works in another way: they
 * would not fit what it calls, and every route would fail. The reason comes before all others.
 */
export function keepForOwnRuntime(drafts: Drafts): void {
  const [found] = ownRuntime(drafts.analysis.project);
  if (found === undefined) return;
  // A node by which those that wait find this finding again.
  const start = found.file.getChildAt(0);
  drafts.notes.unshift(findingAt('CODE_OWN_RUNTIME', 'error', start, found.message));
  for (const file of drafts.analysis.registry.inFile.keys())
    if (!isMigratedModel(file)) drafts.of(file).leaveFile(start, found.message);
}

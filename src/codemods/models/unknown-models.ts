import type { Analysis } from '../../project/analysis.js';
import type { Use } from '../../project/calls/uses.js';
import { unrecognisedModels } from '../../project/models/unrecognised.js';
import { isInside } from '../../project/source/nodes.js';
import { type Drafts, findingAt } from '../planning/draft.js';

/**
 * Reports what makes a model that nobody can name. True where no model of the application is known at all, so that
 * nothing of it can be migrated.
 */
export function noteUnknownModels(drafts: Drafts): boolean {
  const { analysis } = drafts;
  const first = unrecognisedModels(analysis);
  if (first !== undefined) {
    const message = 'no model was recognised, so nothing is migrated';
    drafts.notes.push(findingAt('CODE_NO_MODELS', 'error', first, message));
    return true;
  }
  for (const node of analysis.registry.unnamed)
    drafts
      .of(node.getSourceFile())
      .note('CODE_MODEL_UNNAMED', 'error', node, 'nothing tells which model is defined here');
  return false;
}

/** The uses of the connection in helpers that make models: the models that they make tell of them. */
export function claimHelpers({ registry, uses }: Analysis): Use[] {
  const helpers = [...registry.helpers];
  return [...uses.values()].flatMap((one) =>
    one.uses.filter(
      ({ node, model }) => model === undefined && helpers.some((helper) => isInside(node, helper)),
    ),
  );
}

import { ts } from 'ts-morph';
import type { Use } from '../../project/calls/uses.js';
import { isInside, isNamed } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import { areApart } from '../../project/types.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { connectionAt } from './connection.js';
import type { Unmigrated } from './shape.js';
import type { Going } from './text.js';

/** True for the model in `references: { model: Patient, key: 'id' }`, where a table's name does as well. */
function isReferenced(node: ts.Node): boolean {
  const { parent } = node;
  const outer = parent.parent?.parent;
  return (
    ts.isPropertyAssignment(parent) &&
    isNamed(parent.name, 'model') &&
    ts.isPropertyAssignment(outer) &&
    /^references?$/.test(outer.name.getText())
  );
}

/** Other models used by this one's hooks and methods are reached through its own connection. */
export function rewriteUses(drafts: Drafts, draft: Draft, shape: Unmigrated, own: readonly Going[]): void {
  const isOwn = (use: Use): boolean => own.some(({ node }) => isInside(use.node, node));
  for (const use of drafts.analysis.uses.get(draft.file)?.uses ?? []) {
    if (use.model === shape.model) continue;
    if (use.root !== undefined) draft.replaced.add(use.root);
    if (isOwn(use)) continue;
    if (use.model !== undefined && isReferenced(use.node)) {
      const { quote } = draft.style;
      draft.replace(use.node.getStart(draft.file), use.node.end, quote + use.model.tableName + quote);
      continue;
    }
    const isApart = use.model !== undefined && areApart(shape.model, use.model);
    if (use.model !== undefined && (isApart || use.owner === undefined))
      draft.problem(
        'CODE_MODEL_IN_MODEL',
        use.node,
        `${shape.model.name} uses ${use.model.name}${isApart ? ', which is in another database' : ' while it is being defined'}`,
        shape.model.name,
      );
    const connection = connectionAt(shape, use.node);
    if (connection === undefined) {
      draft.problem(
        'CODE_MODEL_SHAPE',
        use.node,
        `${shape.model.name} uses ${shown(use.node)} outside its methods`,
        shape.model.name,
      );
      continue;
    }
    const text = use.model === undefined ? connection : `${connection}.models.${use.model.name}`;
    if (use.node.getText(draft.file) !== text)
      draft.replace(use.node.getStart(draft.file), use.node.end, text);
  }
}

import { ts } from 'ts-morph';
import { descendants, isAssignment, memberName } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import type { Drafts } from '../planning/draft.js';

/** Points at global connections, which nothing should use any more, and at transactions that spread by themselves. */
export function noteConnections(drafts: Drafts): void {
  for (const file of drafts.analysis.uses.keys()) {
    const draft = drafts.of(file);
    for (const node of descendants(file, ts.isNewExpression)) {
      const value = drafts.analysis.evaluator.valueOf(node);
      if (value?.kind === 'connection')
        draft.note(
          'CODE_CONNECTION_LEFT',
          'info',
          node,
          'this connection to the shared database is still made here',
        );
    }
    for (const { left } of descendants(file, isAssignment)) {
      const holder = ts.isPropertyAccessExpression(left) ? left.expression : undefined;
      if (holder !== undefined && drafts.analysis.evaluator.valueOf(holder)?.kind === 'connection')
        draft.note(
          'CODE_CONNECTION_MEMBER',
          'error',
          left,
          `${shown(left)} is set on the connection to the shared database alone`,
        );
    }
    for (const call of descendants(file, ts.isCallExpression)) {
      if (memberName(call.expression) === 'useCLS')
        draft.note(
          'CODE_CLS',
          'error',
          call,
          'useCLS lets a transaction of one clinic reach the queries of another',
        );
    }
  }
}

import { posix } from 'node:path';
import { locationOf } from '../../project/source/nodes.js';
import { type Drafts, findingAt } from '../planning/draft.js';

/** Points at connections to other databases, which stay as they are with all that is asked of them. */
export function noteOtherDatabases(drafts: Drafts): void {
  for (const [node, certainty] of drafts.analysis.connections.others) {
    const isCertain = certainty === 'another';
    drafts
      .of(node.getSourceFile())
      .note(
        'CODE_OTHER_DATABASE',
        isCertain ? 'info' : 'error',
        node,
        isCertain
          ? 'this connection is to another database; it is left alone, with its queries'
          : 'nothing tells whether this connection is to the application’s database; it is left alone, with its queries',
      );
  }
}

/** Leaves all models where some are of another database, and nothing tells which. One finding says so, before all others. */
export function leaveTwoDatabases(drafts: Drafts): void {
  const { connections, registry, project } = drafts.analysis;
  const [first, second] = connections.withModels;
  if (first === undefined || second === undefined) return;
  const { file, line } = locationOf(first);
  const finding = findingAt(
    'CODE_TWO_DATABASES',
    'error',
    second,
    `models are defined on this connection and on that of ${posix.relative(project.app.root, file)}:${line}, which have different addresses`,
  );
  for (const one of registry.inFile.keys()) drafts.of(one).problems.push(finding);
}

import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { isMigratedModel } from '../../project/models/registry.js';
import { exportsOf, runtimeFile } from '../../project/source/modules.js';
import { descendants } from '../../project/source/nodes.js';
import { type Drafts, findingAt } from '../planning/draft.js';

/** What rewritten code calls of the application's connection manager. */
const OF_MANAGER = ['getCentralConnection', 'initializeCentralConnection'];

/**
 * Leaves the models where a file that scaffold would write is the application's own and works in another way: they
 * would not fit what it calls, and every route would fail. The reason comes before all others.
 */
export function keepForOwnRuntime(drafts: Drafts): void {
  const [found] = ownRuntime(drafts.analysis);
  if (found === undefined) return;
  // A node by which those that wait find this finding again.
  const start = found.file.getChildAt(0);
  drafts.notes.unshift(findingAt('CODE_OWN_RUNTIME', 'error', start, found.message));
  for (const file of drafts.analysis.registry.inFile.keys())
    if (!isMigratedModel(file)) drafts.of(file).leaveFile(start, found.message);
}

function ownRuntime({ project }: Analysis): { readonly file: ts.SourceFile; readonly message: string }[] {
  return project.files.flatMap((file) => {
    const kind = runtimeFile(project.app, file.fileName);
    if (kind === 'modelFactory' && !callsDefine(file))
      return [
        { file, message: 'this ModelFactory is the application’s own and does not call define of a model' },
      ];
    const missing = kind === 'connectionManager' ? OF_MANAGER.filter((name) => !isGiven(file, name)) : [];
    if (missing.length > 0)
      return [
        {
          file,
          message: `this connection manager is the application’s own and has no ${missing.join(' and no ')}`,
        },
      ];
    return [];
  });
}

/** True where a factory calls `define` of what a model's file exports, by whatever way; `x.define('Patient', …)` is the connection's. */
function callsDefine(file: ts.SourceFile): boolean {
  return descendants(file, ts.isIdentifier).some((name) => {
    if (name.text !== 'define') return false;
    const callee = ts.isPropertyAccessExpression(name.parent) ? name.parent : name;
    const call = callee.parent;
    const [first] = ts.isCallExpression(call) && call.expression === callee ? call.arguments : [];
    return first === undefined || !ts.isStringLiteralLike(first);
  });
}

/** True for a name that a file exports, or passes on from one that is not read here. */
function isGiven(file: ts.SourceFile, name: string): boolean {
  const { whole, named, passedOn, stars } = exportsOf(file);
  if (named.has(name) || passedOn.has(name) || stars.length > 0) return true;
  return whole !== undefined && descendants(whole, ts.isIdentifier).some(({ text }) => text === name);
}

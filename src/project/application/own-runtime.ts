import { ts } from 'ts-morph';
import { exportsOf, runtimeFile } from '../source/modules.js';
import { descendants } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';

/** What rewritten code calls of the application's connection manager. */
const OF_MANAGER = ['getCentralConnection', 'initializeCentralConnection'];

/** A file that stands where scaffold would write one, and is none of its kind. */
export interface OwnRuntime {
  readonly file: ts.SourceFile;
  readonly message: string;
}

/** The application's own files that stand in the way of runtime files. */
export function ownRuntime(project: AppProject): OwnRuntime[] {
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

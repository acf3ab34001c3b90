import { ts } from 'ts-morph';
import { isLoader } from '../models/loader.js';
import { importedBy } from '../source/loaded.js';
import { descendants } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { requiredPattern } from '../source/required-paths.js';

/** A file that is loaded by a path which is not all known, and the call that may load it. */
export interface LoadedFile {
  readonly file: ts.SourceFile;
  readonly by: ts.CallExpression;
}

/**
 * The files that a `require(…)` of a computed path may load: those that fit what is known of the path; where nothing is
 * known, those that no other file is seen to load. Whatever they export may be called by anyone.
 */
export function loadedByUnknownPath(project: AppProject): LoadedFile[] {
  const open: { readonly call: ts.CallExpression; readonly pattern: RegExp }[] = [];
  for (const file of project.files) {
    if (!/\b(require|import)\s*\(/.test(file.text) || isLoader(file)) continue;
    for (const call of descendants(file, ts.isCallExpression)) {
      const pattern = requiredPattern(call);
      if (pattern !== undefined) open.push({ call, pattern });
    }
  }
  if (open.length === 0) return [];
  const imported = new Set(project.files.flatMap((file) => [...importedBy(project, file)]));
  return open.flatMap(({ call, pattern }) => {
    const isBlind = pattern.source.startsWith('^.*(');
    return project.files
      .filter((file) => file !== call.getSourceFile() && pattern.test(file.fileName))
      .filter((file) => !isBlind || !imported.has(file))
      .map((file) => ({ file, by: call }));
  });
}

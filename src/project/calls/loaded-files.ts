import { ts } from 'ts-morph';
import { isLoader } from '../models/loader.js';
import { resolveModule } from '../source/modules.js';
import { descendants } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { requiredModule, requiredPattern } from '../source/required-paths.js';

/** A file that is loaded by a path which is not all known, and the call that may load it. */
export interface LoadedFile {
  readonly file: ts.SourceFile;
  readonly by: ts.CallExpression;
}

/**
 * The files that a `require(…)` of a computed path may load: those that fit what is known of the path; where nothing is
 * known, those that no other file is seen to load. Whatever they export may be called by anyone.
 */
export function loadedFiles(project: AppProject): LoadedFile[] {
  const open: { readonly call: ts.CallExpression; readonly pattern: RegExp }[] = [];
  for (const file of project.files) {
    if (!/\b(require|import)\s*\(/.test(file.text) || isLoader(file)) continue;
    for (const call of descendants(file, ts.isCallExpression)) {
      const pattern = requiredPattern(call);
      if (pattern !== undefined) open.push({ call, pattern });
    }
  }
  if (open.length === 0) return [];
  const imported = importedFiles(project);
  return open.flatMap(({ call, pattern }) => {
    const isBlind = pattern.source.startsWith('^.*(');
    return project.files
      .filter((file) => file !== call.getSourceFile() && pattern.test(file.fileName))
      .filter((file) => !isBlind || !imported.has(file))
      .map((file) => ({ file, by: call }));
  });
}

/** The files that others import by a path that is known. */
function importedFiles(project: AppProject): ReadonlySet<ts.SourceFile> {
  const found = new Set<ts.SourceFile>();
  for (const file of project.files) {
    const add = (specifier: string | undefined): void => {
      const target = specifier === undefined ? undefined : resolveModule(project, file, specifier);
      if (target !== undefined) found.add(target);
    };
    for (const statement of file.statements) {
      const isImport = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
      const specifier = isImport ? statement.moduleSpecifier : undefined;
      if (specifier !== undefined && ts.isStringLiteral(specifier)) add(specifier.text);
    }
    for (const call of descendants(file, ts.isCallExpression)) add(requiredModule(call));
  }
  return found;
}

import { posix } from 'node:path';
import { ts } from 'ts-morph';
import { resolveModule } from './modules.js';
import { descendants } from './nodes.js';
import type { AppProject } from './open-project.js';
import { requiredModule } from './required-paths.js';

/** The application's files that a file imports, requires or passes on. */
export function importedBy(project: AppProject, file: ts.SourceFile): ReadonlySet<ts.SourceFile> {
  const specifiers = [
    ...descendants(file, ts.isCallExpression).flatMap((call) => requiredModule(call) ?? []),
    ...file.statements.flatMap((one) =>
      (ts.isImportDeclaration(one) || ts.isExportDeclaration(one)) &&
      one.moduleSpecifier !== undefined &&
      ts.isStringLiteral(one.moduleSpecifier)
        ? [one.moduleSpecifier.text]
        : [],
    ),
  ];
  return new Set(specifiers.flatMap((one) => resolveModule(project, file, one) ?? []));
}

/**
 * Tells the files that others load, the server among them, from scripts, which are processes of their own. A file that
 * is required by a computed path may be any one below the folder of who requires it.
 */
export function loadedFiles(
  project: AppProject,
  files: readonly ts.SourceFile[],
): (file: ts.SourceFile) => boolean {
  const imported = new Set(files.flatMap((file) => [...importedBy(project, file)]));
  const folders = files.filter(requiresByPath).map(({ fileName }) => `${posix.dirname(fileName)}/`);
  const server = posix.join(project.app.root, project.app.server);
  return (file) =>
    imported.has(file) ||
    file.fileName === server ||
    folders.some((folder) => file.fileName.startsWith(folder));
}

function requiresByPath(file: ts.SourceFile): boolean {
  return descendants(file, ts.isCallExpression).some(
    ({ expression, arguments: [path] }) =>
      path !== undefined &&
      !ts.isStringLiteralLike(path) &&
      (expression.kind === ts.SyntaxKind.ImportKeyword || expression.getText(file) === 'require'),
  );
}

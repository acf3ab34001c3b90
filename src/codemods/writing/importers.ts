import { ts } from 'ts-morph';
import { ownFile } from '../../project/source/modules.js';
import { descendants, isNamed, memberName, requiredSpecifier, unwrap } from '../../project/source/nodes.js';
import type { AppProject } from '../../project/source/open-project.js';
import { referencesTo } from '../../project/source/symbols.js';

/** What a file exports under a name; `*` for all of a CommonJS module. */
export interface Exported {
  readonly file: ts.SourceFile;
  readonly name: string;
}

/** How a file gets at what another exports. */
interface Imported {
  /** The names that it has for it. */
  readonly names: readonly ts.Identifier[];
  /** The whole module, where it takes it out of that. */
  readonly wholes: readonly ts.Identifier[];
  /** The names by which it exports it again. */
  readonly passedOn: readonly Exported[];
}

/** Reads what a file makes of something that another exports, by imports of both kinds. */
export function importsOf(
  project: AppProject,
  file: ts.SourceFile,
  { file: from, name }: Exported,
): Imported {
  const isFrom = (specifier: string | undefined): boolean =>
    specifier !== undefined && ownFile(project, file, specifier) === from;
  const names: ts.Identifier[] = [];
  const wholes: ts.Identifier[] = [];
  const passedOn: Exported[] = [];
  const take = (key: ts.Node, local: ts.Node): void => {
    if (ts.isPropertyName(key) && isNamed(key, name) && ts.isIdentifier(local)) names.push(local);
  };
  const takeWhole = (local: ts.Identifier): void => {
    if (name === '*' || name === 'default') names.push(local);
    wholes.push(...referencesTo(local, file).filter(({ parent }) => memberName(parent) === name));
  };
  for (const statement of file.statements) {
    const isImport = ts.isImportDeclaration(statement);
    if (!isImport && !ts.isExportDeclaration(statement)) continue;
    const { moduleSpecifier } = statement;
    if (
      moduleSpecifier === undefined ||
      !ts.isStringLiteral(moduleSpecifier) ||
      !isFrom(moduleSpecifier.text)
    )
      continue;
    if (isImport) {
      const { name: main, namedBindings } = statement.importClause ?? {};
      if (main !== undefined) takeWhole(main);
      if (namedBindings === undefined) continue;
      if (ts.isNamespaceImport(namedBindings)) takeWhole(namedBindings.name);
      else for (const one of namedBindings.elements) take(one.propertyName ?? one.name, one.name);
    } else if (statement.exportClause === undefined) passedOn.push({ file, name });
    else if (ts.isNamedExports(statement.exportClause))
      for (const one of statement.exportClause.elements)
        if ((one.propertyName ?? one.name).text === name) passedOn.push({ file, name: one.name.text });
  }
  for (const { name: local, initializer } of descendants(file, ts.isVariableDeclaration)) {
    if (initializer === undefined || !isFrom(requiredSpecifier(unwrap(initializer)))) continue;
    if (ts.isIdentifier(local)) takeWhole(local);
    else if (ts.isObjectBindingPattern(local))
      for (const one of local.elements) take(one.propertyName ?? one.name, one.name);
  }
  return { names, wholes, passedOn };
}

import { ts } from 'ts-morph';
import { ownFile } from '../project/modules.js';
import { requiredSpecifier } from '../project/nodes.js';
import type { Draft, Drafts } from './draft.js';
import { shapeOf } from './model-shape.js';
import { isModelsIndex } from './models-index.js';

/** Lets the files that gather models import those as a whole that were exported by their names until now. */
export function migrateNamedImports(drafts: Drafts): void {
  const { analysis } = drafts;
  const named = new Map<ts.SourceFile, string>();
  for (const file of analysis.registry.inFile.keys()) {
    const shape = shapeOf(analysis, file);
    if (shape?.kind === 'inline' && !shape.isWhole) named.set(file, shape.local);
  }
  if (named.size === 0) return;
  for (const file of analysis.uses.keys()) {
    const isIndex = isModelsIndex(drafts, file);
    const draft = drafts.of(file);
    const nameOf = (specifier: string): string | undefined => {
      const target = ownFile(analysis.project, file, specifier);
      const name = target && named.get(target);
      if (name !== undefined && target !== undefined) drafts.link(file, target);
      return name;
    };
    for (const statement of file.statements)
      if (isIndex || ts.isExportDeclaration(statement)) importWhole(draft, statement, nameOf);
  }
}

function importWhole(
  draft: Draft,
  statement: ts.Statement,
  nameOf: (specifier: string) => string | undefined,
): void {
  const { file } = draft;
  if (ts.isVariableStatement(statement)) {
    for (const { name: pattern, initializer } of statement.declarationList.declarations) {
      const specifier = initializer && requiredSpecifier(initializer);
      const name = specifier === undefined ? undefined : nameOf(specifier);
      if (name === undefined || !ts.isObjectBindingPattern(pattern)) continue;
      const [element, ...others] = pattern.elements;
      if (element !== undefined && others.length === 0)
        draft.replace(pattern.getStart(file), pattern.end, element.name.getText(file));
    }
  }
  const from =
    ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)
      ? statement.moduleSpecifier
      : undefined;
  const name = from !== undefined && ts.isStringLiteral(from) ? nameOf(from.text) : undefined;
  if (name === undefined) return;
  if (ts.isImportDeclaration(statement)) {
    const clause = statement.importClause;
    const elements = clause?.namedBindings;
    if (clause === undefined || clause.name !== undefined || elements === undefined) return;
    const [element] = ts.isNamedImports(elements) ? elements.elements : [];
    if (element !== undefined) draft.replace(clause.getStart(file), clause.end, element.name.text);
  } else if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause;
    if (clause === undefined) {
      const star = statement.getChildren(file).find(({ kind }) => kind === ts.SyntaxKind.AsteriskToken);
      if (star !== undefined) draft.replace(star.getStart(file), star.end, `{ default as ${name} }`);
    } else if (ts.isNamedExports(clause))
      for (const element of clause.elements)
        draft.replace(element.getStart(file), element.end, `default as ${element.name.text}`);
  }
}

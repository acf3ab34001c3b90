import { ts } from 'ts-morph';
import { isNamedByDecorator } from '../../project/models/decorators.js';
import { exportsOf, ownFile } from '../../project/source/modules.js';
import type { Model } from '../../project/types.js';
import type { Binding } from '../../project/values/bindings.js';
import type { Draft, Drafts } from '../planning/draft.js';

/**
 * A TypeScript file whose default export was a class now exports that class by its name, and `{ define, associate }` as
 * its default. Whoever needs the class as a type, or hands it on, imports it by its name.
 */
export function migrateTypeImports(drafts: Drafts): void {
  const classes = defaultClasses(drafts);
  if (classes.size === 0) return;
  const { evaluator, uses } = drafts.analysis;
  for (const [file, { bindings }] of uses) {
    const draft = drafts.of(file);
    const isAsked = (one: ts.Identifier): boolean =>
      ts.isExportSpecifier(one.parent) || (!draft.replaced.has(one) && isNamedByDecorator(evaluator, one));
    for (const { declaration, value, kept, references } of bindings) {
      const name = value.kind === 'model' ? classes.get(value.model) : undefined;
      if (name === undefined || !ts.isImportClause(declaration) || declaration.name === undefined) continue;
      const isNeeded = kept || references.some(isAsked);
      draft.byName.set(declaration, { name: name.text, isNeeded });
      if (isNeeded) draft.required.add(name.getSourceFile());
    }
    for (const statement of file.statements) passOnByName(drafts, draft, statement, classes);
  }
}

/** The names of the classes that files export as their default and will export by their name. */
function defaultClasses({ analysis, left }: Drafts): ReadonlyMap<Model, ts.Identifier> {
  const found = new Map<Model, ts.Identifier>();
  for (const [node, model] of analysis.registry.byNode) {
    const file = node.getSourceFile();
    if (left.hasFile(file) || !ts.isClassDeclaration(node) || node.name === undefined || node.parent !== file)
      continue;
    const { whole } = exportsOf(file);
    const isWhole =
      whole === node || (whole !== undefined && ts.isIdentifier(whole) && whole.text === node.name.text);
    if (isWhole && /\.[cm]?ts$/.test(file.fileName)) found.set(model, node.name);
  }
  return found;
}

/** `import Patient from './Patient'` becomes `import type { Patient } from './Patient'`, or no type where it is a value still. */
export function importByNames(
  draft: Draft,
  bindings: readonly Binding[],
  isGone: (reference: ts.Identifier) => boolean,
): void {
  for (const { declaration, references } of bindings) {
    const found = ts.isImportClause(declaration) ? draft.byName.get(declaration) : undefined;
    if (found !== undefined && ts.isImportClause(declaration))
      importByName(draft, declaration, found.name, references.every(isGone));
  }
}

function importByName(draft: Draft, clause: ts.ImportClause, name: string, isType: boolean): void {
  const { file } = draft;
  const local = clause.name?.text ?? name;
  const one = name === local ? name : `${name} as ${local}`;
  const others = clause.namedBindings;
  const type = isType || clause.isTypeOnly ? 'type ' : '';
  if (others === undefined) {
    draft.replace(clause.getStart(file), clause.end, `${type}{ ${one} }`);
    return;
  }
  if (ts.isNamespaceImport(others)) return;
  const list = others.elements.map((element) => element.getText(file));
  draft.replace(clause.getStart(file), clause.end, `{ ${[`${type}${one}`, ...list].join(', ')} }`);
}

/** `export { default as Patient } from './Patient'` becomes `export { Patient } from './Patient'`. */
function passOnByName(
  { analysis }: Drafts,
  draft: Draft,
  statement: ts.Statement,
  classes: ReadonlyMap<Model, ts.Identifier>,
): void {
  if (!ts.isExportDeclaration(statement) || statement.exportClause === undefined) return;
  const specifier = statement.moduleSpecifier;
  if (!ts.isNamedExports(statement.exportClause) || specifier === undefined || !ts.isStringLiteral(specifier))
    return;
  const target = ownFile(analysis.project, draft.file, specifier.text);
  const name = [...classes.values()].find((one) => one.getSourceFile() === target)?.text;
  for (const element of statement.exportClause.elements) {
    if (name === undefined || target === undefined || element.propertyName?.text !== 'default') continue;
    draft.required.add(target);
    draft.replace(
      element.getStart(draft.file),
      element.end,
      name === element.name.text ? name : `${name} as ${element.name.text}`,
    );
  }
}

/** `import { Patient }` becomes `import type { Patient }` where nothing but types needs the classes any more. */
export function importTypesOnly(
  draft: Draft,
  bindings: readonly Binding[],
  isGone: (reference: ts.Identifier) => boolean,
): void {
  if (!draft.style.isTypeScript) return;
  const isType = ({ kept, value, references }: Binding): boolean =>
    kept && value.kind === 'model' && references.length > 0 && references.every(isGone);
  for (const statement of draft.file.statements) {
    const clause = ts.isImportDeclaration(statement) ? statement.importClause : undefined;
    const names = clause?.namedBindings;
    if (clause === undefined || clause.isTypeOnly || clause.name !== undefined) continue;
    if (names === undefined || !ts.isNamedImports(names)) continue;
    const own = bindings.filter(({ declaration }) => declaration.parent === names);
    const left = own.filter(({ kept, references }) => kept || !references.every(isGone));
    if (own.length === names.elements.length && left.length > 0 && left.every(isType))
      draft.insert(clause.getStart(draft.file), 'type ');
  }
}

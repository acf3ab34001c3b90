import { ts } from 'ts-morph';
import { wordPattern } from '../../core/words.js';
import type { Analysis } from '../../project/analysis.js';
import { isLoader } from '../../project/models/loader.js';
import { descendants, isReference } from '../../project/source/nodes.js';
import { symbolOf } from '../../project/source/symbols.js';
import { type Binding, isBindingDeclaration } from '../../project/values/bindings.js';
import { importByNames, importTypesOnly } from '../models/type-imports.js';
import type { Draft } from '../planning/draft.js';
import { topLevelNames } from './import-lines.js';

/** Takes away bindings that nothing refers to any more; returns the statements that are to go whole. */
export function removeUnused(draft: Draft, analysis: Analysis): ts.Statement[] {
  const { uses } = analysis;
  const bindings = uses.get(draft.file)?.bindings ?? [];
  const feeds = uses.get(draft.file)?.feeds ?? new Map();
  const gone = new Set<ts.Symbol>();
  const isGone = (reference: ts.Identifier): boolean => {
    const fed = feeds.get(reference) as readonly ts.Symbol[] | undefined;
    return draft.replaced.has(reference) || fed?.every((symbol) => gone.has(symbol)) === true;
  };
  for (let size = -1; size !== gone.size; ) {
    size = gone.size;
    for (const { symbol, kept, references, value, declaration } of bindings) {
      if (value.kind === 'package') {
        if (!gone.has(symbol)) importPackage(draft, declaration);
        gone.add(symbol);
        continue;
      }
      const isImported = !ts.isVariableDeclaration(declaration) || declaration.initializer !== undefined;
      const wasUsed = references.length > 0 || value.kind === 'model';
      if (!kept && isImported && wasUsed && references.every(isGone)) gone.add(symbol);
    }
  }
  importTypesOnly(draft, bindings, isGone);
  importByNames(
    draft,
    bindings.filter(({ symbol }) => !gone.has(symbol)),
    isGone,
  );
  reportLoaders(draft, bindings, gone);
  const going = bindings.filter(({ symbol }) => gone.has(symbol));
  return deleteBindings(draft, [...going, ...otherUnused(draft, analysis, going)]);
}

/** An index that reads its folder no longer loads; whoever still needs it is told. */
function reportLoaders(draft: Draft, bindings: readonly Binding[], gone: ReadonlySet<ts.Symbol>): void {
  for (const { symbol, value, declaration } of bindings) {
    if (value.kind === 'module' && isLoader(value.file) && !gone.has(symbol))
      draft.note(
        'CODE_INDEX_LOADER',
        'error',
        declaration,
        'this still imports the models’ index, which reads its folder',
      );
  }
}

/** `const { Sequelize: S } = db` becomes an import of the package. */
function importPackage(draft: Draft, { name }: Binding['declaration']): void {
  const local = name?.getText(draft.file) ?? 'Sequelize';
  draft.fromSequelize.add(local === 'Sequelize' ? local : `Sequelize: ${local}`);
}

/** Other imports whose every use stood in text that the edits take away, or in bindings that go. */
function otherUnused(draft: Draft, { evaluator }: Analysis, going: readonly Binding[]): Binding[] {
  const gone = going.map(({ declaration }) => ({
    start: declaration.getStart(draft.file),
    end: declaration.end,
  }));
  const cut = [...draft.removals, ...draft.edits.filter(({ text }) => !/\w/.test(text)), ...gone].filter(
    ({ start, end }) => start < end,
  );
  if (cut.length === 0 && draft.replaced.size === 0) return [];
  const names = topLevelNames(draft.file);
  const texts = new Set(names.map(({ text }) => text));
  const references = new Map<ts.Symbol, ts.Identifier[]>();
  for (const identifier of descendants(draft.file, ts.isIdentifier)) {
    if (!texts.has(identifier.text)) continue;
    const symbol = isReference(identifier) || isInType(identifier) ? symbolOf(identifier) : undefined;
    if (symbol !== undefined) references.set(symbol, [...(references.get(symbol) ?? []), identifier]);
  }
  const isCut = (node: ts.Identifier): boolean =>
    draft.replaced.has(node) ||
    cut.some(({ start, end }) => start <= node.getStart(draft.file) && node.end <= end);
  // What moves within the file is cut in one place and written in another.
  const isWritten = (name: string): boolean =>
    draft.edits.some(({ text }) => new RegExp(`(?<!\\.)${wordPattern(name)}`, 'u').test(text));
  return names.flatMap((name) => {
    const { parent } = name;
    const symbol = symbolOf(name);
    const uses = (symbol && references.get(symbol)) ?? [];
    const value = isBindingDeclaration(parent) ? evaluator.valueOfDeclaration(parent) : undefined;
    if (symbol === undefined || value?.kind !== 'package' || !isBindingDeclaration(parent)) return [];
    if (uses.length === 0 || !uses.every(isCut) || isWritten(name.text)) return [];
    return [{ symbol, declaration: parent, value, references: uses, kept: false }];
  });
}

/** True for `ModelStatic` in `model: ModelStatic<any>`. */
function isInType({ parent }: ts.Identifier): boolean {
  return ts.isTypeReferenceNode(parent) || ts.isTypeQueryNode(parent) || ts.isQualifiedName(parent);
}

function deleteBindings(draft: Draft, bindings: readonly Binding[]): ts.Statement[] {
  const whole: ts.Statement[] = [];
  const going = new Set<ts.Node>(bindings.map(({ declaration }) => declaration));
  const seen = new Set<ts.Node>();
  for (const { declaration } of bindings) {
    const statement = statementOf(declaration);
    if (statement === undefined || seen.has(statement)) continue;
    seen.add(statement);
    const isWhole = ts.isImportDeclaration(statement)
      ? shrinkImport(draft, statement, going)
      : ts.isVariableStatement(statement) && shrinkDeclaration(draft, statement, going);
    if (isWhole) whole.push(statement);
  }
  return whole;
}

function statementOf(node: ts.Node): ts.Statement | undefined {
  for (let at: ts.Node = node; at !== undefined; at = at.parent)
    if (ts.isVariableStatement(at) || ts.isImportDeclaration(at)) return at;
  return undefined;
}

/** True where nothing of the import is left; else the names that go are cut out. */
function shrinkImport(draft: Draft, statement: ts.ImportDeclaration, going: ReadonlySet<ts.Node>): boolean {
  const clause = statement.importClause;
  if (clause === undefined) return false;
  const named = clause.namedBindings;
  const elements = named !== undefined && ts.isNamedImports(named) ? [...named.elements] : [];
  const kept = elements.filter((element) => !going.has(element));
  const keepsDefault = clause.name !== undefined && !going.has(clause);
  const keepsSpace = named !== undefined && ts.isNamespaceImport(named) && !going.has(named);
  if (!keepsDefault && !keepsSpace && kept.length === 0) return true;
  const list = kept.map((element) => element.getText(draft.file)).join(', ');
  const parts = [
    ...(keepsDefault && clause.name !== undefined ? [clause.name.text] : []),
    ...(keepsSpace && named !== undefined ? [named.getText(draft.file)] : []),
    ...(kept.length > 0 ? [`{ ${list} }`] : []),
  ];
  const isUnchanged = kept.length === elements.length && keepsDefault === (clause.name !== undefined);
  if (!isUnchanged)
    draft.replace(
      clause.getStart(draft.file),
      clause.end,
      (clause.isTypeOnly ? 'type ' : '') + parts.join(', '),
    );
  return false;
}

/** The same for `const … = require(…)` and its patterns. */
function shrinkDeclaration(
  draft: Draft,
  statement: ts.VariableStatement,
  going: ReadonlySet<ts.Node>,
): boolean {
  const { declarations } = statement.declarationList;
  const kept = declarations.filter((declaration) => !isGoing(declaration, going));
  if (kept.length === 0) return true;
  if (kept.length < declarations.length) {
    const [first] = declarations;
    if (first !== undefined)
      draft.replace(
        first.getStart(draft.file),
        declarations.end,
        kept.map((declaration) => declaration.getText(draft.file)).join(', '),
      );
    return false;
  }
  for (const { name } of declarations) {
    if (!ts.isObjectBindingPattern(name)) continue;
    const text = patternText(draft, name, going);
    if (text !== name.getText(draft.file)) draft.replace(name.getStart(draft.file), name.end, text);
  }
  return false;
}

/** True for a name that goes, and for a pattern of which all goes; what `...rest` leaves out must stay named. */
function isGoing(node: ts.VariableDeclaration | ts.BindingElement, going: ReadonlySet<ts.Node>): boolean {
  if (ts.isObjectBindingPattern(node.name))
    return node.name.elements.length > 0 && node.name.elements.every((element) => isGoing(element, going));
  const rest = ts.isBindingElement(node) ? node.parent.elements.at(-1) : undefined;
  const isHeld = rest !== undefined && ts.isBindingElement(rest) && rest.dotDotDotToken && !going.has(rest);
  return going.has(node) && !isHeld;
}

/** The pattern without the names that go. */
function patternText(draft: Draft, pattern: ts.ObjectBindingPattern, going: ReadonlySet<ts.Node>): string {
  const left = pattern.elements.filter((element) => !isGoing(element, going));
  const texts = left.map((element) => {
    const { name } = element;
    const text = element.getText(draft.file);
    if (!ts.isObjectBindingPattern(name)) return text;
    return text.replace(name.getText(draft.file), () => patternText(draft, name, going));
  });
  const whole = pattern.getText(draft.file);
  if (left.length === pattern.elements.length && texts.every((text) => whole.includes(text))) return whole;
  if (!whole.includes('\n')) return `{ ${texts.join(', ')} }`;
  return `{\n${texts.map((text) => `${draft.style.indent}${text},\n`).join('')}}`;
}

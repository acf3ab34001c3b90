import { ts } from 'ts-morph';
import { descendants, isAssignment, isFunctionNode, isReference } from './nodes.js';

/** What TypeScript's binder leaves on nodes; its types do not say so, and the checker's own way to them is many times slower. */
interface Bound {
  readonly symbol?: ts.Symbol & { readonly exportSymbol?: ts.Symbol };
  readonly locals?: ReadonlyMap<string, ts.Symbol & { readonly exportSymbol?: ts.Symbol }>;
  readonly bindDiagnostics?: readonly ts.Diagnostic[];
}

const bound = (node: ts.Node): Bound => node as unknown as Bound;

/**
 * The binding that an identifier refers to or declares, by the scopes of its own file: what the checker answers where
 * no types are asked for. Undefined for globals, for the names of members and labels, and for what `export … from` names.
 */
export function symbolOf(identifier: ts.Identifier): ts.Symbol | undefined {
  const { parent } = identifier;
  if (ts.isShorthandPropertyAssignment(parent)) return symbolAt(identifier, nameOf(identifier));
  if (ts.isExportSpecifier(parent)) {
    const local = parent.propertyName ?? parent.name;
    const isOwn = parent.parent.parent.moduleSpecifier === undefined;
    return isOwn && ts.isIdentifier(local) ? symbolAt(local, nameOf(local)) : undefined;
  }
  if (ts.isImportSpecifier(parent)) return declared(parent);
  if ((parent as Partial<ts.NamedDeclaration>).name === identifier) return declared(parent);
  if (ts.isBindingElement(parent) && parent.propertyName === identifier) return undefined;
  if (ts.isQualifiedName(parent) && parent.right === identifier) return undefined;
  if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return undefined;
  return symbolAt(identifier, nameOf(identifier));
}

/** An access has a name and declares nothing. */
function declared(node: ts.Node): ts.Symbol | undefined {
  if (ts.isPropertyAccessExpression(node) || ts.isMetaProperty(node)) return undefined;
  return bound(node).symbol;
}

/** The references to what a name declares, inside of a node. */
export function referencesTo(name: ts.Identifier, within: ts.Node): ts.Identifier[] {
  const symbol = symbolOf(name);
  return descendants(within, ts.isIdentifier).filter(
    (one) => one.text === name.text && isReference(one) && symbolOf(one) === symbol,
  );
}

const assigned = new WeakMap<ts.SourceFile, ReadonlyMap<ts.Symbol, readonly ts.Expression[]>>();

/** What `name = …` and its kin give a variable after its declaration; all assignments of a file are read once. */
export function assignedTo({ name }: ts.VariableDeclaration): readonly ts.Expression[] {
  if (!ts.isIdentifier(name)) return [];
  const file = name.getSourceFile();
  let found = assigned.get(file);
  if (found === undefined) {
    found = readAssigned(file);
    assigned.set(file, found);
  }
  const symbol = symbolOf(name);
  return (symbol && found.get(symbol)) ?? [];
}

function readAssigned(file: ts.SourceFile): ReadonlyMap<ts.Symbol, readonly ts.Expression[]> {
  const found = new Map<ts.Symbol, ts.Expression[]>();
  for (const { left, right } of descendants(file, isAssignment)) {
    const symbol = ts.isIdentifier(left) ? symbolOf(left) : undefined;
    if (symbol !== undefined) found.set(symbol, [...(found.get(symbol) ?? []), right]);
  }
  return found;
}

/** Names that one scope of the file declares twice where it must not: it parses, and no engine loads it. */
export function declaredTwice(file: ts.SourceFile): Set<string> {
  const { bindDiagnostics = [], locals } = bound(file);
  const clashing = bindDiagnostics.map(({ start = 0, length = 0 }) => file.text.slice(start, start + length));
  // The binder lets an import and a value of one name be one symbol.
  const merged = [...(locals?.values() ?? [])].filter(
    ({ flags }) => (flags & ts.SymbolFlags.Alias) !== 0 && (flags & ts.SymbolFlags.Value) !== 0,
  );
  return new Set([...clashing, ...merged.map(({ name }) => name)]);
}

function nameOf({ escapedText }: ts.Identifier): string {
  return String(escapedText);
}

/** What a name would mean where a node stands; undefined for globals. */
export function symbolAt(node: ts.Node, name: string): ts.Symbol | undefined {
  let from = node;
  for (let at = node; at !== undefined; from = at, at = at.parent) {
    const found = bound(at).locals?.get(name);
    if (found !== undefined && isValue(found) && isSeen(found, at, from)) return found.exportSymbol ?? found;
    if ((ts.isFunctionExpression(at) || ts.isClassExpression(at)) && at.name?.escapedText === name)
      return bound(at).symbol;
  }
  return undefined;
}

/** What a module exports has a local symbol of a kind of its own. */
const isValue = ({ flags }: ts.Symbol): boolean =>
  (flags & (ts.SymbolFlags.Value | ts.SymbolFlags.ExportValue | ts.SymbolFlags.Alias)) !== 0;

/** A parameter's default does not see what the body declares. */
function isSeen({ declarations }: ts.Symbol, scope: ts.Node, from: ts.Node): boolean {
  if (!isFunctionNode(scope) || !ts.isParameter(from)) return true;
  return declarations?.some((one) => one.pos < (scope.body?.pos ?? scope.end)) === true;
}

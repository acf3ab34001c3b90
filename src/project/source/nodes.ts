import { ts } from 'ts-morph';
import { whileAt } from '../../core/file-fault.js';
import type { Location } from '../../core/finding.js';
import type { FunctionNode } from '../types.js';

/** Where a node begins, for a finding. */
export function locationOf(node: ts.Node): Location {
  const file = node.getSourceFile();
  const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return { file: file.fileName, line: line + 1, column: character + 1 };
}

/** Calls `visit` for the node and everything below it; `false` keeps it from going deeper. */
export function walk(node: ts.Node, visit: (node: ts.Node) => false | undefined): void {
  if (visit(node) !== false) node.forEachChild((child) => walk(child, visit));
}

const nodes = new WeakMap<ts.SourceFile, readonly ts.Node[]>();
const nodesByKind = new WeakMap<ts.SourceFile, ReadonlyMap<ts.SyntaxKind, readonly ts.Node[]>>();

/** Tests that are nothing but a question for one kind, which most are. */
const KINDS = new Map<(node: ts.Node) => boolean, ts.SyntaxKind>([
  [ts.isIdentifier, ts.SyntaxKind.Identifier],
  [ts.isCallExpression, ts.SyntaxKind.CallExpression],
  [ts.isNewExpression, ts.SyntaxKind.NewExpression],
  [ts.isBinaryExpression, ts.SyntaxKind.BinaryExpression],
  [ts.isPropertyAccessExpression, ts.SyntaxKind.PropertyAccessExpression],
  [ts.isVariableDeclaration, ts.SyntaxKind.VariableDeclaration],
  [ts.isClassDeclaration, ts.SyntaxKind.ClassDeclaration],
  [ts.isExpressionStatement, ts.SyntaxKind.ExpressionStatement],
]);

function ofKind(file: ts.SourceFile, kind: ts.SyntaxKind): readonly ts.Node[] {
  let byKind = nodesByKind.get(file);
  if (byKind === undefined) {
    const groups = new Map<ts.SyntaxKind, ts.Node[]>([...KINDS.values()].map((one) => [one, []]));
    for (const node of nodesOf(file)) groups.get(node.kind)?.push(node);
    byKind = groups;
    nodesByKind.set(file, byKind);
  }
  return byKind.get(kind) ?? [];
}

/** Every node of a file, in the order of the source; listed once, since many ask. */
export function nodesOf(file: ts.SourceFile): readonly ts.Node[] {
  const known = nodes.get(file);
  if (known !== undefined) return known;
  const found: ts.Node[] = [];
  // Whoever looks at a file looks here first, so a tree that is too deep is told by its name.
  whileAt(file.fileName, () => walk(file, (node) => void found.push(node)));
  nodes.set(file, found);
  return found;
}

/** True for a node that is the other one, or stands in it. */
export function isInside(node: ts.Node, outer: ts.Node): boolean {
  return outer.pos <= node.pos && node.end <= outer.end && node.getSourceFile() === outer.getSourceFile();
}

/** Every node below that passes the test, in the order of the source. */
export function descendants<T extends ts.Node>(
  node: ts.Node,
  test: (candidate: ts.Node) => candidate is T,
): T[] {
  if (ts.isSourceFile(node)) {
    const kind = KINDS.get(test);
    return kind === undefined ? nodesOf(node).filter(test) : ([...ofKind(node, kind)] as T[]);
  }
  const found: T[] = [];
  walk(node, (candidate) => {
    if (test(candidate)) found.push(candidate);
    return undefined;
  });
  return found;
}

export function isFunctionNode(node: ts.Node): node is FunctionNode {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isConstructorDeclaration(node) ||
    ts.isAccessor(node)
  );
}

/** The functions around a node, innermost first. */
export function enclosingFunctions(node: ts.Node): FunctionNode[] {
  const found: FunctionNode[] = [];
  for (let at = node.parent; at !== undefined; at = at.parent) if (isFunctionNode(at)) found.push(at);
  return found;
}

/** Takes off `await`, parentheses, `as` and `!`. */
export function unwrap(node: ts.Expression): ts.Expression {
  let at = node;
  while (
    ts.isParenthesizedExpression(at) ||
    ts.isAwaitExpression(at) ||
    ts.isAsExpression(at) ||
    ts.isNonNullExpression(at) ||
    ts.isSatisfiesExpression(at)
  )
    at = at.expression;
  return at;
}

/** The specifier of `require('…')` or `await import('…')`; undefined for anything else. */
export function requiredSpecifier(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node) || node.arguments.length !== 1) return undefined;
  const [argument] = node.arguments;
  if (argument === undefined || !ts.isStringLiteralLike(argument)) return undefined;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  return isRequire || node.expression.kind === ts.SyntaxKind.ImportKeyword ? argument.text : undefined;
}

/** The name after the dot (with the # of a private one), or the string in brackets. */
export function memberName(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression))
    return node.argumentExpression.text;
  return undefined;
}

/** `module.exports`, with any member path after it: [] for itself, ['x'] for `exports.x`; undefined for anything else. */
export function exportsPath(node: ts.Node): string[] | undefined {
  if (ts.isIdentifier(node)) return node.text === 'exports' ? [] : undefined;
  const name = memberName(node);
  if (name === undefined || !(ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)))
    return undefined;
  if (ts.isIdentifier(node.expression) && node.expression.text === 'module' && name === 'exports') return [];
  const before = exportsPath(node.expression);
  return before === undefined ? undefined : [...before, name];
}

/** The name at the left of a chain: `crypto` in `crypto.createHash('md5').update`. */
export function rootOf(node: ts.Expression): ts.Identifier | undefined {
  let at = unwrap(node);
  while (ts.isPropertyAccessExpression(at) || ts.isElementAccessExpression(at) || ts.isCallExpression(at))
    at = unwrap(at.expression);
  return ts.isIdentifier(at) ? at : undefined;
}

/** The left and right side of `a = b`. */
export function assignment(
  node: ts.Node,
): { readonly left: ts.Expression; readonly right: ts.Expression } | undefined {
  return ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken
    ? { left: node.left, right: node.right }
    : undefined;
}

const ASSIGNING = new Set([
  ts.SyntaxKind.EqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
]);

/** True for `a = b` and its kin `??=`, `||=`, `&&=`, after which `a` may be `b`. */
export function isAssignment(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && ASSIGNING.has(node.operatorToken.kind);
}

/** The value of a property of an object literal, shorthand included. */
export function property(node: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  for (const member of node.properties) {
    if (member.name === undefined || !isNamed(member.name, name)) continue;
    if (ts.isPropertyAssignment(member)) return member.initializer;
    if (ts.isShorthandPropertyAssignment(member)) return member.name;
  }
  return undefined;
}

/** True for a property name that reads `name`, quoted or not. */
export function isNamed(node: ts.PropertyName, name: string): boolean {
  return (
    (ts.isIdentifier(node) || ts.isPrivateIdentifier(node) || ts.isStringLiteralLike(node)) &&
    node.text === name
  );
}

/** True for an identifier that is read as a value: not a declaration's name, a key, a label or a type. */
export function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent) || ts.isEnumMember(parent))
    return parent.initializer === node;
  if (ts.isBindingElement(parent) || ts.isVariableDeclaration(parent) || ts.isParameter(parent))
    return parent.initializer === node;
  if (isFunctionNode(parent) || ts.isClassLike(parent))
    return ts.isArrowFunction(parent) && parent.body === node;
  if (ts.isImportClause(parent) || ts.isImportSpecifier(parent) || ts.isNamespaceImport(parent)) return false;
  // What `export … from` names is another file's.
  if (ts.isExportSpecifier(parent))
    return (
      parent.parent.parent.moduleSpecifier === undefined && (parent.propertyName ?? parent.name) === node
    );
  if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return false;
  if (ts.isTypeNode(parent) && !ts.isExpressionWithTypeArguments(parent)) return false;
  return !ts.isQualifiedName(parent) && !ts.isTypeElement(parent) && !ts.isTypeParameterDeclaration(parent);
}

/** `owner.name = value` of one file, by owner and name; the first one counts. */
type LaterValues = ReadonlyMap<string, ReadonlyMap<string, ts.Expression>>;

// Read once a file, since every member that is looked up asks for it.
const laterValues = new WeakMap<ts.SourceFile, LaterValues>();

function laterValuesOf(file: ts.SourceFile): LaterValues {
  const known = laterValues.get(file);
  if (known !== undefined) return known;
  const found = new Map<string, Map<string, ts.Expression>>();
  for (const binary of descendants(file, ts.isBinaryExpression)) {
    const pair = assignment(binary);
    const name = pair && memberName(pair.left);
    if (pair === undefined || name === undefined) continue;
    if (!ts.isPropertyAccessExpression(pair.left) && !ts.isElementAccessExpression(pair.left)) continue;
    if (!ts.isIdentifier(pair.left.expression)) continue;
    const owner = pair.left.expression.text;
    const values = found.get(owner) ?? new Map<string, ts.Expression>();
    if (!values.has(name)) values.set(name, pair.right);
    found.set(owner, values);
  }
  laterValues.set(file, found);
  return found;
}

/** What a file gives a constant's object afterwards: `const db = {}; db.Patient = …`. */
function laterMembers(node: ts.ObjectLiteralExpression): ReadonlyMap<string, ts.Expression> | undefined {
  if (!ts.isVariableDeclaration(node.parent) || !ts.isIdentifier(node.parent.name)) return undefined;
  return laterValuesOf(node.getSourceFile()).get(node.parent.name.text);
}

/** The value that a member of a constant's object is given afterwards. */
export function assignedLater(node: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  return laterMembers(node)?.get(name);
}

/** The names that a file gives such an object afterwards. */
export function laterNames(node: ts.ObjectLiteralExpression): string[] {
  return [...(laterMembers(node)?.keys() ?? [])];
}

/** True for `find() {}` and `find: () => {}` in an object literal. */
export function isFunctionMember(node: ts.ObjectLiteralElementLike): boolean {
  return ts.isMethodDeclaration(node) || (ts.isPropertyAssignment(node) && isFunctionNode(node.initializer));
}

/** True for a static member of a class. */
export function isStatic(node: ts.Node): boolean {
  return (
    ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) === true
  );
}

/** The method, function or class property that `this` belongs to at a node. */
export function thisMember(node: ts.Node): ts.Node | undefined {
  let at = node.parent;
  while (at !== undefined && !ts.isPropertyDeclaration(at) && (!isFunctionNode(at) || keepsThis(at)))
    at = at.parent;
  return at;
}

/** True for a function whose `this` is that of the code around: `() => …`, `function () { … }.bind(this)`. */
function keepsThis(node: FunctionNode): boolean {
  if (ts.isArrowFunction(node)) return true;
  let at: ts.Node = node;
  while (ts.isParenthesizedExpression(at.parent)) at = at.parent;
  const call = at.parent.parent;
  return (
    isBind(call) && call.expression === at.parent && call.arguments[0]?.kind === ts.SyntaxKind.ThisKeyword
  );
}

/** True for `f.bind(x)` with nothing else bound. */
export function isBind(
  node: ts.Node | undefined,
): node is ts.CallExpression & { readonly expression: ts.PropertyAccessExpression } {
  return (
    node !== undefined &&
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    node.expression.name.text === 'bind' &&
    node.arguments.length === 1
  );
}

/** `x` of `x || {}` and `x ?? null`; undefined for anything else. */
export function withoutFallback(node: ts.Expression): ts.Expression | undefined {
  if (!ts.isBinaryExpression(node) || !/^(\|\||\?\?)$/.test(node.operatorToken.getText())) return undefined;
  const { right } = node;
  const isEmpty =
    (ts.isObjectLiteralExpression(right) && right.properties.length === 0) ||
    right.kind === ts.SyntaxKind.NullKeyword;
  return isEmpty ? node.left : undefined;
}

/** True for a function that is declared `async`. */
export function isAsync(node: FunctionNode): boolean {
  return (
    ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) === true
  );
}

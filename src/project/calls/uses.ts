import { ts } from 'ts-morph';
import { wordPattern } from '../../core/words.js';
import { isNamedByDecorator } from '../models/decorators.js';
import { makerOf } from '../models/rows.js';
import { isExported } from '../source/exported.js';
import {
  assignment,
  enclosingFunctions,
  isReference,
  memberName,
  nodesOf,
  property,
  requiredSpecifier,
  unwrap,
} from '../source/nodes.js';
import { symbolOf } from '../source/symbols.js';
import type { FunctionNode, Model, Value } from '../types.js';
import {
  type Binding,
  bindingValue,
  hasMember,
  isBindingDeclaration,
  isDeclarationName,
  isInteresting,
  isLasting,
  isNamespace,
  isPackage,
} from '../values/bindings.js';
import type { Evaluator } from '../values/evaluator.js';
import { isSetting, settingName } from '../values/express-settings.js';
import { ownerOf } from './handlers.js';

/** A place where a model or the global connection is used as a value. */
export interface Use {
  /** The whole expression that stands for it: `Patient`, `db.Patient`, `db.sequelize`. */
  readonly node: ts.Expression;
  /** The identifier at its left, whose import it needs; undefined for an inline require. */
  readonly root: ts.Identifier | undefined;
  /** Undefined for the connection. */
  readonly model: Model | undefined;
  /** The function that must obtain it; undefined at module scope. */
  readonly owner: FunctionNode | undefined;
}

/** Every way in which a file touches models and the global connection. */
export interface FileUses {
  readonly file: ts.SourceFile;
  readonly bindings: readonly Binding[];
  readonly uses: readonly Use[];
  /** References that only give another binding its value: `db` in `const { Patient } = db`. */
  readonly feeds: ReadonlyMap<ts.Identifier, readonly ts.Symbol[]>;
  /** `db.Sequelize`: the package, reached through the object that holds the models. */
  readonly packages: readonly Pick<Use, 'node' | 'root'>[];
  /** Models objects that are used other than by a fixed name. */
  readonly computed: readonly ts.Node[];
  /** `x.findAll()` and the like, where nothing tells what x is. */
  readonly unknown: readonly ts.Node[];
}

/** Method names that hardly anything but a Sequelize model has. */
const DISTINCTIVE = new Set(['findAll', 'findByPk', 'findAndCountAll', 'findOrCreate', 'bulkCreate']);

/** Methods that many things have, and a Sequelize model alone with `{ where }`. */
const WITH_WHERE = new Set([
  'findOne',
  'count',
  'update',
  'destroy',
  'sum',
  'min',
  'max',
  'restore',
  'increment',
  'decrement',
]);

/** True for `x.findAll()` and `x.update({ … }, { where })`, whatever x is. */
function isQuery(node: ts.Node): boolean {
  if (!ts.isCallExpression(node)) return false;
  const name = memberName(node.expression) ?? '';
  if (DISTINCTIVE.has(name)) return true;
  if (!WITH_WHERE.has(name)) return false;
  return node.arguments.some(
    (one) => ts.isObjectLiteralExpression(one) && property(one, 'where') !== undefined,
  );
}

/** Reads one file's uses. */
export function readUses(evaluator: Evaluator, file: ts.SourceFile): FileUses {
  const bindings = new Map<
    ts.Symbol,
    { -readonly [K in keyof Binding]: Binding[K] } & { references: ts.Identifier[] }
  >();
  const identifiers: ts.Identifier[] = [];
  const roots: ts.Expression[] = [];
  const unknown: ts.Node[] = [];
  for (const node of nodesOf(file)) {
    if (isBindingDeclaration(node)) {
      const name = ts.isImportClause(node) ? node.name : node.name;
      const symbol = name && ts.isIdentifier(name) ? symbolOf(name) : undefined;
      const value = symbol && bindingValue(evaluator, node);
      if (symbol !== undefined && value !== undefined)
        bindings.set(symbol, {
          symbol,
          declaration: node,
          value,
          references: [],
          kept: isLasting(evaluator, node),
        });
    }
    // A member's name is no binding.
    if (ts.isIdentifier(node) && !isMemberName(node)) identifiers.push(node);
    if (isRoot(evaluator, node)) roots.push(node);
    if (isQuery(node)) unknown.push(node);
    if (isModelsMember(evaluator, node)) unknown.push(node);
  }

  const uses: Use[] = [];
  const feeds = new Map<ts.Identifier, ts.Symbol[]>();
  const computed: ts.Node[] = [];
  const packages: Pick<Use, 'node' | 'root'>[] = [];
  const classify = (start: ts.Expression, startValue: Value, root: ts.Identifier | undefined): void => {
    const { node, value } = climb(evaluator, start, startValue);
    if (value.kind === 'package') {
      packages.push({ node, root });
      return;
    }
    const names = fedSymbols(node);
    if (names.some((symbol) => symbol !== undefined && bindings.has(symbol))) {
      // A name that is no binding of ours keeps what feeds it: no file's import is ever fed by undefined.
      if (root !== undefined && names.every((symbol) => symbol !== undefined && bindings.has(symbol)))
        feeds.set(
          root,
          names.flatMap((symbol) => symbol ?? []),
        );
      return;
    }
    const isOverwritten = assignment(node.parent)?.left === node;
    if (isExported(node) || isOverwritten || (value.kind === 'connection' && isNoUse(node))) return;
    if (value.kind === 'model' || value.kind === 'connection') {
      uses.push({
        node,
        root,
        model: value.kind === 'model' ? value.model : undefined,
        owner: ownerOf(node),
      });
      return;
    }
    const isObject = value.kind !== 'instance' && isNamespace(evaluator, value);
    if (isObject && !isHarmless(evaluator, node, value)) computed.push(node);
  };
  for (const identifier of identifiers) {
    const symbol = symbolOf(identifier);
    const binding = symbol && bindings.get(symbol);
    if (ts.isTypeReferenceNode(identifier.parent)) keepNamed(bindings.values(), identifier.text);
    if (binding === undefined || isDeclarationName(identifier)) continue;
    if (isReference(identifier)) {
      binding.references.push(identifier);
      if (binding.value.kind !== 'package' && !isNamedByDecorator(evaluator, identifier))
        classify(identifier, binding.value, identifier);
    } else binding.kept = true;
  }
  for (const root of roots) {
    const value = evaluator.valueOf(root);
    if (value !== undefined && isInteresting(evaluator, value)) classify(root, value, undefined);
  }
  return {
    file,
    bindings: [...bindings.values()],
    uses,
    feeds,
    packages,
    computed,
    unknown: unknown.filter((node) => isUnknownReceiver(evaluator, node)),
  };
}

/** What stands for models and needs no name: `require('…')`, `app.get('models')`, and `this` of a class that has them. */
function isRoot(evaluator: Evaluator, node: ts.Node): node is ts.Expression {
  if (requiredSpecifier(node) !== undefined) return true;
  if (settingName(node) !== undefined) return assignment(node.parent)?.left !== node;
  if (node.kind !== ts.SyntaxKind.ThisKeyword || !/^\s*get\s/m.test(node.getSourceFile().text)) return false;
  // A getter only names what others use.
  const [around] = enclosingFunctions(node);
  return (
    around !== undefined &&
    !ts.isGetAccessor(around) &&
    evaluator.valueOf(node as ts.Expression)?.kind === 'instance'
  );
}

/** A type's name: a local value of that name hides the import from values only. */
function keepNamed(bindings: Iterable<{ readonly symbol: ts.Symbol; kept: boolean }>, name: string): void {
  for (const binding of bindings) if (binding.symbol.name === name) binding.kept = true;
}

/** The longest expression around `start` that still has a value we follow. */
function climb(
  evaluator: Evaluator,
  start: ts.Expression,
  startValue: Value,
): { node: ts.Expression; value: Value } {
  let node = start;
  let value = startValue;
  for (;;) {
    const { parent } = node;
    const isCallee = ts.isCallExpression(parent) && parent.expression === node;
    const name = memberName(parent);
    const isObject =
      (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent)) &&
      parent.expression === node;
    const isImported = ts.isAwaitExpression(parent) && requiredSpecifier(node) !== undefined;
    if (ts.isParenthesizedExpression(parent) || ts.isNonNullExpression(parent) || isImported) node = parent;
    else if (
      isObject &&
      name === 'model' &&
      value.kind === 'connection' &&
      ts.isCallExpression(parent.parent)
    ) {
      const model = evaluator.valueOf(parent.parent);
      if (model === undefined) return { node, value };
      node = parent.parent;
      value = model;
    } else if (isObject && name !== undefined) {
      const next = evaluator.member(value, name);
      if (next === undefined || !(isInteresting(evaluator, next) || isPackage(next))) return { node, value };
      if (isPackage(next)) return { node: parent, value: next };
      node = parent;
      value = next;
    } else if (isCallee && value.kind === 'model') node = parent;
    else return { node, value };
  }
}

/** The names that get their value from this expression, `const X = node`, `const { X } = node`; undefined for inner patterns. */
function fedSymbols(node: ts.Expression): (ts.Symbol | undefined)[] {
  const declaration = ts.isAwaitExpression(node.parent) ? node.parent.parent : node.parent;
  if (!ts.isVariableDeclaration(declaration) || declaration.initializer === undefined) return [];
  const isWhole = declaration.initializer === node || unwrap(declaration.initializer) === node;
  const isConstant = (declaration.parent.flags & ts.NodeFlags.Const) !== 0 || !isAssignedAgain(declaration);
  if (!isWhole || !isConstant) return [];
  if (ts.isIdentifier(declaration.name)) return [symbolOf(declaration.name)];
  return declaration.name.elements.map((element) =>
    ts.isBindingElement(element) && ts.isIdentifier(element.name) ? symbolOf(element.name) : undefined,
  );
}

/** True where the file assigns to a name of the declaration after it. */
function isAssignedAgain({ name, initializer }: ts.VariableDeclaration): boolean {
  const file = name.getSourceFile();
  const names = ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((one) => (ts.isBindingElement(one) ? [one.name.getText(file)] : []));
  const rest = file.text.slice(0, name.pos) + file.text.slice(initializer?.end ?? name.end);
  return names.some((one) => new RegExp(`(?<!\\.)${wordPattern(one)}\\s*=(?![=>])`, 'u').test(rest));
}

/** True where a connection is only asked for: `if (!sequelize)`, `db.sequelize !== null`. */
function isNoUse(node: ts.Expression): boolean {
  const { parent } = node;
  if (ts.isPrefixUnaryExpression(parent)) return true;
  if (ts.isIfStatement(parent)) return parent.expression === node;
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  return ts.isBinaryExpression(parent) && /^[!=]==?$/.test(parent.operatorToken.getText());
}

/** A models object in a place that reaches no model: `db.Sequelize`, an import of a helper of the same file. */
function isHarmless(evaluator: Evaluator, node: ts.Expression, value: Value): boolean {
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) && parent.initializer === node) return true;
  if (ts.isExpressionStatement(parent) || isSetting(node)) return true;
  const name =
    ts.isPropertyAccessExpression(parent) && parent.expression === node ? memberName(parent) : undefined;
  return name !== undefined && hasMember(evaluator, value, name);
}

function isMemberName(identifier: ts.Identifier): boolean {
  const { parent } = identifier;
  return ts.isPropertyAccessExpression(parent) && parent.name === identifier;
}

/** `req.app.get('sequelize').models.Patient`: a model's name on something that nothing tells of. */
function isModelsMember(evaluator: Evaluator, node: ts.Node): boolean {
  if (!ts.isPropertyAccessExpression(node) || memberName(node.expression) !== 'models') return false;
  const isOurs = /clinicDb|getCentralConnection/.test(node.expression.getText());
  return (
    !isOurs && evaluator.registry.named(node.name.text) !== undefined && evaluator.valueOf(node) === undefined
  );
}

function isUnknownReceiver(evaluator: Evaluator, call: ts.Node): boolean {
  if (isModelsMember(evaluator, call)) return true;
  if (!ts.isCallExpression(call) || !ts.isPropertyAccessExpression(call.expression)) return false;
  const receiver = unwrap(call.expression.expression);
  const maker = makerOf(evaluator, receiver);
  const isRow = maker !== undefined && /^(model|migrated)$/.test(evaluator.valueOf(maker)?.kind ?? '');
  return (
    !isRow &&
    receiver.kind !== ts.SyntaxKind.SuperKeyword &&
    receiver.kind !== ts.SyntaxKind.ThisKeyword &&
    (evaluator.valueOf(receiver)?.kind ?? 'package') === 'package'
  );
}

import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { ownerOf, requestOf } from '../../project/calls/handlers.js';
import type { Use } from '../../project/calls/uses.js';
import {
  assignment,
  descendants,
  isFunctionNode,
  isInside,
  memberName,
  property,
  unwrap,
} from '../../project/source/nodes.js';
import { symbolOf } from '../../project/source/symbols.js';
import type { FunctionNode } from '../../project/types.js';
import { returnedExpressions } from '../../project/values/returned.js';

/** What a value belongs to the database of: a use of a model or connection, or what a caller passes. */
export type Source = Use | ts.ParameterDeclaration;

/** Options whose values are of the query's own database; the others hold data. */
const JOINING = /^(include|model|association|through|transaction|order|lock|separate|required|scope)$/;
/** Members that are of the database of what they belong to. */
const BELONGING = /^(rows|row|transaction|include|options|model|t)$/;
/** Methods of models and rows that give data. */
const DATA =
  /^(count\w*|min|max|sum|aggregate|destroy|truncate|increment|decrement|toJSON|get|getDataValue|has[A-Z]\w*|commit|rollback|getTableName)$/;
/** Methods of lists whose callback gets the elements. */
const EACH = /^(map|flatMap|forEach|filter|find|some|every|then|reduce)$/;

/** Says what the values of one function carry, over its variables and callbacks. */
export class CarriedValues {
  readonly #uses = new Map<ts.Node, Use[]>();
  readonly #variables = new Map<ts.Symbol, Set<Source>>();
  /** Expressions that are being looked at: one that is made of itself carries nothing more by that. */
  readonly #open = new Set<ts.Node>();
  #isGrowing = true;

  constructor(
    private readonly analysis: Analysis,
    private readonly owner: FunctionNode,
    uses: readonly Use[],
    /** What a call of another function of the application gives back. */
    private readonly resultOf: (call: ts.CallExpression, carried: CarriedValues) => readonly Source[],
  ) {
    for (const use of uses) this.#uses.set(use.node, [...(this.#uses.get(use.node) ?? []), use]);
    if (requestOf(owner) === undefined)
      for (const one of owner.parameters) this.#bind(one.name, [one], undefined);
    for (let round = 0; this.#isGrowing && round < 8; round += 1) {
      this.#isGrowing = false;
      for (const node of descendants(owner, isFlow)) this.#follow(node);
    }
  }

  /** What an expression's value carries. */
  of(expression: ts.Expression): readonly Source[] {
    const node = unwrap(expression);
    if (this.#open.has(node)) return [];
    this.#open.add(node);
    const found = this.#look(node, expression);
    this.#open.delete(node);
    return found;
  }

  #look(node: ts.Expression, expression: ts.Expression): readonly Source[] {
    const own = this.#uses.get(node) ?? this.#uses.get(expression);
    if (own !== undefined) return own;
    if (ts.isIdentifier(node)) {
      const symbol = symbolOf(node);
      return symbol === undefined ? [] : [...(this.#variables.get(symbol) ?? [])];
    }
    if (ts.isConditionalExpression(node)) return this.#all([node.whenTrue, node.whenFalse]);
    if (ts.isBinaryExpression(node)) return this.#all([node.left, node.right]);
    if (ts.isArrayLiteralExpression(node)) return this.#all(node.elements);
    if (ts.isSpreadElement(node)) return this.of(node.expression);
    if (ts.isObjectLiteralExpression(node)) return this.ofOptions(node);
    if (ts.isElementAccessExpression(node)) return this.of(node.expression);
    if (ts.isPropertyAccessExpression(node)) {
      const { text } = node.name;
      const isOwn = BELONGING.test(text) || this.analysis.registry.named(text) !== undefined;
      return isOwn ? this.of(node.expression) : [];
    }
    return ts.isCallExpression(node) ? this.#called(node) : [];
  }

  /** What the options of a query carry; what stands in its conditions is data. */
  ofOptions(node: ts.ObjectLiteralExpression): readonly Source[] {
    return node.properties.flatMap((one) => {
      if (ts.isSpreadAssignment(one)) return this.of(one.expression);
      const name = one.name?.getText() ?? '';
      if (!JOINING.test(name) && !isOptionsName(node, name)) return [];
      if (ts.isShorthandPropertyAssignment(one)) return this.of(one.name);
      return ts.isPropertyAssignment(one) ? this.of(one.initializer) : [];
    });
  }

  #all(expressions: readonly ts.Expression[]): readonly Source[] {
    return expressions.flatMap((one) => this.of(one));
  }

  #called(node: ts.CallExpression): readonly Source[] {
    const method = memberName(node.expression);
    if (ts.isPropertyAccessExpression(node.expression) && method !== undefined) {
      const [callback] = node.arguments;
      const received = this.of(node.expression.expression);
      if (/^Promise\.(all|allSettled|race)$/.test(node.expression.getText()))
        return this.#all(node.arguments);
      if (/^(map|flatMap|then)$/.test(method) && callback !== undefined && isFunctionNode(callback))
        return this.#all(returnedExpressions(callback));
      if (node.expression.getText() === 'Object.assign') return this.#all(node.arguments);
      if (received.length > 0) return DATA.test(method) ? [] : received;
    }
    const callee = this.analysis.evaluator.valueOf(node.expression);
    if (callee?.kind !== 'function') return [];
    return isInside(callee.node, this.owner)
      ? this.#all(returnedExpressions(callee.node))
      : this.resultOf(node, this);
  }

  /** What the owner gives back. */
  returned(): readonly Source[] {
    return this.#all(returnedExpressions(this.owner));
  }

  #follow(node: ts.Node): void {
    if (ts.isVariableDeclaration(node)) {
      const loop = node.parent.parent;
      const given = ts.isForOfStatement(loop) ? loop.expression : node.initializer;
      if (given !== undefined) this.#bind(node.name, this.of(given), given);
      return;
    }
    const pair = assignment(node);
    if (pair !== undefined) {
      const { left } = pair;
      const root = rootOf(left);
      const name = memberName(left);
      if (root !== undefined && (root === left || JOINING.test(name ?? '')))
        this.#bind(root, this.of(pair.right), pair.right);
      return;
    }
    if (!ts.isCallExpression(node)) return;
    const method = memberName(node.expression) ?? '';
    const receiver = ts.isPropertyAccessExpression(node.expression) ? node.expression.expression : undefined;
    const root = receiver && rootOf(receiver);
    if (/^(push|unshift)$/.test(method) && root !== undefined)
      this.#bind(root, this.#all(node.arguments), undefined);
    const [first, ...more] = node.arguments;
    if (node.expression.getText() === 'Object.assign' && first !== undefined && ts.isIdentifier(first))
      this.#bind(first, this.#all(more), undefined);
    if (receiver !== undefined && (EACH.test(method) || method === 'transaction')) {
      const work = node.arguments.find((one): one is ts.ArrowFunction | ts.FunctionExpression =>
        isFunctionNode(one),
      );
      const taken = work?.parameters[method === 'reduce' ? 1 : 0];
      if (taken !== undefined) this.#bind(taken.name, this.of(receiver), receiver);
    }
    this.#bindArguments(node);
  }

  /** Gives the parameters of a function inside this one what it is called with. */
  #bindArguments(call: ts.CallExpression): void {
    const callee = this.analysis.evaluator.valueOf(call.expression);
    if (callee?.kind !== 'function' || callee.node === this.owner) return;
    if (!isInside(callee.node, this.owner) || ownerOf(call) !== this.owner) return;
    callee.node.parameters.forEach(({ name }, index) => {
      const given = call.arguments[index];
      if (given !== undefined) this.#bind(name, this.of(given), given);
    });
  }

  #bind(
    name: ts.BindingName | ts.Expression,
    sources: readonly Source[],
    from: ts.Expression | undefined,
  ): void {
    if (ts.isObjectBindingPattern(name)) {
      for (const one of name.elements) {
        const text = (one.propertyName ?? one.name).getText();
        const isOwn = BELONGING.test(text) || this.analysis.registry.named(text) !== undefined;
        if (isOwn || one.dotDotDotToken !== undefined) this.#bind(one.name, sources, from);
      }
      return;
    }
    if (ts.isArrayBindingPattern(name)) {
      const list = from && listOf(from);
      name.elements.forEach((one, index) => {
        if (!ts.isBindingElement(one)) return;
        const given = list?.[index];
        if (list === undefined) this.#bind(one.name, index === 0 ? sources : [], undefined);
        else if (given !== undefined) this.#bind(one.name, this.of(given), given);
      });
      return;
    }
    const symbol = ts.isIdentifier(name) ? symbolOf(name) : undefined;
    if (symbol === undefined) return;
    const known = this.#variables.get(symbol) ?? new Set();
    this.#variables.set(symbol, known);
    for (const one of sources) {
      if (known.has(one)) continue;
      known.add(one);
      this.#isGrowing = true;
    }
  }
}

function isFlow(node: ts.Node): node is ts.VariableDeclaration | ts.BinaryExpression | ts.CallExpression {
  return ts.isVariableDeclaration(node) || ts.isCallExpression(node) || assignment(node) !== undefined;
}

/** True for a member of an object that is none of a query's options itself: `{ t, withUser: [User] }`. */
function isOptionsName(node: ts.ObjectLiteralExpression, name: string): boolean {
  return property(node, 'where') === undefined && BELONGING.test(name);
}

function rootOf(node: ts.Expression): ts.Identifier | undefined {
  let at = unwrap(node);
  while (ts.isPropertyAccessExpression(at) || ts.isElementAccessExpression(at)) at = unwrap(at.expression);
  return ts.isIdentifier(at) ? at : undefined;
}

/** The elements of `[a, b]` and of `Promise.all([a, b])`. */
function listOf(expression: ts.Expression): readonly ts.Expression[] | undefined {
  const node = unwrap(expression);
  if (ts.isArrayLiteralExpression(node)) return node.elements;
  const isAll = ts.isCallExpression(node) && node.expression.getText() === 'Promise.all';
  const [first] = isAll ? node.arguments : [];
  return first !== undefined && ts.isArrayLiteralExpression(first) ? first.elements : undefined;
}

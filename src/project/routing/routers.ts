import { ts } from 'ts-morph';
import type { CallGraph } from '../calls/call-graph.js';
import { isRouteCall } from '../calls/handlers.js';
import { descendants, enclosingFunctions, isFunctionNode, memberName } from '../source/nodes.js';
import type { FunctionNode } from '../types.js';
import type { Definitions } from './definitions.js';

/** What stands for one router or application of Express: where it is made or declared, or `file#text` where neither is seen. */
export type RouterKey = ts.Node | string;

/** Packages whose call or `new` makes a router. */
const MAKERS = /^(express|router|find-my-way|@koa\/router)$|(^|[-/])(promise|async)-router$/;

/** Follows routers over variables, imports, factories and parameters. The receiver decides, not the method's name. */
export class Routers {
  constructor(
    private readonly definitions: Definitions,
    private readonly calls: CallGraph,
  ) {}

  /** True for `router.get('/path', …)`, `app.use(…)` and their like on what is a router, or may be one and is used as one. */
  isRoute(call: ts.CallExpression): boolean {
    if (!isRouteCall(call)) return false;
    const { expression } = call.expression as ts.PropertyAccessExpression;
    const kind = this.#kindOf(expression, new Set());
    return kind === 'router' || (kind === 'unknown' && isLikeRoute(call));
  }

  /** The routers that an expression may be; none for what is known to be none. */
  of(expression: ts.Expression, seen: ReadonlySet<ts.Node> = new Set()): RouterKey[] {
    const node = this.definitions.of(expression);
    if (seen.has(node)) return [];
    const next = new Set([...seen, node]);
    const base = chained(node);
    if (base !== undefined) return this.of(base, next);
    if (ts.isParameter(node)) {
      const given = this.#given(node);
      return given.length > 0 ? given.flatMap((one) => this.of(one, next)) : [node];
    }
    if (ts.isVariableDeclaration(node)) return [node];
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const inner = this.#returned(node).flatMap((one) => this.of(one, next));
      if (inner.length > 0) return inner;
      return this.#makes(node) === 'router' ? [node] : [];
    }
    return ts.isPropertyAccessExpression(node) ? this.#member(node, next) : [];
  }

  #kindOf(expression: ts.Expression, seen: ReadonlySet<ts.Node>): 'router' | 'other' | 'unknown' {
    const node = this.definitions.of(expression);
    if (seen.has(node)) return 'unknown';
    const next = new Set([...seen, node]);
    const base = chained(node);
    if (base !== undefined) return this.#kindOf(base, next);
    const each = (all: readonly ts.Expression[]): 'router' | 'other' | 'unknown' => {
      const kinds = new Set(all.map((one) => this.#kindOf(one, next)));
      return kinds.has('router') ? 'router' : kinds.size === 1 && kinds.has('other') ? 'other' : 'unknown';
    };
    if (ts.isParameter(node)) return each(this.#given(node));
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const made = this.#makes(node);
      return made === 'unknown' ? each(this.#returned(node)) : made;
    }
    if (isOwnMember(node)) return each(valuesOfOwn(node));
    if (ts.isIdentifier(node) || ts.isVariableDeclaration(node) || ts.isBindingElement(node))
      return this.#valueKind(expression);
    return ts.isPropertyAccessExpression(node) ? this.#valueKind(node) : 'other';
  }

  #valueKind(expression: ts.Expression): 'other' | 'unknown' {
    return this.definitions.evaluator.valueOf(expression) === undefined ? 'unknown' : 'other';
  }

  /** What a call or a `new` makes, by what is called. */
  #makes(node: ts.CallExpression | ts.NewExpression): 'router' | 'other' | 'unknown' {
    const { evaluator } = this.definitions;
    const made = evaluator.valueOf(node.expression);
    if (made?.kind === 'package')
      return MAKERS.test(made.name) && /^(default|Router|application)?$/.test(made.member ?? '')
        ? 'router'
        : 'other';
    if (made?.kind === 'function') return 'unknown';
    const isGlobal =
      ts.isIdentifier(node.expression) && evaluator.declarationOf(node.expression) === undefined;
    return made !== undefined || isGlobal || evaluator.valueOf(node) !== undefined ? 'other' : 'unknown';
  }

  /** What a function of the application returns. */
  #returned({ expression }: ts.CallExpression | ts.NewExpression): ts.Expression[] {
    const callee = this.definitions.evaluator.valueOf(expression);
    return callee?.kind === 'function' ? returnedBy(callee.node) : [];
  }

  /** What every call that is seen gives for a parameter. */
  #given(parameter: ts.ParameterDeclaration): ts.Expression[] {
    if (!isFunctionNode(parameter.parent)) return [];
    const index = parameter.parent.parameters.indexOf(parameter);
    const callers = this.calls.get(parameter.parent)?.calls ?? [];
    return callers.flatMap(({ arguments: all }) => all[index] ?? []);
  }

  #member(node: ts.PropertyAccessExpression, seen: ReadonlySet<ts.Node>): RouterKey[] {
    const { expression, name } = node;
    if (isOwnMember(node)) {
      const values = valuesOfOwn(node).flatMap((one) => this.of(one, seen));
      return values.length > 0 ? values : [`${node.getSourceFile().fileName}#${node.getText()}`];
    }
    const value = this.definitions.evaluator.valueOf(expression);
    if (value?.kind !== 'instance') return [];
    const values = ownValues(value.node, name.text).flatMap((one) => this.of(one, seen));
    return values.length > 0 ? values : [`${value.node.getSourceFile().fileName}#this.${name.text}`];
  }
}

/** `router` of `router.route('/x')`, `router.route('/x').get(…)` and `router.use(…)`, which work on it. */
function chained(node: ts.Node): ts.Expression | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  return isRouteCall(node) || node.expression.name.text === 'route' ? node.expression.expression : undefined;
}

/** True where a path or a handler is given: what a cache or a client is not called with. */
function isLikeRoute(call: ts.CallExpression): boolean {
  const [first] = call.arguments;
  const name = memberName(call.expression);
  if (first === undefined) return false;
  const isPathLike =
    (ts.isStringLiteralLike(first) && /^(\/|\*|$)/.test(first.text)) ||
    ts.isRegularExpressionLiteral(first) ||
    (ts.isTemplateExpression(first) && /^(\/|$)/.test(first.head.text));
  return (
    isPathLike ||
    name === 'use' ||
    name === 'param' ||
    call.arguments.slice(1).some(isFunctionNode) ||
    chained(call.expression) !== undefined
  );
}

function isOwnMember(node: ts.Node): node is ts.PropertyAccessExpression {
  return ts.isPropertyAccessExpression(node) && node.expression.kind === ts.SyntaxKind.ThisKeyword;
}

/** What the class around gives `this.name`. */
function valuesOfOwn(node: ts.PropertyAccessExpression): ts.Expression[] {
  const owner = enclosingFunctions(node)
    .map(({ parent }) => parent)
    .find(ts.isClassLike);
  return owner === undefined ? [] : ownValues(owner, node.name.text);
}

/** What a class gives a property of its instances: where it declares it, and by `this.name = …`. */
function ownValues(owner: ts.ClassLikeDeclaration, name: string): ts.Expression[] {
  const declared = owner.members.flatMap((member) =>
    ts.isPropertyDeclaration(member) && member.name.getText() === name && member.initializer !== undefined
      ? [member.initializer]
      : [],
  );
  const assigned = descendants(owner, ts.isBinaryExpression).flatMap(({ left, operatorToken, right }) =>
    operatorToken.kind === ts.SyntaxKind.EqualsToken && isOwnMember(left) && left.name.text === name
      ? [right]
      : [],
  );
  return [...declared, ...assigned];
}

function returnedBy(owner: FunctionNode): ts.Expression[] {
  if (ts.isArrowFunction(owner) && !ts.isBlock(owner.body)) return [owner.body];
  return descendants(owner, ts.isReturnStatement).flatMap(({ expression }) =>
    expression !== undefined && enclosingFunctions(expression)[0] === owner ? [expression] : [],
  );
}

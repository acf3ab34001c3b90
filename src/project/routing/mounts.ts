import { ts } from 'ts-morph';
import type { CallGraph } from '../calls/call-graph.js';
import { descendants, enclosingFunctions, isFunctionNode, memberName, unwrap } from '../source/nodes.js';
import type { FunctionNode } from '../types.js';
import type { Definitions } from './definitions.js';
import { type Guard, guardOf } from './guards.js';
import { argumentsOf } from './lists.js';
import { type RouterKey, Routers } from './routers.js';
import { targetsOf } from './targets.js';

/** One argument of `router.get(…)` or `app.use(…)`: a handler or a router, and where it stands. */
export interface Mount {
  readonly call: ts.CallExpression;
  /** What is mounted; for a call in a loop, what stands in the list. */
  readonly argument: ts.Expression;
  /** Which argument of the call it is, or is part of. */
  readonly given: ts.Expression;
  readonly on: readonly RouterKey[];
  /** The call's path; undefined for `use(handler)`, which has none. */
  readonly path: ts.Expression | undefined;
  readonly handlers: readonly FunctionNode[];
  readonly routers: readonly RouterKey[];
  /** True where the source does not tell what is mounted. */
  readonly isUnknown: boolean;
  readonly guard: Guard | undefined;
  /** Where in the source, outermost call first, Express gets to know of it. */
  readonly order: readonly number[];
  /** The `if` or the like around it: it counts there alone. */
  readonly condition: ts.Node | undefined;
}

/** Every argument of every route call of the application, in the order of the source. */
export function readMounts(
  definitions: Definitions,
  calls: CallGraph,
  files: Iterable<ts.SourceFile>,
): Mount[] {
  const routers = new Routers(definitions, calls);
  return [...files].flatMap((file) =>
    descendants(file, ts.isCallExpression)
      .filter((call) => routers.isRoute(call))
      .flatMap((call) => mountsOf(definitions, calls, routers, call)),
  );
}

function mountsOf(
  definitions: Definitions,
  calls: CallGraph,
  routers: Routers,
  call: ts.CallExpression,
): Mount[] {
  const receiver = (call.expression as ts.PropertyAccessExpression).expression;
  const known = routers.of(receiver);
  const on = known.length > 0 ? known : [`${call.getSourceFile().fileName}#${receiver.getText()}`];
  const order = orderOf(calls, call, new Set());
  const condition = conditionOf(call);
  const turns = argumentsOf(definitions, call) ?? [call.arguments];
  return turns.flatMap((turn) => {
    const routed = routedPath(receiver);
    const first = routed === undefined && isPath(definitions, call, turn) ? turn[0] : undefined;
    const mounted = turn.flatMap((one, index) =>
      one === first
        ? []
        : flat(definitions, one).map((argument) => ({ argument, given: call.arguments[index] ?? one })),
    );
    return mounted.map(({ argument, given }, index) => ({
      call,
      argument,
      given,
      on,
      path: routed ?? first,
      ...targetsOf(definitions, routers, argument),
      guard: guardOf(definitions, argument),
      order: [...order, index],
      condition,
    }));
  });
}

/** `[a, b]`, written there or in a constant, as its elements. */
function flat(definitions: Definitions, argument: ts.Expression): ts.Expression[] {
  const node = unwrap(ts.isSpreadElement(argument) ? argument.expression : argument);
  const written = definitions.of(node);
  return ts.isArrayLiteralExpression(written)
    ? written.elements.flatMap((one) => flat(definitions, one))
    : [node];
}

/** The path of `router.route('/x').get(…)`. */
function routedPath(receiver: ts.Expression): ts.Expression | undefined {
  for (let at = receiver; ts.isCallExpression(at) && ts.isPropertyAccessExpression(at.expression); ) {
    if (at.expression.name.text === 'route') return at.arguments[0];
    at = at.expression.expression;
  }
  return undefined;
}

/** True where the first argument is a path: always but in `use(…)`, which may have none. */
function isPath(
  definitions: Definitions,
  call: ts.CallExpression,
  [first, ...rest]: readonly ts.Expression[],
): boolean {
  if (first === undefined || rest.length === 0) return false;
  return memberName(call.expression) !== 'use' || isText(definitions.of(first));
}

function isText(node: ts.Node): boolean {
  if (ts.isArrayLiteralExpression(node)) return node.elements.length > 0 && node.elements.every(isText);
  return (
    ts.isStringLiteralLike(node) ||
    ts.isTemplateExpression(node) ||
    ts.isRegularExpressionLiteral(node) ||
    (ts.isBinaryExpression(node) && (isText(node.left) || isText(node.right)))
  );
}

/** Where a call stands; one inside a function stands where that is called, if it is seen to be. */
function orderOf(calls: CallGraph, call: ts.Node, seen: ReadonlySet<ts.Node>): number[] {
  const [around] = enclosingFunctions(call);
  const caller = around && !seen.has(around) ? calls.get(around)?.calls[0] : undefined;
  return around === undefined || caller === undefined
    ? [call.end]
    : [...orderOf(calls, caller, new Set([...seen, around])), call.end];
}

const CONDITIONAL = new Set([
  ts.SyntaxKind.IfStatement,
  ts.SyntaxKind.ConditionalExpression,
  ts.SyntaxKind.BinaryExpression,
  ts.SyntaxKind.SwitchStatement,
  ts.SyntaxKind.CatchClause,
  ts.SyntaxKind.ForStatement,
  ts.SyntaxKind.ForOfStatement,
  ts.SyntaxKind.ForInStatement,
  ts.SyntaxKind.WhileStatement,
]);

function conditionOf(call: ts.Node): ts.Node | undefined {
  for (let at = call.parent; at !== undefined && !isFunctionNode(at); at = at.parent) {
    if (CONDITIONAL.has(at.kind)) return at;
  }
  return undefined;
}

import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { isRouteCall } from '../../project/calls/handlers.js';
import {
  descendants,
  enclosingFunctions,
  isFunctionNode,
  isInside,
  memberName,
  unwrap,
} from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import { type RouterKey, Routers, targetsOf } from './routers.js';
import { runtimeName } from './runtime-names.js';

/** A middleware that later routes stand behind. */
export type Guard = 'authentication' | 'routing';

/** One argument of `router.get(…)` or `app.use(…)`: a handler or a router, and where it stands. */
export interface Mount {
  readonly call: ts.CallExpression;
  readonly argument: ts.Expression;
  readonly on: readonly RouterKey[];
  /** The call's path; undefined for `use(handler)`, which has none. */
  readonly path: ts.Expression | undefined;
  readonly handlers: readonly FunctionNode[];
  readonly routers: readonly RouterKey[];
  readonly guard: Guard | undefined;
  /** Where in the source, outermost call first, Express gets to know of it. */
  readonly order: readonly number[];
  /** The `if` or the like around it: it counts there alone. */
  readonly condition: ts.Node | undefined;
}

/** Every argument of every route call of the application, in the order of the source. */
export function readMounts(analysis: Analysis): Mount[] {
  const routers = new Routers(analysis);
  return [...analysis.uses.keys()].flatMap((file) =>
    descendants(file, ts.isCallExpression)
      .filter(isRouteCall)
      .flatMap((call) => mountsOf(analysis, routers, call)),
  );
}

function mountsOf(analysis: Analysis, routers: Routers, call: ts.CallExpression): Mount[] {
  const receiver = (call.expression as ts.PropertyAccessExpression).expression;
  const on = routers.of(receiver);
  const all = call.arguments.flatMap((one) => flat(analysis, one));
  const path = pathOf(receiver) ?? (isPath(analysis, call) ? call.arguments[0] : undefined);
  return all.map((argument, index) => ({
    call,
    argument,
    on: on.length > 0 ? on : [`${call.getSourceFile().fileName}#${receiver.getText()}`],
    path,
    ...targetsOf(analysis, routers, argument),
    guard: guardOf(analysis, argument),
    order: [...orderOf(analysis, call, new Set()), index],
    condition: conditionOf(call),
  }));
}

/** `[a, b]`, written there or in a constant, as its elements. */
function flat(analysis: Analysis, argument: ts.Expression): ts.Expression[] {
  const node = unwrap(ts.isSpreadElement(argument) ? argument.expression : argument);
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap((one) => flat(analysis, one));
  const declaration = ts.isIdentifier(node) ? analysis.evaluator.declarationOf(node) : undefined;
  const given = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  return given !== undefined && ts.isArrayLiteralExpression(given) ? flat(analysis, given) : [node];
}

/** The path of `router.route('/x').get(…)`. */
function pathOf(receiver: ts.Expression): ts.Expression | undefined {
  for (let at = receiver; ts.isCallExpression(at) && ts.isPropertyAccessExpression(at.expression); ) {
    if (at.expression.name.text === 'route') return at.arguments[0];
    at = at.expression.expression;
  }
  return undefined;
}

function isPath({ evaluator }: Analysis, call: ts.CallExpression): boolean {
  const [first] = call.arguments;
  if (first === undefined || call.arguments.length < 2) return false;
  if (memberName(call.expression) !== 'use') return true;
  return ts.isStringLiteralLike(first) ||
    ts.isTemplateExpression(first) ||
    ts.isRegularExpressionLiteral(first)
    ? true
    : ts.isArrayLiteralExpression(first)
      ? first.elements.every(ts.isStringLiteralLike)
      : ts.isIdentifier(first) && isText(evaluator.declarationOf(first));
}

function isText(declaration: ts.Declaration | undefined): boolean {
  const given = declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  return given !== undefined && (ts.isStringLiteralLike(given) || ts.isTemplateExpression(given));
}

function guardOf(analysis: Analysis, argument: ts.Expression): Guard | undefined {
  if (runtimeName(analysis, argument)?.file === 'routing') return 'routing';
  const auth = analysis.project.app.authMiddleware;
  const named = ts.isCallExpression(argument) ? argument.expression : argument;
  return named.getText() === auth ||
    named.getText().startsWith(`${auth}.`) ||
    named.getText().endsWith(`.${auth}`)
    ? 'authentication'
    : undefined;
}

/** Where a call stands; one inside a function stands where that is called, if it is seen to be. */
function orderOf(analysis: Analysis, call: ts.Node, seen: ReadonlySet<ts.Node>): number[] {
  const [around] = enclosingFunctions(call);
  const caller = around && !seen.has(around) ? analysis.calls.get(around)?.calls[0] : undefined;
  return around === undefined || caller === undefined
    ? [call.end]
    : [...orderOf(analysis, caller, new Set([...seen, around])), call.end];
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

/** True where whoever reaches one mount has passed the other one, which stands on the same router. */
export function isBehind(mount: Mount, guard: Mount): boolean {
  if (mount.call === guard.call) return before(guard.order, mount.order);
  const isForAll = memberName(guard.call.expression) === 'use';
  const isHere = guard.condition === undefined || isInside(mount.call, guard.condition);
  const isSame = guard.on.some((one) => mount.on.includes(one));
  return (
    isForAll && isHere && isSame && before(guard.order, mount.order) && coversPath(guard.path, mount.path)
  );
}

function before(one: readonly number[], other: readonly number[]): boolean {
  for (let index = 0; index < Math.min(one.length, other.length); index += 1) {
    const [a = 0, b = 0] = [one[index], other[index]];
    if (a !== b) return a < b;
  }
  return one.length < other.length;
}

function coversPath(guard: ts.Expression | undefined, mount: ts.Expression | undefined): boolean {
  if (guard === undefined) return true;
  if (mount === undefined) return false;
  if (!ts.isStringLiteralLike(guard) || !ts.isStringLiteralLike(mount)) {
    const [prefix, path] = [guard.getText(), mount.getText()];
    return path === prefix || path.startsWith(`\`\${${prefix}}/`);
  }
  const prefix = guard.text.replace(/\/$/, '');
  return mount.text === prefix || mount.text.startsWith(`${prefix}/`);
}

import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { enclosingFunctions, isAsync, isInside, memberName, unwrap } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import { returnsOf } from '../../project/values/returned.js';
import { callersOf, nameOf } from '../planning/callers.js';
import type { Drafts } from '../planning/draft.js';
import { reportHandedOn } from '../planning/handed-on.js';

/** Methods of a model that answer at once. */
const SYNCHRONOUS = new Set([
  'build',
  'bulkBuild',
  'scope',
  'unscoped',
  'schema',
  'getTableName',
  'getAttributes',
]);
const CHAINED = new Set(['then', 'catch', 'finally']);

/** What a function that is not async gives its callers: always a promise, never anything, or something else. */
export function resultOf(analysis: Analysis, owner: FunctionNode): 'promise' | 'nothing' | 'value' {
  if (isAsync(owner)) return 'promise';
  const { body } = owner;
  if (body === undefined) return 'value';
  const isPromise = (node: ts.Expression): boolean => givesPromise(analysis, node);
  if (!ts.isBlock(body)) return isPromise(body) ? 'promise' : 'value';
  const returned = returnsOf(owner).map(({ expression }) => expression);
  const [only, ...more] = body.statements;
  if (returned.length === 0)
    return only !== undefined && ts.isExpressionStatement(only) && more.length === 0 ? 'nothing' : 'value';
  const isAlways =
    returned.every((one) => one !== undefined && isPromise(one)) && isClosed(body.statements.at(-1));
  return isAlways ? 'promise' : 'value';
}

function givesPromise(analysis: Analysis, expression: ts.Expression): boolean {
  const node = unwrap(expression);
  if (ts.isConditionalExpression(node))
    return givesPromise(analysis, node.whenTrue) && givesPromise(analysis, node.whenFalse);
  if (ts.isNewExpression(node)) return node.expression.getText() === 'Promise';
  if (!ts.isCallExpression(node)) return false;
  const method = memberName(node.expression) ?? '';
  if (ts.isPropertyAccessExpression(node.expression)) {
    const receiver = node.expression.expression;
    const kind = analysis.evaluator.valueOf(receiver)?.kind;
    if (CHAINED.has(method) || receiver.getText() === 'Promise') return true;
    if (kind === 'model') return !SYNCHRONOUS.has(method);
    if (kind === 'connection') return method === 'query' || method === 'transaction';
  }
  const called = analysis.evaluator.valueOf(node.expression);
  return called?.kind === 'function' && isAsync(called.node);
}

/** True for a statement that no way leads past. */
function isClosed(statement: ts.Statement | undefined): boolean {
  if (statement === undefined) return false;
  if (ts.isBlock(statement)) return isClosed(statement.statements.at(-1));
  if (ts.isIfStatement(statement))
    return isClosed(statement.thenStatement) && isClosed(statement.elseStatement);
  return ts.isReturnStatement(statement) || ts.isThrowStatement(statement);
}

/**
 * Every caller must wait for a function that becomes async, where it did not give a promise before. What hands the
 * result on without waiting is asked the same; the other callers are left to awaitCalls().
 */
export function requireAwaited(drafts: Drafts, owner: FunctionNode, seen = new Set<FunctionNode>()): void {
  if (seen.has(owner)) return;
  seen.add(owner);
  const [origin = owner] = seen; // the one that becomes async, and so is the one to leave
  const result = resultOf(drafts.analysis, owner);
  if (result === 'promise') return;
  const file = owner.getSourceFile();
  const { calls, escapes } = callersOf(drafts, owner);
  for (const handedOn of escapes) drafts.link(file, handedOn.getSourceFile());
  reportHandedOn(drafts, owner, origin, { one: 'becomes async', many: 'become async' }, escapes);
  for (const call of calls) {
    drafts.link(file, call.getSourceFile());
    if (result === 'nothing' && ts.isExpressionStatement(call.parent)) continue;
    if (isAwaited(call)) continue;
    const [around] = enclosingFunctions(call);
    if (around !== undefined && isReturned(call, around)) {
      if (isAsync(around) || isCollected(around)) continue;
      if (drafts.analysis.calls.has(around)) {
        requireAwaited(drafts, around, seen);
        continue;
      }
    }
    drafts.unawaited.set(call, { name: nameOf(owner), origin });
  }
}

/** Once it is known which functions become async: puts `await` where they call such a function, and reports the others. */
export function awaitCalls(drafts: Drafts): void {
  for (const [call, { name, origin }] of drafts.unawaited) {
    const draft = drafts.of(call.getSourceFile());
    const [around] = enclosingFunctions(call);
    const canAwait =
      around !== undefined && isInBody(call, around) && (isAsync(around) || draft.becomeAsync.has(around));
    if (canAwait) {
      if (!isReturned(call, around)) putAwait(drafts, call);
      continue;
    }
    draft.problem(
      'CODE_RESULT_NOT_AWAITED',
      call,
      `${name} becomes async, and its result is not awaited here`,
      name,
      origin,
    );
  }
}

function putAwait(drafts: Drafts, call: ts.CallExpression): void {
  const draft = drafts.of(call.getSourceFile());
  const { parent } = call;
  const isOperand =
    (ts.isPropertyAccessExpression(parent) ||
      ts.isElementAccessExpression(parent) ||
      ts.isCallExpression(parent)) &&
    parent.expression === call;
  const start = call.getStart(draft.file);
  draft.insert(start, isOperand ? '(await ' : 'await ');
  if (isOperand) draft.insert(call.end, ')');
}

function isInBody(node: ts.Node, owner: FunctionNode): boolean {
  return owner.body !== undefined && isInside(node, owner.body);
}

/** `await f()`, `f().then(…)`, `Promise.all([f()])`. */
function isAwaited(call: ts.CallExpression): boolean {
  const { parent } = call;
  if (ts.isAwaitExpression(parent)) return true;
  if (ts.isArrayLiteralExpression(parent)) return isPromiseCall(parent.parent);
  return ts.isPropertyAccessExpression(parent) && CHAINED.has(parent.name.text);
}

function isReturned(call: ts.CallExpression, around: FunctionNode): boolean {
  return ts.isReturnStatement(call.parent) || (ts.isArrowFunction(around) && around.body === call);
}

/** True for the callback of `.then(…)`, and of `Promise.all(list.map(…))`, whose promises are waited for. */
function isCollected(callback: FunctionNode): boolean {
  const call = callback.parent;
  if (!ts.isCallExpression(call) || !call.arguments.some((one) => one === callback)) return false;
  const name = memberName(call.expression) ?? '';
  return CHAINED.has(name) || (/^(map|flatMap)$/.test(name) && isPromiseCall(call.parent));
}

function isPromiseCall(node: ts.Node): boolean {
  return ts.isCallExpression(node) && /^Promise\.(all|allSettled|race|any)$/.test(node.expression.getText());
}

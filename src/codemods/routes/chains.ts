import { ts } from 'ts-morph';
import type { CallGraph } from '../../project/calls/call-graph.js';
import type { Use } from '../../project/calls/uses.js';
import { enclosingFunctions, isAsync, isFunctionNode, memberName } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import type { Draft } from '../planning/draft.js';
import { isHidden } from '../planning/names.js';
import { indentAt, lineStart } from '../writing/edits.js';
import {
  getModelCall,
  indentLines,
  isTried,
  namesIn,
  obtainModels,
  type Spelling,
  tryAround,
  type Wanted,
} from './obtain-models.js';

/**
 * Obtains models inside the promise chains and the async callbacks that use them, so that the `catch` that hears of a
 * failing query hears of a failing getModel too: `getModel(…).then((Patient) => Patient.findAll()).then(…).catch(next)`.
 * Returns what the function itself has to obtain: models that are used elsewhere too, or where nothing would catch.
 */
export function obtainInChains(
  draft: Draft,
  calls: CallGraph,
  owner: FunctionNode,
  wanted: readonly Wanted[],
  spelling: Spelling,
): Wanted[] {
  const queries = queriesOf(wanted);
  const inQueries = new Map<ts.CallExpression, Wanted[]>();
  const inFunctions = new Map<FunctionNode, Wanted[]>();
  const left: Wanted[] = [];
  for (const one of wanted) {
    const names = namesIn([one], spelling);
    const places = new Map<ts.CallExpression | FunctionNode, Use[]>();
    const others: Use[] = [];
    for (const use of one.uses) {
      const place = placeOf(use, owner, queries, calls);
      const at = place !== undefined && isFunctionNode(place) ? (place.body ?? place) : place;
      if (place === undefined || at === undefined || names.some((name) => isHidden(at, name, owner)))
        others.push(use);
      else places.set(place, [...(places.get(place) ?? []), use]);
    }
    if (others.some((use) => !isTried(tryAround(use.node, owner)))) {
      left.push(one);
      continue;
    }
    if (others.length > 0) left.push({ ...one, uses: others });
    for (const [place, uses] of places) {
      if (ts.isCallExpression(place)) inQueries.set(place, [...(inQueries.get(place) ?? []), one]);
      else inFunctions.set(place, [...(inFunctions.get(place) ?? []), { ...one, uses }]);
    }
  }
  for (const [query, models] of inQueries) obtainBefore(draft, query, models, spelling);
  for (const [node, models] of inFunctions) obtainModels(draft, node, models, spelling);
  return left;
}

/**
 * The calls that end in a promise, if anything about a use does: `Patient.scope('active').findAll()`, which begins
 * with it, or `paginate(Patient)`, which is given it.
 */
function queriesOf(wanted: readonly Wanted[]): ReadonlySet<ts.CallExpression> {
  const queries = new Set<ts.CallExpression>();
  for (const { node } of wanted.flatMap(({ uses }) => uses)) {
    let at: ts.Expression = linkOf(node) ?? callGiven(node) ?? node;
    for (let link = linkOf(at); link !== undefined && !isPromiseMethod(link); link = linkOf(at)) at = link;
    if (ts.isCallExpression(at)) queries.add(at);
  }
  return queries;
}

/** The nearest call that has the node among its arguments, no function between them. */
function callGiven(node: ts.Node): ts.CallExpression | undefined {
  const [inner] = enclosingFunctions(node);
  for (let at = node; at.parent !== undefined && at !== inner; at = at.parent)
    if (ts.isCallExpression(at.parent) && at.parent.expression !== at) return at.parent;
  return undefined;
}

/** `x.method(…)` around x. */
function linkOf(node: ts.Expression): ts.CallExpression | undefined {
  const { parent } = node;
  const isObject = ts.isPropertyAccessExpression(parent) && parent.expression === node;
  return isObject && ts.isCallExpression(parent.parent) && parent.parent.expression === parent
    ? parent.parent
    : undefined;
}

function isPromiseMethod(call: ts.CallExpression): boolean {
  return ['then', 'catch', 'finally'].includes(memberName(call.expression) ?? '');
}

/** The query, or the async function inside the owner, that can obtain the model of a use; undefined where neither can. */
function placeOf(
  use: Use,
  owner: FunctionNode,
  queries: ReadonlySet<ts.CallExpression>,
  calls: CallGraph,
): ts.CallExpression | FunctionNode | undefined {
  if (isAsync(owner) && tryAround(use.node, owner) !== undefined) return undefined;
  const around = enclosingFunctions(use.node);
  const inner = around.slice(0, around.indexOf(owner)).find(isAsync);
  if (inner !== undefined) return isAnsweredIn(use, inner, owner, calls) ? inner : undefined;
  const query = queryAround(use, owner, queries);
  return query !== undefined && isAnswered(query, owner) ? query : undefined;
}

/** True where the async function itself catches, or a chain that it is a callback of, or a `try` around all its calls. */
function isAnsweredIn(use: Use, inner: FunctionNode, owner: FunctionNode, calls: CallGraph): boolean {
  const call = carrierOf(inner);
  const callers = calls.get(inner);
  const isCalledInTry =
    callers !== undefined &&
    callers.calls.length > 0 &&
    callers.escapes.length === 0 &&
    callers.calls.every((one) => isTried(tryAround(one, owner)));
  return (
    isCalledInTry || isTried(tryAround(use.node, inner)) || (call !== undefined && isAnswered(call, owner))
  );
}

/** The query that begins with the use, or that has it among its arguments. */
function queryAround(
  use: Use,
  owner: FunctionNode,
  queries: ReadonlySet<ts.CallExpression>,
): ts.CallExpression | undefined {
  const [inner] = enclosingFunctions(use.node);
  let found: ts.CallExpression | undefined;
  for (let at: ts.Node = use.node; at !== inner && at !== owner && at !== undefined; at = at.parent)
    if (ts.isCallExpression(at) && queries.has(at)) found = at;
  return found;
}

/** True where a `catch` of the function, or a second function given to `then`, hears of the promise's failure. */
function isAnswered(promise: ts.Node, owner: FunctionNode): boolean {
  let isCaught = false;
  for (let at: ts.Node | undefined = promise; at !== undefined && at !== owner; ) {
    const link: ts.CallExpression | undefined = ts.isExpression(at) ? linkOf(at) : undefined;
    if (link === undefined && isCaught) return true;
    if (link !== undefined) {
      const name = memberName(link.expression);
      // Anything else, and a `catch` with a filter, is of Bluebird's promises, which getModel's is none of.
      if (!isPromiseMethod(link) || (name === 'catch' && link.arguments.length !== 1)) return false;
      if (name === 'catch' || (name === 'then' && link.arguments.length > 1)) isCaught = true;
    }
    at = link ?? carrierAround(at, owner);
  }
  return false;
}

/** The promise that fails when one that stands here does, within the function. */
function carrierAround(node: ts.Node, owner: FunctionNode): ts.Node | undefined {
  const { parent } = node;
  if (ts.isParenthesizedExpression(parent)) return parent;
  if (ts.isConditionalExpression(parent)) return parent.condition === node ? undefined : parent;
  if (ts.isArrayLiteralExpression(parent)) return parent;
  if (ts.isCallExpression(parent) && parent.expression !== node)
    return /^Promise\.(all|resolve)$/.test(parent.expression.getText()) ? parent : undefined;
  const isResult = ts.isReturnStatement(parent) || ts.isAwaitExpression(parent) || ts.isArrowFunction(parent);
  const [inner] = enclosingFunctions(node);
  return isResult && inner !== undefined && inner !== owner ? carrierOf(inner) : undefined;
}

/** The call whose promise a callback's own one is part of. */
function carrierOf(callback: FunctionNode): ts.CallExpression | undefined {
  const call = callback.parent;
  if (!ts.isCallExpression(call) || call.expression === callback) return undefined;
  const name = memberName(call.expression);
  return isPromiseMethod(call) || name === 'map' || name === 'transaction' ? call : undefined;
}

/** `getModel(…).then((Patient) => query)`. */
function obtainBefore(
  draft: Draft,
  query: ts.CallExpression,
  wanted: readonly Wanted[],
  spelling: Spelling,
): void {
  const { file, style } = draft;
  const start = query.getStart(file);
  const gap = /^\s*(?=\.\s*(?:then|catch|finally)\b)/.exec(file.text.slice(query.end))?.[0] ?? '';
  const isOnOwnLine = gap.includes('\n');
  const calls = wanted.map((one) => getModelCall(draft, one, spelling));
  const names = wanted.map(({ local }) => local).join(', ');
  const outer = indentAt(file.text, start);
  const list = calls.map((call) => `${outer}${style.indent}${call}`).join(',\n');
  const [only] = calls;
  const models = calls.length === 1 ? only : `Promise.all([\n${list}\n${outer}])`;
  const given = calls.length === 1 ? names : `[${names}]`;
  const lead = `${models}${gap}.then((${given}) =>`;
  const base = isOnOwnLine ? gap.replace(/^.*\n/s, '') : outer;
  const isApart = isTooWide(draft, query, lead) || /^[^\n]*\n\s*\./.test(query.getText(file));
  draft.insert(start, isApart ? `${lead}\n${base}${style.indent}` : `${lead} `);
  indentLines(draft, start, query.end, style.indent.repeat(Number(isOnOwnLine) + Number(isApart)));
  draft.insert(query.end, isApart ? `\n${base})` : ')');
}

/** True for a query of one line that would not fit into it between the text and what follows; a tab is as wide as two blanks. */
function isTooWide({ file }: Draft, query: ts.CallExpression, lead: string): boolean {
  const text = query.getText(file);
  const start = query.getStart(file);
  const line = lead.includes('\n')
    ? lead.replace(/^.*\n/s, '')
    : file.text.slice(lineStart(file.text, start), start) + lead;
  const rest = lead.includes('\n') ? '' : file.text.slice(query.end).replace(/\r?\n.*/s, '');
  return !text.includes('\n') && (line + text + rest).replaceAll('\t', '  ').length > 120;
}

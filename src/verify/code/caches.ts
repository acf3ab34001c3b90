import { ts } from 'ts-morph';
import type { AppConfig } from '../../config/types.js';
import { hasWord } from '../../core/words.js';
import type { Analysis } from '../../project/analysis.js';
import { ownerOf } from '../../project/calls/handlers.js';
import { descendants, isFunctionNode, memberName, unwrap } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import type { Assigned } from './assigned.js';
import type { ConnectionSources } from './connection-source.js';
import { classesOfRequests, outlives } from './outliving.js';
import { type Problem, problem } from './words.js';

/** Methods of maps, lists, cache clients and queues that put something in; how many of the arguments are the key. */
const FILLING = new Map([
  ...['set', 'setex', 'setEx', 'psetex', 'put', 'hset', 'hSet', 'hmset', 'setItem'].map(
    (name) => [name, 1] as const,
  ),
  ...['add', 'push', 'unshift', 'lpush', 'rpush', 'lPush', 'rPush', 'sadd', 'sAdd', 'zadd', 'zAdd'].map(
    (name) => [name, Number.POSITIVE_INFINITY] as const,
  ),
]);

/** Places in memory, caches and queues that a function with a clinic fills, where nothing says which clinic it was. */
export function cacheProblems(analysis: Analysis, sources: ConnectionSources): Problem[] {
  const ofRequests = classesOfRequests(analysis);
  const names = clinicNames(analysis.project.app);
  const isShared = (place: ts.Expression): boolean =>
    hasClinic(place, analysis.project.app) &&
    outlives(analysis, ofRequests, place) &&
    !namesClinic(analysis, names, place);
  const told = (place: ts.Expression, by: ts.Node): Problem =>
    problem(
      'ISOLATION_CACHE',
      by,
      `${shown(place)} is shared by all clinics, and nothing in its key names one`,
    );
  const assigned = sources.assignments.all
    .filter(({ left, right }) => !isPlain(right) && isShared(left))
    .map(({ node, left }: Assigned) => told(left, node));
  const filled = [...analysis.uses.keys()].flatMap((file) =>
    descendants(file, ts.isCallExpression).flatMap((call) => {
      const count = FILLING.get(memberName(call.expression) ?? '');
      // `app.put('/path', …)` is a route.
      const isRoute = analysis.routing.by(call).length > 0;
      if (count === undefined || isRoute || !ts.isPropertyAccessExpression(call.expression)) return [];
      const place = call.expression.expression;
      const isNamed = call.arguments.slice(0, count).some((one) => namesClinic(analysis, names, one));
      return isNamed || !isShared(place) ? [] : [told(place, call)];
    }),
  );
  return [...assigned, ...filled];
}

/** What a name is likely to have in it that says which clinic: `clinic`, or the end of the clinic's id on the request. */
function clinicNames({ clinicId, clinicDb }: AppConfig): RegExp {
  const last = [clinicId, clinicDb].map((path) => path.split('.').at(-1) ?? path);
  const escaped = last.map((name) => name.replace(/[^\p{ID_Continue}]/gu, '\\$&'));
  return new RegExp(`clinic|tenant|${escaped.join('|')}`, 'iu');
}

/** True inside a function that speaks of a clinic's connection: what it keeps is likely to be the clinic's. */
function hasClinic(node: ts.Node, { clinicDb }: AppConfig): boolean {
  const text = ownerOf(node)?.getText() ?? '';
  return hasWord(text, 'clinicDb') || hasWord(text, clinicDb.split('.').at(-1) ?? clinicDb);
}

/** True where an expression, or a constant that it is made of, has the clinic in it. */
function namesClinic({ evaluator }: Analysis, names: RegExp, expression: ts.Expression): boolean {
  const seen = new Set<ts.Node>();
  const queue: ts.Node[] = [expression];
  for (const node of queue) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (names.test(node.getText())) return true;
    for (const name of ts.isIdentifier(node) ? [node] : descendants(node, ts.isIdentifier)) {
      const declaration = evaluator.declarationOf(name);
      const value =
        declaration !== undefined && ts.isVariableDeclaration(declaration)
          ? declaration.initializer
          : undefined;
      // A row was asked of its clinic's connection, and does not say so.
      if (value !== undefined && !isAwaited(value)) queue.push(value);
    }
  }
  return false;
}

function isAwaited(value: ts.Expression): boolean {
  return ts.isAwaitExpression(value) || descendants(value, ts.isAwaitExpression).length > 0;
}

/** True for what tells nothing of a clinic's rows but their number: a literal, a function, a new and empty container. */
function isPlain(value: ts.Expression): boolean {
  const node = unwrap(value);
  if (ts.isNewExpression(node)) return (node.arguments ?? []).length === 0;
  if (ts.isArrayLiteralExpression(node)) return node.elements.every(isPlain);
  if (ts.isObjectLiteralExpression(node)) return node.properties.length === 0;
  return (
    isFunctionNode(node) ||
    memberName(node) === 'length' ||
    ts.isLiteralExpression(node) ||
    ts.isPrefixUnaryExpression(node) ||
    /^(true|false|null|undefined)$/.test(node.getText())
  );
}

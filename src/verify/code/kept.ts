import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { descendants, memberName, unwrap } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import { namesIn } from './assigned.js';
import type { ConnectionSources } from './connection-source.js';
import { classesOfRequests, outlives } from './outliving.js';
import { type Problem, problem } from './words.js';

const FILLING = new Set(['set', 'push', 'add', 'unshift']);

/** Models and connections of one request that are put where the next request finds them. */
export function keptProblems(analysis: Analysis, sources: ConnectionSources): Problem[] {
  const ofRequests = classesOfRequests(analysis);
  const isOfClinic = (expression: ts.Expression): boolean => holdsClinic(analysis, sources, expression, 0);
  const assigned = sources.assignments.all.flatMap(({ node, left, right }) => {
    const names = namesIn(left);
    const places: readonly ts.Expression[] = names.length > 0 ? names : [left];
    const place = places.find((one) => outlives(analysis, ofRequests, one));
    return place === undefined || !isOfClinic(right)
      ? []
      : [problem('ISOLATION_KEPT', node, `${shown(place)} keeps ${shown(right)} beyond the request`)];
  });
  const filled = [...analysis.uses.keys()].flatMap((file) =>
    descendants(file, ts.isCallExpression).flatMap((call) => {
      const isObject = call.expression.getText() === 'Object.assign';
      const receiver = isObject
        ? call.arguments[0]
        : ts.isPropertyAccessExpression(call.expression) && FILLING.has(memberName(call.expression) ?? '')
          ? call.expression.expression
          : undefined;
      if (
        receiver === undefined ||
        !outlives(analysis, ofRequests, receiver) ||
        !call.arguments.some(isOfClinic)
      )
        return [];
      return [
        problem(
          'ISOLATION_KEPT',
          call,
          `${shown(receiver)} keeps a clinic's model or connection beyond the request`,
        ),
      ];
    }),
  );
  return [...assigned, ...filled];
}

/** True for a clinic's connection or model, the request, and whatever is made of one of them. */
function holdsClinic(
  analysis: Analysis,
  sources: ConnectionSources,
  expression: ts.Expression,
  depth: number,
): boolean {
  const node = unwrap(expression);
  const again = (one: ts.Expression): boolean => depth < 8 && holdsClinic(analysis, sources, one, depth + 1);
  if (sources.requests.is(node) || sources.of(node).some(({ home }) => home === 'clinic')) return true;
  if (ts.isConditionalExpression(node)) return again(node.whenTrue) || again(node.whenFalse);
  if (ts.isBinaryExpression(node)) return again(node.left) || again(node.right);
  if (ts.isArrayLiteralExpression(node)) return node.elements.some(again);
  if (ts.isObjectLiteralExpression(node))
    return node.properties.some((one) =>
      ts.isPropertyAssignment(one)
        ? again(one.initializer)
        : ts.isShorthandPropertyAssignment(one)
          ? again(one.name)
          : ts.isSpreadAssignment(one) && again(one.expression),
    );
  if (ts.isNewExpression(node)) return (node.arguments ?? []).some(again);
  if (ts.isCallExpression(node)) {
    if (node.expression.getText() === 'Promise.all') return node.arguments.some(again);
    const [connection] = node.arguments;
    return (
      analysis.evaluator.valueOf(node.expression)?.kind === 'getModel' &&
      (connection === undefined || sources.of(connection).some(({ home }) => home !== 'central'))
    );
  }
  const declaration = ts.isIdentifier(node) ? analysis.evaluator.declarationOf(node) : undefined;
  if (declaration === undefined) return false;
  if (ts.isVariableDeclaration(declaration))
    return declaration.initializer !== undefined && again(declaration.initializer);
  const holder = ts.isBindingElement(declaration) ? declaration.parent.parent : undefined;
  const isModel =
    ts.isBindingElement(declaration) &&
    analysis.evaluator.valueOfDeclaration(declaration)?.kind === 'migrated';
  return (
    isModel &&
    holder !== undefined &&
    ts.isVariableDeclaration(holder) &&
    holder.initializer !== undefined &&
    again(holder.initializer)
  );
}

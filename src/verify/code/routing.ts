import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { ownerOf, requestOf } from '../../project/calls/handlers.js';
import { descendants, memberName } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import type { FunctionNode } from '../../project/types.js';
import { type Problem, problem } from './words.js';

const ROUTING = 'clinicRoutingMiddleware';

/** Every handler that uses its clinic's connection must stand behind the routing, and that behind authentication. */
export function routingProblems(analysis: Analysis): Problem[] {
  const { routing } = analysis;
  const { mounts, guarded } = routing;
  const routes = [...handlersWithClinic(analysis)].flatMap(([owner, node]) => {
    const places = routing.placesOf(owner);
    const isHelper = places.length === 0 && (analysis.calls.get(owner)?.calls.length ?? 0) > 0;
    if (places.length === 0 && !isHelper)
      return [
        problem(
          'ISOLATION_ROUTING',
          node,
          `no route is seen to lead here, so nothing says whether ${shown(node)} is set`,
        ),
      ];
    return places
      .filter((place) => !guarded.is(place, 'routing'))
      .map((place) =>
        problem(
          'ISOLATION_ROUTING',
          place.call,
          `this route uses ${shown(node)} and is not mounted after ${ROUTING}`,
        ),
      );
  });
  const auth = analysis.project.app.authMiddleware;
  const early = mounts
    .filter((mount) => mount.guard === 'routing' && !guarded.is(mount, 'authentication'))
    .map(({ call }) =>
      problem('ISOLATION_ROUTING', call, `${ROUTING} is not mounted after ${auth}, so it knows no clinic`),
    );
  return [...routes, ...early];
}

/** Functions that see the request and use its connection, or call one that does, with the first place where they do. */
function handlersWithClinic({ project, uses, calls }: Analysis): Map<FunctionNode, ts.Node> {
  const property = project.app.clinicDb.split('.').at(-1) ?? '';
  const found = new Map<FunctionNode, ts.Node>();
  const add = (node: ts.Node): void => {
    const owner = ownerOf(node);
    if (owner === undefined || requestOf(owner) === undefined || found.has(owner)) return;
    found.set(owner, node);
    for (const call of calls.get(owner)?.calls ?? []) add(call);
  };
  for (const file of uses.keys()) {
    if (!file.text.includes(property)) continue;
    for (const node of descendants(file, isMember)) if (isNamedFor(node, property)) add(node);
  }
  return found;
}

type Member = ts.PropertyAccessExpression | ts.ElementAccessExpression | ts.BindingElement;

function isMember(node: ts.Node): node is Member {
  return (
    ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node) || ts.isBindingElement(node)
  );
}

function isNamedFor(node: Member, property: string): boolean {
  if (!ts.isBindingElement(node)) return memberName(node) === property;
  return ts.isObjectBindingPattern(node.parent) && (node.propertyName ?? node.name).getText() === property;
}

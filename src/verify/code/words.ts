import { ts } from 'ts-morph';
import type { Finding } from '../../core/finding.js';
import type { FindingCode } from '../../core/finding-codes.js';
import { locationOf, memberName } from '../../project/nodes.js';
import { isRouteCall } from '../../project/owners.js';

/** A finding of severity error at a node; the subject is the route around it, where there is one. */
export function problem(code: FindingCode, node: ts.Node, message: string, subject?: string): Finding {
  const about = subject ?? routeAround(node);
  return {
    code,
    severity: 'error',
    message,
    location: locationOf(node),
    ...(about === undefined ? {} : { subject: about }),
  };
}

/** `GET /:id` for a node inside `router.get('/:id', …)`. */
function routeAround(node: ts.Node): string | undefined {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (!ts.isCallExpression(at) || !isRouteCall(at)) continue;
    const [path] = at.arguments;
    if (path !== undefined && ts.isStringLiteralLike(path))
      return `${memberName(at.expression)?.toUpperCase()} ${path.text}`;
  }
  return undefined;
}

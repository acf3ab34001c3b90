import { ts } from 'ts-morph';
import type { Mount } from '../../project/routing/mounts.js';
import { enclosingFunctions, memberName } from '../../project/source/nodes.js';

/** Names what a place of the source serves: `GET /api/v1/patients/:id`, else the function that it is in. */
export function subjectsOf(mounts: readonly Mount[]): (node: ts.Node) => string | undefined {
  const byCall = new Map(mounts.map((mount) => [mount.call, mount] as const));
  const prefixOf = (mount: Mount, depth = 0): string => {
    const [key] = mount.on;
    const place =
      depth > 8 ? undefined : mounts.find(({ routers }) => key !== undefined && routers.includes(key));
    return place === undefined ? '' : `${prefixOf(place, depth + 1)}${textOf(place.path)}`;
  };
  const routeOf = (mount: Mount): string => {
    const path = `${prefixOf(mount)}${textOf(mount.path)}`.replace(/\/+/g, '/').replace(/(?<=.)\/$/, '');
    return `${memberName(mount.call.expression)?.toUpperCase()} ${path || '/'}`;
  };
  return (node) => {
    for (let at = node; at !== undefined; at = at.parent) {
      const mount = ts.isCallExpression(at) ? byCall.get(at) : undefined;
      if (mount?.path !== undefined) return routeOf(mount);
    }
    const around = enclosingFunctions(node);
    const mount = mounts.find(({ handlers }) => around.some((one) => handlers.includes(one)));
    if (mount?.path !== undefined) return routeOf(mount);
    return around.map(nameOf).find((name) => name !== undefined);
  };
}

function textOf(path: ts.Expression | undefined): string {
  if (path === undefined) return '';
  return ts.isStringLiteralLike(path) ? path.text : path.getText();
}

function nameOf(node: ts.Node): string | undefined {
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) return node.name?.getText();
  const { parent } = node;
  return parent !== undefined && ts.isVariableDeclaration(parent) ? parent.name.getText() : undefined;
}

import { ts } from 'ts-morph';
import { enclosingFunctions, memberName } from '../source/nodes.js';
import type { FunctionNode } from '../types.js';
import { isHandedOut } from '../values/returned.js';

/** How a function gets at the request. */
export type RequestAccess =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'pattern'; readonly pattern: ts.ObjectBindingPattern }
  /** express-validator offers `{ req }` as the second argument, and the function does not take it yet. */
  | { readonly kind: 'offered' };

const REQUEST = /^_?(req|request)$/;
const RESPONSE = /^_?(res|response)$/;
/** First parameters of callbacks that are no handlers, `cache.get(key, (err, text) => …)`, `io.use((socket, next) => …)`. */
const NO_REQUEST = /^_?(e|er|err|error|socket)$/i;
const ROUTING = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'all', 'use', 'param']);

/**
 * The function that must obtain the models its body uses: the outermost one around the node that sees the
 * request; else the outermost one of all, or the one inside that a factory hands out. Undefined at module scope.
 */
export function ownerOf(node: ts.Node): FunctionNode | undefined {
  const around = enclosingFunctions(node);
  const seeing = around.findLast((one) => requestOf(one) !== undefined);
  if (seeing !== undefined) return seeing;
  let owner = around.pop();
  for (let inner = around.pop(); owner && inner && isHandedOut(inner, owner); inner = around.pop())
    owner = inner;
  return owner;
}

/** How a function sees the request: by a parameter named for it, or by its place in a route. */
export function requestOf(node: FunctionNode): RequestAccess | undefined {
  for (const { name, type } of node.parameters) {
    if (ts.isIdentifier(name) && (REQUEST.test(name.text) || isRequestType(type)))
      return { kind: 'name', name: name.text };
    // express-validator hands on `(value, { req })`
    if (ts.isObjectBindingPattern(name) && name.elements.some((element) => element.name.getText() === 'req'))
      return { kind: 'name', name: 'req' };
  }
  const [first, second] = node.parameters;
  if (first !== undefined && isValidator(node))
    return second !== undefined && ts.isIdentifier(second.name)
      ? { kind: 'name', name: `${second.name.text}.req` }
      : { kind: 'offered' };
  if (first === undefined || second === undefined) return undefined;
  if (ts.isIdentifier(first.name))
    return isRouteArgument(node) && !NO_REQUEST.test(first.name.text)
      ? { kind: 'name', name: first.name.text }
      : undefined;
  const answers = ts.isIdentifier(second.name) && RESPONSE.test(second.name.text);
  return ts.isObjectBindingPattern(first.name) && (answers || isRouteArgument(node))
    ? { kind: 'pattern', pattern: first.name }
    : undefined;
}

/** True for Express's own type, and not for that of fetch(). */
function isRequestType(type: ts.TypeNode | undefined): boolean {
  return (
    type !== undefined &&
    /^(express\.)?Request\b/.test(type.getText()) &&
    /from\s*['"]express['"]/.test(type.getSourceFile().text)
  );
}

/** True for `body('name').custom((value) => …)`. */
function isValidator({ parent }: FunctionNode): boolean {
  return (
    ts.isCallExpression(parent) &&
    /^custom(Sanitizer)?$/.test(memberName(parent.expression) ?? '') &&
    parent.getSourceFile().text.includes('express-validator')
  );
}

/** True for `(req, res) => …`: a function that Express calls, unlike a helper that is given the request alone. */
export function isHandler(node: FunctionNode): boolean {
  return requestOf(node) !== undefined && node.parameters.length > 1;
}

/** True for a function written into `router.get('/path', …)`, be it in an array or a wrapper. */
export function isRouteArgument(node: ts.Node): boolean {
  let at = node.parent;
  for (let depth = 0; depth < 3 && at !== undefined; depth += 1, at = at.parent) {
    if (ts.isCallExpression(at) && isRouteCall(at)) return true;
    if (!ts.isCallExpression(at) && !ts.isArrayLiteralExpression(at)) return false;
  }
  return false;
}

/** `x.get('/path', …)`, `x.use(…)`, `x.route('/path').get(…)`. */
export function isRouteCall(node: ts.CallExpression): boolean {
  const name = memberName(node.expression);
  if (name === undefined || !ROUTING.has(name) || !ts.isPropertyAccessExpression(node.expression))
    return false;
  const [first] = node.arguments;
  if (first === undefined) return false;
  return (
    name === 'use' || node.arguments.length > 1 || /\.route\s*\(/.test(node.expression.expression.getText())
  );
}

import { ts } from 'ts-morph';
import { isFunctionNode, memberName, requiredSpecifier, rootOf, unwrap } from '../source/nodes.js';
import type { FunctionNode } from '../types.js';
import type { Definitions } from './definitions.js';
import type { RouterKey, Routers } from './routers.js';

/** The functions and routers that an argument of a route call brings in. */
export interface Targets {
  readonly handlers: readonly FunctionNode[];
  readonly routers: readonly RouterKey[];
  /** True where the source does not tell what is mounted. */
  readonly isUnknown: boolean;
}

const NONE: Targets = { handlers: [], routers: [], isUnknown: false };

/** What an argument brings in, through constants, wrappers and what is bound. */
export function targetsOf(definitions: Definitions, routers: Routers, argument: ts.Expression): Targets {
  const { evaluator } = definitions;
  const node = unwrap(argument);
  const written = definitions.of(node);
  if (isFunctionNode(written)) return { ...NONE, handlers: [written] };
  const value = evaluator.valueOf(node);
  const own = value?.kind === 'function' ? [value.node] : [];
  // What the application's own `wrap(handler)` returns calls what it was given.
  if (own.length > 0) return { ...NONE, handlers: [...own, ...givenTo(definitions, routers, written)] };
  const found = routers.of(node);
  if (found.length > 0) return { ...NONE, routers: found };
  if (!ts.isCallExpression(written)) return { ...NONE, isUnknown: !isOfPackage(definitions, written) };
  if (memberName(written.expression) === 'bind' && ts.isPropertyAccessExpression(written.expression))
    return targetsOf(definitions, routers, written.expression.expression);
  if (requiredSpecifier(written) !== undefined)
    return { ...NONE, isUnknown: !isOfPackage(definitions, written) };
  const callee = evaluator.valueOf(written.expression);
  const maker = callee?.kind === 'function' ? [callee.node] : [];
  const handlers = [...maker, ...givenTo(definitions, routers, written)];
  return { ...NONE, handlers, isUnknown: handlers.length === 0 && !isOfPackage(definitions, written) };
}

/** The handlers among the arguments of a wrapper. */
function givenTo(definitions: Definitions, routers: Routers, written: ts.Node): readonly FunctionNode[] {
  return ts.isCallExpression(written)
    ? written.arguments.flatMap((one) => targetsOf(definitions, routers, one).handlers)
    : [];
}

/** True for what a package makes, or is, such as `express.json()`. */
function isOfPackage({ evaluator }: Definitions, node: ts.Node): boolean {
  if (ts.isImportClause(node) || ts.isImportSpecifier(node) || ts.isBindingElement(node))
    return evaluator.valueOfDeclaration(node)?.kind === 'package';
  let at: ts.Node = node;
  while (ts.isCallExpression(at) || ts.isPropertyAccessExpression(at) || ts.isNewExpression(at)) {
    if (requiredSpecifier(at) !== undefined) return evaluator.valueOf(at)?.kind === 'package';
    at = at.expression;
  }
  const root = ts.isExpression(at) ? rootOf(at as ts.Expression) : undefined;
  const value = root && evaluator.valueOf(root);
  return value?.kind === 'package';
}

import { ts } from 'ts-morph';
import { assignment, descendants, isFunctionNode, memberName, unwrap } from '../source/nodes.js';
import type { FunctionNode } from '../types.js';
import type { Evaluator } from '../values/evaluator.js';
import { runtimeName } from '../values/runtime-names.js';
import type { Definitions } from './definitions.js';

/** A middleware that later routes stand behind. */
export type Guard = 'authentication' | 'routing';

/** What an argument of a route call is to those that follow it, be it in a constant or in a wrapper. */
export function guardOf(definitions: Definitions, argument: ts.Expression): Guard | undefined {
  const { evaluator } = definitions;
  const node = unwrap(argument);
  if (runtimeName(evaluator, node)?.file === 'routing' || isOwnRouting(evaluator, node)) return 'routing';
  if (isAuthentication(evaluator, node)) return 'authentication';
  const written = definitions.of(node);
  if (!ts.isCallExpression(written)) return undefined;
  if (written !== node && isAuthentication(evaluator, written)) return 'authentication';
  const wrapped = written.arguments.map((one) => guardOf(definitions, one));
  return wrapped.find((one) => one !== undefined);
}

/** `auth`, `auth()`, `auth.required`, `guards.auth` where the configuration names it so, under whatever name it is imported. */
function isAuthentication(evaluator: Evaluator, node: ts.Expression): boolean {
  const auth = evaluator.project.app.authMiddleware;
  const named = ts.isCallExpression(node) ? node.expression : node;
  const text = named.getText();
  if (text === auth || text.startsWith(`${auth}.`) || text.endsWith(`.${auth}`)) return true;
  const declaration = ts.isIdentifier(named) ? evaluator.declarationOf(named) : undefined;
  return (
    declaration !== undefined &&
    (ts.isImportSpecifier(declaration) || ts.isBindingElement(declaration)) &&
    declaration.propertyName?.getText() === auth
  );
}

/** A middleware of the application's own that sets the request's connection to that of a clinic. */
function isOwnRouting(evaluator: Evaluator, node: ts.Expression): boolean {
  const value = isFunctionNode(node) ? node : evaluator.valueOf(node);
  const owner = value !== undefined && 'kind' in value && value.kind === 'function' ? value.node : undefined;
  return owner !== undefined && setsConnection(evaluator, owner);
}

/** True for a function that puts what getClinicConnection() gives where the configuration has the request's connection. */
export function setsConnection(evaluator: Evaluator, owner: FunctionNode): boolean {
  const property = evaluator.project.app.clinicDb.split('.').at(-1);
  const isSet = descendants(owner, ts.isBinaryExpression).some((one) => {
    const pair = assignment(one);
    return pair !== undefined && memberName(pair.left) === property;
  });
  return (
    isSet &&
    descendants(owner, ts.isCallExpression).some(({ expression }) => {
      const name = runtimeName(evaluator, expression);
      return name?.file === 'connectionManager' && name.name === 'getClinicConnection';
    })
  );
}

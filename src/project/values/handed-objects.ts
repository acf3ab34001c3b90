import { ts } from 'ts-morph';
import { assignment, descendants, isBind, isFunctionNode, memberName } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { symbolOf } from '../source/symbols.js';
import type { FunctionNode, Value } from '../types.js';
import { isSame } from './constructions.js';

type Look = (expression: ts.Expression) => Value | undefined;

/** The calls that may hand an object on, by what the function is called there; found by their form alone. */
export interface HandedObjects {
  /** `f.bind(this)`, by f. */
  readonly binds: ReadonlyMap<string, readonly ts.CallExpression[]>;
  /** All other calls. */
  readonly calls: ReadonlyMap<string, readonly ts.CallExpression[]>;
}

export function readHandedObjects(project: AppProject): HandedObjects {
  const binds = new Map<string, ts.CallExpression[]>();
  const calls = new Map<string, ts.CallExpression[]>();
  for (const node of project.files.flatMap((file) => descendants(file, ts.isCallExpression))) {
    if (!isBind(node)) push(calls, calleeName(node.expression), node);
    else if (node.arguments.some(isThis)) push(binds, calleeName(node.expression.expression), node);
  }
  return { binds, calls };
}

function push<T>(map: Map<string, T[]>, name: string | undefined, value: T): void {
  const known = name === undefined ? undefined : map.get(name);
  if (known !== undefined) known.push(value);
  else if (name !== undefined) map.set(name, [value]);
}

const isThis = (node: ts.Node): boolean => node.kind === ts.SyntaxKind.ThisKeyword;

function calleeName(callee: ts.Expression): string | undefined {
  return ts.isIdentifier(callee) ? callee.text : memberName(callee);
}

function functionName({ name, parent }: FunctionNode): string | undefined {
  if (name !== undefined) return name.getText();
  const isNamed =
    ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent);
  if (isNamed) return parent.name.getText();
  const pair = assignment(parent);
  return pair && memberName(pair.left);
}

/** What `this` may be in a method, by every `method.bind(this)` of the application; each once. */
export function boundThis({ binds }: HandedObjects, look: Look, method: ts.Node): Value[] {
  const name = isFunctionNode(method) ? functionName(method) : undefined;
  const found = (binds.get(name ?? '') ?? []).flatMap((call) => {
    const [given] = call.arguments;
    const isOfMethod = isBind(call) && isFunction(look, call.expression.expression, method);
    return isOfMethod && given !== undefined ? (look(given) ?? []) : [];
  });
  return distinct(found);
}

/** The one object that every call of a function gives for a parameter, or its default is; undefined where one may be another. */
export function handedObject(
  { calls }: HandedObjects,
  look: Look,
  parameter: ts.ParameterDeclaration,
): Value | undefined {
  const { parent: owner, initializer } = parameter;
  if (!isFunctionNode(owner)) return undefined;
  const index = owner.parameters.indexOf(parameter);
  const given = (calls.get(functionName(owner) ?? '') ?? [])
    .filter((call) => isFunction(look, call.expression, owner))
    .map((call) => call.arguments[index] ?? initializer)
    .filter((argument) => !isItself(argument, parameter));
  let found: Value | undefined;
  for (const argument of initializer === undefined ? given : [initializer, ...given]) {
    const value = argument && look(argument);
    if (value?.kind !== 'instance' || (found !== undefined && !isSame(found, value))) return undefined;
    found = value;
  }
  return found;
}

/** True where a function hands on, to itself, what it was given. */
function isItself(argument: ts.Expression | undefined, parameter: ts.ParameterDeclaration): boolean {
  return (
    argument !== undefined && ts.isIdentifier(argument) && symbolOf(argument)?.declarations?.[0] === parameter
  );
}

function isFunction(look: Look, callee: ts.Expression, node: ts.Node): boolean {
  const value = look(callee);
  return value?.kind === 'function' && value.node === node;
}

function distinct(values: readonly Value[]): Value[] {
  return values.filter((one, index) => values.findIndex((other) => isSame(one, other)) === index);
}

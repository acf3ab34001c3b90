import { ts } from 'ts-morph';
import { isFunctionNode, property, unwrap } from '../source/nodes.js';
import { symbolOf } from '../source/symbols.js';
import type { Definitions } from './definitions.js';

/** One turn of a loop: what its variable stands for, as far as that is written out. */
type Entry = (path: readonly string[]) => ts.Expression | undefined;

/**
 * The arguments of a call as they are when it runs: once, or once for each entry of the list that is gone over,
 * `routes.forEach(({ path, route }) => router.use(path, route))`. Undefined where the list cannot be read.
 */
export function argumentsOf(
  definitions: Definitions,
  call: ts.CallExpression,
): readonly (readonly ts.Expression[])[] | undefined {
  const loop = call.arguments.map((argument) => loopOf(argument)).find((one) => one !== undefined);
  if (loop === undefined) return [call.arguments];
  const entries = entriesOf(definitions, loop.list);
  return entries?.map((entry) => call.arguments.map((one) => standsFor(one, loop.variable, entry)));
}

interface Loop {
  readonly variable: ts.BindingName;
  readonly list: ts.Expression;
}

/** The loop whose variable an argument is, or is a member of. */
function loopOf(argument: ts.Expression): Loop | undefined {
  const name = nameIn(argument);
  const [declaration] = (name && symbolOf(name)?.declarations) ?? [];
  let at: ts.Node | undefined = declaration;
  while (at !== undefined && ts.isBindingElement(at)) at = at.parent.parent;
  if (at === undefined) return undefined;
  if (ts.isVariableDeclaration(at)) {
    const loop = at.parent.parent;
    return ts.isForOfStatement(loop) ? { variable: at.name, list: loop.expression } : undefined;
  }
  if (!ts.isParameter(at) || !isFunctionNode(at.parent) || at.parent.parameters[0] !== at) return undefined;
  const call = at.parent.parent;
  const isLoop =
    ts.isCallExpression(call) &&
    call.arguments[0] === at.parent &&
    ts.isPropertyAccessExpression(call.expression) &&
    /^(forEach|map)$/.test(call.expression.name.text);
  return isLoop
    ? { variable: at.name, list: (call.expression as ts.PropertyAccessExpression).expression }
    : undefined;
}

/** `route` of `route`, `route.path` and `...route.guards`. */
function nameIn(argument: ts.Expression): ts.Identifier | undefined {
  let at = unwrap(ts.isSpreadElement(argument) ? argument.expression : argument);
  while (ts.isPropertyAccessExpression(at)) at = unwrap(at.expression);
  return ts.isIdentifier(at) ? at : undefined;
}

/** An argument with the loop's variable put in; itself where it has nothing to do with it. */
function standsFor(argument: ts.Expression, variable: ts.BindingName, entry: Entry): ts.Expression {
  const inner = unwrap(ts.isSpreadElement(argument) ? argument.expression : argument);
  const members: string[] = [];
  let at = inner;
  for (; ts.isPropertyAccessExpression(at); at = unwrap(at.expression)) members.unshift(at.name.text);
  const path = ts.isIdentifier(at) ? pathTo(variable, at) : undefined;
  return (path && entry([...path, ...members])) ?? argument;
}

/** Where a name is in what a pattern takes apart: `['path']` for `path` of `{ path }`; undefined where it is not in there. */
function pathTo(variable: ts.BindingName, name: ts.Identifier): string[] | undefined {
  if (ts.isIdentifier(variable))
    return variable.text === name.text && symbolOf(variable) === symbolOf(name) ? [] : undefined;
  for (const [index, element] of variable.elements.entries()) {
    if (!ts.isBindingElement(element) || element.dotDotDotToken !== undefined) continue;
    const inner = pathTo(element.name, name);
    const key = ts.isArrayBindingPattern(variable)
      ? String(index)
      : (element.propertyName ?? element.name).getText();
    if (inner !== undefined) return [key, ...inner];
  }
  return undefined;
}

/** The entries of a list that is written out, there or in a constant; undefined for any other. */
function entriesOf(definitions: Definitions, list: ts.Expression): readonly Entry[] | undefined {
  const node = definitions.of(list);
  if (ts.isArrayLiteralExpression(node)) {
    const all = node.elements.map((one) =>
      ts.isSpreadElement(one) ? entriesOf(definitions, one.expression) : [entryOf(definitions, one)],
    );
    return all.includes(undefined) ? undefined : all.flatMap((one) => one ?? []);
  }
  const [given] = ts.isCallExpression(node) ? node.arguments : [];
  if (given === undefined || !ts.isCallExpression(node)) return undefined;
  const kind = /^Object\.(entries|values)$/.exec(node.expression.getText())?.[1];
  const object = kind === undefined ? node : definitions.of(given);
  if (!ts.isObjectLiteralExpression(object) || object.properties.some(ts.isSpreadAssignment))
    return undefined;
  return object.properties.map((member): Entry => {
    const name = member.name === undefined || !ts.isStringLiteral(member.name) ? undefined : member.name;
    const value = member.name && property(object, member.name.getText().replace(/^['"]|['"]$/g, ''));
    const whole = value === undefined ? undefined : entryOf(definitions, value);
    if (kind === 'values') return (path) => whole?.(path);
    return ([index, ...path]) => (index === '0' ? name : index === '1' ? whole?.(path) : undefined);
  });
}

function entryOf(definitions: Definitions, whole: ts.Expression): Entry {
  return ([first, ...rest]) => {
    if (first === undefined) return whole;
    const node = definitions.of(whole);
    const member = ts.isObjectLiteralExpression(node)
      ? property(node, first)
      : ts.isArrayLiteralExpression(node)
        ? node.elements[Number(first)]
        : undefined;
    return member && entryOf(definitions, member)(rest);
  };
}

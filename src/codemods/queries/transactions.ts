import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import type { Use } from '../../project/calls/uses.js';
import { descendants, isFunctionNode, isNamed } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';

/** The functions that are given a transaction which is opened here, over any number of calls. */
export function givenTo(analysis: Analysis, use: Use): FunctionNode[] {
  const name = nameOf(use);
  const uses = name === undefined || use.owner === undefined ? [] : usesBehind(analysis, use.owner, name);
  return uses.flatMap(({ owner }) => owner ?? []);
}

/** What the transaction is called: the parameter of `transaction((t) => …)`, or the constant that it is kept in. */
function nameOf({ node }: Use): string | undefined {
  const call = node.parent.parent;
  if (!ts.isCallExpression(call)) return undefined;
  const work = call.arguments.at(-1);
  const taken = work !== undefined && isFunctionNode(work) ? work.parameters[0]?.name : undefined;
  const kept = ts.isAwaitExpression(call.parent) ? call.parent.parent : call.parent;
  const name = taken ?? (ts.isVariableDeclaration(kept) ? kept.name : undefined);
  return name !== undefined && ts.isIdentifier(name) ? name.text : undefined;
}

/** The uses that are given a transaction by functions that get it from here, over any number of calls. */
function usesBehind(
  analysis: Analysis,
  owner: FunctionNode,
  name: string,
  seen: Set<FunctionNode> = new Set(),
): Use[] {
  return descendants(owner, ts.isCallExpression).flatMap((call) => {
    const index = call.arguments.findIndex((argument) => mentions(argument, name));
    const value = index < 0 ? undefined : analysis.evaluator.valueOf(call.expression);
    if (value?.kind !== 'function' || seen.has(value.node)) return [];
    seen.add(value.node);
    const uses = analysis.uses.get(value.node.getSourceFile())?.uses ?? [];
    const inside = uses.filter((one) => one.owner === value.node && isGivenTransaction(one));
    const parameter = value.node.parameters[index]?.name;
    const inner = parameter !== undefined && ts.isIdentifier(parameter) ? parameter.text : 'transaction';
    return [...inside, ...usesBehind(analysis, value.node, inner, seen)];
  });
}

/** True for the name itself, and for an object that has it: `t`, `{ transaction: t }`. */
function mentions(argument: ts.Expression, name: string): boolean {
  if (ts.isIdentifier(argument)) return argument.text === name;
  return (
    ts.isObjectLiteralExpression(argument) &&
    argument.properties.some(
      (member) =>
        (ts.isPropertyAssignment(member) && member.initializer.getText() === name) ||
        (ts.isShorthandPropertyAssignment(member) && member.name.text === name),
    )
  );
}

/** True for `Model.method(…, { transaction })`, and for a raw query that is given one. */
function isGivenTransaction({ node }: Use): boolean {
  const call = node.parent.parent;
  return (
    ts.isPropertyAccessExpression(node.parent) &&
    ts.isCallExpression(call) &&
    call.arguments.some((argument) =>
      descendants(argument, ts.isObjectLiteralElement).some(
        ({ name }) => name !== undefined && isNamed(name, 'transaction'),
      ),
    )
  );
}

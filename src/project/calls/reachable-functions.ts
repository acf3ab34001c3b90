import { ts } from 'ts-morph';
import { exportsOf, resolveModule } from '../source/modules.js';
import { laterNames } from '../source/nodes.js';
import type { FunctionNode, Value } from '../types.js';
import { baseOf } from '../values/class-members.js';
import type { Evaluator } from '../values/evaluator.js';
import { returnedExpression } from '../values/returned.js';

/** The functions that whoever holds a value can call: its own, those of what it holds, and of what these give back. */
export function reachableFunctions(evaluator: Evaluator, start: Value): ReadonlySet<FunctionNode> {
  const functions = new Set<FunctionNode>();
  const seen = new Set<unknown>();
  const queue: (Value | undefined)[] = [start];
  for (const value of queue) {
    const key = value && keyOf(value);
    if (value === undefined || key === undefined || seen.has(key)) continue;
    seen.add(key);
    if (value.kind === 'function') functions.add(value.node);
    queue.push(...heldBy(evaluator, value));
  }
  return functions;
}

/** A class and its instances are two things, although one piece of source. */
function keyOf(value: Value): unknown {
  if (value.kind === 'module') return value.file;
  if (value.kind === 'instance') return value.node.members;
  return 'node' in value ? value.node : undefined;
}

/** What is reached from a value by the names that it has. */
function heldBy(evaluator: Evaluator, value: Value): (Value | undefined)[] {
  const named = (names: readonly string[]): (Value | undefined)[] =>
    names.map((name) => evaluator.member(value, name));
  switch (value.kind) {
    case 'function': {
      const result = returnedExpression(value.node);
      return [result && evaluator.valueOf(result)];
    }
    case 'class': // which anyone who has it can make instances of
      return [...named(memberNames(evaluator, value.node)), { kind: 'instance', node: value.node }];
    case 'instance':
      return named(memberNames(evaluator, value.node));
    case 'object':
      return [
        ...value.node.properties.flatMap((member) =>
          ts.isSpreadAssignment(member)
            ? [evaluator.valueOf(member.expression)]
            : named(member.name === undefined ? [] : [plainName(member.name)]),
        ),
        ...named(laterNames(value.node)),
      ];
    case 'module':
      return exportedBy(evaluator, value.file);
    default:
      return [];
  }
}

function exportedBy(evaluator: Evaluator, file: ts.SourceFile): (Value | undefined)[] {
  const { whole, named, passedOn, stars } = exportsOf(file);
  const main = whole !== undefined && !ts.isStatement(whole) ? evaluator.valueOf(whole) : undefined;
  const names = [...named.keys(), ...passedOn.keys(), 'default'];
  return [
    main,
    ...names.map((name) => evaluator.member({ kind: 'module', file }, name)),
    ...stars.map((specifier): Value | undefined => {
      const target = resolveModule(evaluator.project, file, specifier);
      return target && { kind: 'module', file: target };
    }),
  ];
}

/** The names of a class's members, and of those that it inherits. */
function memberNames(evaluator: Evaluator, node: ts.ClassLikeDeclaration): string[] {
  const names: string[] = [];
  const look = (one: ts.Expression): Value | undefined => evaluator.valueOf(one);
  for (let at: ts.ClassLikeDeclaration | undefined = node; at !== undefined; at = baseOf(look, at))
    names.push(...at.members.flatMap(({ name }) => (name === undefined ? [] : [plainName(name)])));
  return names;
}

const plainName = (name: ts.PropertyName): string =>
  ts.isStringLiteralLike(name) || ts.isNumericLiteral(name) ? name.text : name.getText();

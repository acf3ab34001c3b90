import { ts } from 'ts-morph';
import { descendants } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import type { Value } from '../types.js';
import { baseOf } from './class-members.js';

type Look = (expression: ts.Expression) => Value | undefined;

/** What every `new X(…)` gives, by the constructor that it runs; undefined for one that a subclass calls by `super(…)`. */
export type Constructions = ReadonlyMap<ts.Node, readonly (readonly ts.Expression[])[] | undefined>;

/** Reads every construction of the application's own classes. */
export function readConstructions(project: AppProject, look: Look): Constructions {
  const found = new Map<ts.Node, (readonly ts.Expression[])[] | undefined>();
  const add = (
    start: ts.ClassLikeDeclaration | undefined,
    given: readonly ts.Expression[] | undefined,
  ): void => {
    for (let at = start; at !== undefined; at = baseOf(look, at)) {
      const maker = at.members.find(ts.isConstructorDeclaration);
      if (maker === undefined) continue;
      const known = found.has(maker) ? found.get(maker) : [];
      found.set(maker, given === undefined || known === undefined ? undefined : [...known, given]);
      return;
    }
  };
  for (const file of project.files) {
    if (!/\bnew\b|\bsuper\b/.test(file.text)) continue;
    for (const made of descendants(file, ts.isNewExpression)) {
      const value = look(made.expression);
      if (value?.kind === 'class') add(value.node, made.arguments ?? []);
    }
    for (const call of descendants(file, ts.isCallExpression)) {
      if (call.expression.kind !== ts.SyntaxKind.SuperKeyword) continue;
      const value = look(call.expression);
      if (value?.kind === 'class' || value?.kind === 'instance') add(value.node, undefined);
    }
  }
  return found;
}

/** What all constructions give for a constructor's parameter; undefined where they differ or one gives none. */
export function givenTo(
  constructions: Constructions,
  look: Look,
  parameter: ts.ParameterDeclaration,
): Value | undefined {
  const maker = parameter.parent;
  if (!ts.isConstructorDeclaration(maker)) return undefined;
  const index = maker.parameters.indexOf(parameter);
  const values = (constructions.get(maker) ?? []).map((given) => {
    const argument = given[index] ?? parameter.initializer;
    return argument && look(argument);
  });
  const [first] = values;
  return first !== undefined && values.every((one) => one !== undefined && isSame(one, first))
    ? first
    : undefined;
}

/** What makes a value the same one whenever it is asked for. */
export function identityOf(value: Value): object {
  if (value.kind === 'module') return value.file;
  return 'node' in value ? value.node : value;
}

/** True for two values that are the same thing of the program. */
export function isSame(one: Value, other: Value): boolean {
  if (one.kind !== other.kind) return false;
  if (one.kind === 'module') return other.kind === 'module' && one.file === other.file;
  if (one.kind === 'model') return other.kind === 'model' && one.model === other.model;
  if ('node' in one) return 'node' in other && one.node === other.node;
  return one.kind === 'connection' || one.kind === 'factory' || one.kind === 'getModel';
}

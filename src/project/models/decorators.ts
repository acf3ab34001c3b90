import { ts } from 'ts-morph';
import { descendants, isReference, property } from '../source/nodes.js';
import type { Model } from '../types.js';
import type { Evaluator } from '../values/evaluator.js';

/** The package whose decorators say what a model's columns and associations are. */
export const DECORATORS_PACKAGE = 'sequelize-typescript';

/** Those that name other models by functions, `() => Patient`, which are called when the class is bound to a connection. */
const NAMING = new Set([
  'BelongsTo',
  'BelongsToMany',
  'DefaultScope',
  'ForeignKey',
  'HasMany',
  'HasOne',
  'Scopes',
]);
const ASSOCIATIONS = new Set(['BelongsTo', 'BelongsToMany', 'HasMany', 'HasOne']);
const SCOPES = new Set(['DefaultScope', 'Scopes']);

/** An association that a decorator of a property declares. */
export interface DecoratedAssociation {
  readonly decorator: ts.Decorator;
  /** The name by which it is included. */
  readonly alias: string;
  /** The other model, and the one in between; none where the source does not tell. */
  readonly models: readonly Model[];
}

/** What an expression is in the package: `Model`, `Column`; undefined for anything else. */
export function packageMember(evaluator: Evaluator, node: ts.Expression): string | undefined {
  const value = evaluator.valueOf(node);
  return value?.kind === 'package' && value.name === DECORATORS_PACKAGE ? value.member : undefined;
}

/** The package's name of a decorator: `Column` of `@Column` and of `@Column({ … })`. */
export function decoratorName(evaluator: Evaluator, { expression }: ts.Decorator): string | undefined {
  return packageMember(evaluator, ts.isCallExpression(expression) ? expression.expression : expression);
}

/** Every decorator of a class and of its members. */
export function decoratorsOf(node: ts.ClassDeclaration): ts.Decorator[] {
  const own = (one: ts.Node): readonly ts.Decorator[] =>
    ts.canHaveDecorators(one) ? (ts.getDecorators(one) ?? []) : [];
  return [...own(node), ...node.members.flatMap(own)];
}

/** True for User in `@BelongsTo(() => User)`, which names a class and asks no database. */
export function isNamedByDecorator(evaluator: Evaluator, node: ts.Node): boolean {
  for (let at = node.parent; at !== undefined && !ts.isStatement(at); at = at.parent)
    if (ts.isDecorator(at)) return NAMING.has(decoratorName(evaluator, at) ?? '');
  return false;
}

/** The associations that a class's decorators declare. */
export function decoratedAssociations(
  evaluator: Evaluator,
  node: ts.ClassDeclaration,
): DecoratedAssociation[] {
  return decoratorsOf(node).flatMap((decorator) => {
    const { expression, parent } = decorator;
    const name = ts.isPropertyDeclaration(parent) ? parent.name.getText() : undefined;
    const isOne = ASSOCIATIONS.has(decoratorName(evaluator, decorator) ?? '');
    if (!isOne || name === undefined || !ts.isCallExpression(expression)) return [];
    const alias = expression.arguments.flatMap((one) => givenAlias(one) ?? [])[0] ?? name;
    return [{ decorator, alias, models: modelsNamed(evaluator, decorator).map(({ model }) => model) }];
  });
}

function givenAlias(options: ts.Expression): string | undefined {
  const given = ts.isObjectLiteralExpression(options) ? property(options, 'as') : undefined;
  return given !== undefined && ts.isStringLiteralLike(given) ? given.text : undefined;
}

/** The models that a class's scopes name, each with the place. */
export function modelsInScopes(
  evaluator: Evaluator,
  node: ts.ClassDeclaration,
): { readonly node: ts.Identifier; readonly model: Model }[] {
  return decoratorsOf(node)
    .filter((one) => SCOPES.has(decoratorName(evaluator, one) ?? ''))
    .flatMap((one) => modelsNamed(evaluator, one));
}

function modelsNamed(
  evaluator: Evaluator,
  decorator: ts.Decorator,
): { readonly node: ts.Identifier; readonly model: Model }[] {
  return descendants(decorator, ts.isIdentifier).flatMap((node) => {
    const value = isReference(node) ? evaluator.valueOf(node) : undefined;
    return value?.kind === 'model' ? [{ node, model: value.model }] : [];
  });
}

import { ts } from 'ts-morph';
import type { FileUses, Use } from '../../project/calls/uses.js';
import { decoratedAssociations } from '../../project/models/decorators.js';
import { descendants, isNamed, memberName, property } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import type { Model } from '../../project/types.js';
import type { Evaluator } from '../../project/values/evaluator.js';
import type { Draft, Drafts, Severed } from '../planning/draft.js';
import { aliasOf } from './associations.js';
import { isAssociation } from './shape.js';

/** The names of each model's associations that stay, as they stand in the source. */
export function lastingAliases(drafts: Drafts): ReadonlyMap<string, ReadonlySet<string>> {
  const { analysis } = drafts;
  const aliases = new Map<string, Set<string>>();
  for (const file of analysis.uses.keys()) {
    if (!/belongsTo|has(?:Many|One)/.test(file.text)) continue;
    const [own] = analysis.registry.inFile.get(file) ?? [];
    for (const statement of descendants(file, ts.isExpressionStatement)) {
      if (!isAssociation(statement) || !ts.isCallExpression(statement.expression)) continue;
      const [target] = statement.expression.arguments;
      const source = ts.isPropertyAccessExpression(statement.expression.expression)
        ? nameIn(analysis.evaluator, statement.expression.expression.expression)
        : undefined;
      const name = source ?? own?.name;
      const other = target && nameIn(analysis.evaluator, target);
      if (name === undefined || other === undefined) continue;
      aliases.set(name, (aliases.get(name) ?? new Set()).add(aliasOf(statement, other)));
    }
  }
  for (const [node, { name }] of analysis.registry.byNode) {
    if (!ts.isClassDeclaration(node)) continue;
    for (const { alias } of decoratedAssociations(analysis.evaluator, node))
      aliases.set(name, (aliases.get(name) ?? new Set()).add(alias));
  }
  for (const { model, alias } of drafts.severed()) aliases.get(model.name)?.delete(alias);
  return aliases;
}

/** The model's name, else the last name of what is written: Patient of `clinicDb.models.Patient`; undefined for `this`. */
function nameIn(evaluator: Evaluator, node: ts.Expression): string | undefined {
  const value = evaluator.valueOf(node);
  if (value?.kind === 'model') return value.model.name;
  return ts.isIdentifier(node) ? node.text : memberName(node);
}

/** Reports `include: 'user'` and its like, where the model has no association of that name (any more). */
export function reportNamedIncludes(
  draft: Draft,
  uses: readonly Use[],
  aliases: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  for (const { node, model } of uses) {
    const call = node.parent.parent;
    if (model === undefined || !ts.isCallExpression(call) || call.expression !== node.parent) continue;
    for (const literal of call.arguments.flatMap((argument) =>
      descendants(argument, ts.isStringLiteralLike),
    )) {
      const including = includingObject(literal);
      if (including === undefined) continue;
      const parent = call.arguments.includes(including) ? model : modelOf(including, uses);
      if (parent === undefined || aliases.get(parent.name)?.has(literal.text) === true) continue;
      draft.problem(
        'CODE_CROSSING_INCLUDE',
        literal,
        `a query of ${parent.name} includes ${literal.text}, and no association of that name is left`,
        parent.name,
      );
    }
  }
}

/** The object whose `include` names an association by this string; undefined for any other string. */
function includingObject(literal: ts.Node): ts.ObjectLiteralExpression | undefined {
  let at: ts.Node = literal;
  if (ts.isPropertyAssignment(at.parent) && isNamed(at.parent.name, 'association')) at = at.parent.parent;
  if (ts.isArrayLiteralExpression(at.parent)) at = at.parent;
  const { parent } = at;
  const isIncluded =
    ts.isPropertyAssignment(parent) && isNamed(parent.name, 'include') && parent.initializer === at;
  return isIncluded ? parent.parent : undefined;
}

/** The model of `{ model: Appointment, include: … }`. */
function modelOf(node: ts.ObjectLiteralExpression, uses: readonly Use[]): Model | undefined {
  const value = property(node, 'model');
  return uses.find((use) => use.node === value)?.model;
}

/** Notes `patient.getUser()`, `patient.$get('user')` and their like on something whose class is not known. */
export function noteAccessors(draft: Draft, { file }: FileUses, severed: readonly Severed[]): void {
  const names = new Map(
    severed.flatMap(({ alias, model }) => {
      const suffix = alias.charAt(0).toUpperCase() + alias.slice(1);
      return ['get', 'set', 'create', 'add', 'count'].map((verb) => [verb + suffix, model.name] as const);
    }),
  );
  const aliases = new Map(severed.map(({ alias, model }) => [alias, model.name]));
  for (const call of descendants(file, ts.isCallExpression)) {
    const name = memberName(call.expression) ?? '';
    const [alias] = call.arguments;
    const isNamed = /^\$(get|set|create|add|count|has|remove)$/.test(name) && alias !== undefined;
    const model = isNamed && ts.isStringLiteralLike(alias) ? aliases.get(alias.text) : names.get(name);
    if (model === undefined || !ts.isPropertyAccessExpression(call.expression)) continue;
    if (!ts.isIdentifier(call.expression.expression)) continue;
    draft.note(
      'CODE_CROSSING_ACCESSOR',
      'warning',
      call,
      `${shown(call.expression)}(${isNamed ? shown(alias) : ''}) may be the association of ${model} that was taken out`,
      model,
    );
  }
}

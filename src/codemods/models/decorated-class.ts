import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import {
  decoratedAssociations,
  decoratorName,
  decoratorsOf,
  modelsInScopes,
  packageMember,
} from '../../project/models/decorators.js';
import { exportsOf } from '../../project/source/modules.js';
import { isNamed, property } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import type { Model } from '../../project/types.js';
import { isModelClass, type NamedClass, references } from './bound-class.js';

/** A class with sequelize-typescript's decorators: it stays as it is, and each connection gets a class that extends it. */
export interface DecoratedShape {
  readonly kind: 'decorated';
  readonly model: Model;
  readonly node: NamedClass;
  readonly local: string;
  /** `export default Patient`. */
  readonly exported: ts.ExportAssignment | undefined;
}

/** The class of a file's model, where decorators say what it is. */
export function decoratedClass(
  { registry, evaluator }: Analysis,
  file: ts.SourceFile,
  model: Model,
): NamedClass | undefined {
  return file.statements.find(
    (one): one is NamedClass => isModelClass(registry, model, one) && tableOf(evaluator, one) !== undefined,
  );
}

function tableOf(evaluator: Analysis['evaluator'], node: ts.ClassDeclaration): ts.Decorator | undefined {
  return ts.getDecorators(node)?.find((one) => decoratorName(evaluator, one) === 'Table');
}

/** The shape of a file whose one model is a decorated class; a string that says why not. */
export function decoratedShape(
  analysis: Analysis,
  file: ts.SourceFile,
  model: Model,
  node: NamedClass,
): DecoratedShape | string {
  const { evaluator } = analysis;
  const { name } = node;
  if (!/\.[cm]?ts$/.test(file.fileName)) return 'its decorators are not TypeScript';
  const [base] = node.heritageClauses?.flatMap(({ types }) => [...types]) ?? [];
  if (base === undefined || packageMember(evaluator, base.expression) !== 'Model')
    return 'it extends something else than Model of sequelize-typescript';
  const strange = decoratorsOf(node).find((one) => decoratorName(evaluator, one) === undefined);
  if (strange !== undefined) return `${shown(strange)} is no decorator of sequelize-typescript`;
  if (!isWritten(tableOf(evaluator, node))) return 'the options of @Table are not written there';
  if (node.members.some((one) => one.name !== undefined && isNamed(one.name, 'associate')))
    return 'some of its associations are in a method';
  const unread = decoratedAssociations(evaluator, node).find(({ models }) => models.length === 0);
  if (unread !== undefined) return `which model ${unread.alias} means cannot be read from the source`;
  const other = modelsInScopes(evaluator, node).find((one) => !isIncluded(one.node));
  if (other !== undefined) return `a scope uses ${other.model.name} other than by including it`;
  const { whole } = exportsOf(file);
  const exported = file.statements.find(
    (one): one is ts.ExportAssignment =>
      ts.isExportAssignment(one) && one.isExportEquals !== true && one.expression.getText(file) === name.text,
  );
  if (whole !== undefined && whole !== node && exported === undefined)
    return 'the file exports something else as its default';
  const usesIt = (one: ts.Statement): boolean =>
    one !== node && one !== exported && !ts.isExportDeclaration(one) && references(one, node).length > 0;
  if (file.statements.some(usesIt)) return 'the file uses it where it is defined';
  return { kind: 'decorated', model, node, local: name.text, exported };
}

/** True for `@Table`, and for options that say everything there: they may give the model another name. */
function isWritten(table: ts.Decorator | undefined): boolean {
  const options = table && ts.isCallExpression(table.expression) ? table.expression.arguments[0] : undefined;
  if (options === undefined) return true;
  if (!ts.isObjectLiteralExpression(options) || options.properties.some(ts.isSpreadAssignment)) return false;
  const name = property(options, 'modelName');
  return name === undefined || ts.isStringLiteralLike(name);
}

/** True for Patient in `include: [Patient]`, `include: Patient` and `include: [{ model: Patient }]`. */
function isIncluded(node: ts.Node): boolean {
  let at = node;
  if (ts.isPropertyAssignment(at.parent) && isNamed(at.parent.name, 'model')) at = at.parent.parent;
  if (ts.isArrayLiteralExpression(at.parent)) at = at.parent;
  return ts.isPropertyAssignment(at.parent) && isNamed(at.parent.name, 'include');
}

import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import type { ModelRegistry } from '../../project/models/registry.js';
import { exportsOf } from '../../project/source/modules.js';
import { isInside, memberName } from '../../project/source/nodes.js';
import { referencesTo } from '../../project/source/symbols.js';
import type { Model } from '../../project/types.js';
import { type StaticInit, staticInit } from './static-init.js';

export type NamedClass = ts.ClassDeclaration & { readonly name: ts.Identifier };

/**
 * A TypeScript class with `init` on a global connection. The class stays where it is, since it is a type for others;
 * `define` extends it for each connection, because `init` binds the class that it is called on.
 */
export interface ClassShape {
  readonly kind: 'class';
  readonly model: Model;
  readonly node: NamedClass;
  readonly parameter: string;
  readonly local: string;
  /** `Patient.init(…)` and what follows it and needs the class or the connection; the body of `define`. */
  readonly moved: readonly ts.Statement[];
  /** `export default Patient`. */
  readonly exported: ts.Statement | undefined;
  /** The static method that binds the class, where nothing at the top of the file does. */
  readonly maker: StaticInit | undefined;
}

/** The shape of a TypeScript file whose one model is a class that is bound at the top of the file. */
export function classShape(
  analysis: Analysis,
  file: ts.SourceFile,
  model: Model,
  isGoing: (statement: ts.Statement) => boolean,
): ClassShape | undefined {
  const node = file.statements.find((one): one is NamedClass => isModelClass(analysis.registry, model, one));
  const uses = analysis.uses.get(file)?.uses ?? [];
  const connection = uses.find((use) => use.model === undefined);
  const maker = connection === undefined ? staticInit(analysis, file, model) : undefined;
  if (node === undefined || (connection === undefined && maker === undefined)) return undefined;
  const { whole } = exportsOf(file);
  const exported = file.statements.find(
    (one) =>
      ts.isExportAssignment(one) && ts.isIdentifier(one.expression) && one.expression.text === node.name.text,
  );
  if (whole !== undefined && whole !== node && exported === undefined) return undefined;
  const start = file.statements.findIndex((one) => initCall(one, node) !== undefined);
  const bound = maker === undefined ? initCall(file.statements[start], node) : maker.call;
  if (options(bound) === undefined) return undefined;
  const needs = (one: ts.Statement): boolean =>
    one !== node &&
    one !== exported &&
    !ts.isImportDeclaration(one) &&
    !ts.isExportDeclaration(one) &&
    !isGoing(one) &&
    (references(one, node).length > 0 ||
      uses.some((use) => use.model === undefined && isInside(use.node, one)));
  const moved = file.statements.filter(needs);
  const from = file.statements.indexOf(moved[0] ?? node);
  const isTogether = file.statements
    .slice(from, from + moved.length)
    .every((one, at) => one === moved[at] && ts.isExpressionStatement(one));
  if (maker === undefined ? from !== start || !isTogether : moved.length > 0) return undefined;
  const given =
    connection !== undefined && ts.isIdentifier(connection.node) ? connection.node.text : 'sequelize';
  const parameter = maker?.parameter ?? given;
  return { kind: 'class', model, node, parameter, local: node.name.text, moved, exported, maker };
}

export function isModelClass(registry: ModelRegistry, model: Model, one: ts.Statement): one is NamedClass {
  return ts.isClassDeclaration(one) && one.name !== undefined && registry.byNode.get(one) === model;
}

/** `Patient.init(…)` as a statement. */
export function initCall(
  statement: ts.Statement | undefined,
  node: NamedClass,
): ts.CallExpression | undefined {
  if (statement === undefined || !ts.isExpressionStatement(statement)) return undefined;
  const call = statement.expression;
  if (!ts.isCallExpression(call) || memberName(call.expression) !== 'init') return undefined;
  const isOwn =
    ts.isPropertyAccessExpression(call.expression) && call.expression.expression.getText() === node.name.text;
  return isOwn ? call : undefined;
}

/** The options given to `init`. */
export function options(call: ts.CallExpression | undefined): ts.ObjectLiteralExpression | undefined {
  const given = call?.arguments[1];
  return given !== undefined && ts.isObjectLiteralExpression(given) ? given : undefined;
}

/** Where a node means the class as a value. */
export function references(node: ts.Node, { name }: NamedClass): ts.Identifier[] {
  return referencesTo(name, node).filter((one) => !isTypeQuery(one));
}

function isTypeQuery({ parent }: ts.Identifier): boolean {
  return ts.isTypeQueryNode(parent) || ts.isExpressionWithTypeArguments(parent);
}

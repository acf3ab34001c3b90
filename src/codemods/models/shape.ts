import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { isMigratedModel } from '../../project/models/registry.js';
import { exportsOf } from '../../project/source/modules.js';
import { assignment, descendants, memberName } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import type { Model } from '../../project/types.js';
import { type ClassShape, classShape } from './bound-class.js';
import { type DecoratedShape, decoratedClass, decoratedShape } from './decorated-class.js';
import { type InlineShape, inlineShape } from './inline-export.js';
import { type StaticInit, staticInit } from './static-init.js';

/** A shape that is to be rewritten. */
export type Unmigrated = Exclude<ModelShape, { kind: 'migrated' }>;

/** How a file defines its one model. */
export type ModelShape =
  | { readonly kind: 'migrated'; readonly model: Model }
  | {
      /** `module.exports = (sequelize, DataTypes) => { …; return Patient; }`. */
      readonly kind: 'factory';
      readonly model: Model;
      readonly node: Factory;
      /** The connection's parameter. */
      readonly parameter: string;
      readonly local: string | undefined;
      /** The name in `module.exports = definePatient`; undefined where the function itself is exported. */
      readonly exported?: ts.Identifier;
    }
  | {
      /** `const Patient = sequelize.define(…)` or `class Patient` with `init` on a global connection. */
      readonly kind: 'global';
      readonly model: Model;
      /** What becomes the body of `define`: the statements from the first that needs the connection. */
      readonly wrapped: readonly ts.Statement[];
      /** The statement that exports the model. */
      readonly last: ts.Statement;
      readonly parameter: string;
      /** Undefined where the definition itself is exported. */
      readonly local: string | undefined;
      /** The static method that binds the class to the connection it is given. */
      readonly maker?: StaticInit | undefined;
    }
  | ClassShape
  | DecoratedShape
  | InlineShape;

/** The shape of a file that defines models; undefined for one that is not understood. */
export function shapeOf(analysis: Analysis, file: ts.SourceFile): ModelShape | undefined {
  const shape = shapeOrFault(analysis, file);
  return typeof shape === 'string' ? undefined : shape;
}

/** As shapeOf(), or why it is not understood, where that can be told. */
export function shapeOrFault(analysis: Analysis, file: ts.SourceFile): ModelShape | string | undefined {
  const [model, ...others] = analysis.registry.inFile.get(file) ?? [];
  if (model === undefined || others.length > 0) return undefined;
  if (isMigratedModel(file)) return { kind: 'migrated', model };
  const node = decoratedClass(analysis, file, model);
  if (node !== undefined) return decoratedShape(analysis, file, model, node);
  const { whole, named } = exportsOf(file);
  const bound = /\.[cm]?ts$/.test(file.fileName) ? classShape(analysis, file, model, isGoing) : undefined;
  if (bound !== undefined) return bound;
  const inline = inlineShape(analysis, file, model, isGoing);
  if (inline !== undefined) return inline;
  if (whole === undefined || named.size > 0) return undefined;
  if (isFactory(whole)) return factoryShape(analysis, model, whole);
  const factory = ts.isIdentifier(whole) ? namedFactory(analysis, whole) : undefined;
  if (factory !== undefined && ts.isIdentifier(whole)) {
    const shape = factoryShape(analysis, model, factory);
    return shape && { ...shape, exported: whole };
  }
  return globalShape(analysis, file, model, whole) ?? faultOfHelper(analysis, model);
}

/** Why a model that a helper makes cannot be made for one connection; undefined for any other. */
function faultOfHelper({ registry }: Analysis, model: Model): string | undefined {
  const [node] = [...registry.byNode].find(([, one]) => one === model) ?? [];
  const isMade = node !== undefined && ts.isCallExpression(node) && memberName(node.expression) !== 'define';
  return isMade ? `${shown(node.expression)} makes it and is given no connection` : undefined;
}

export type Factory = ts.ArrowFunction | ts.FunctionExpression | ts.FunctionDeclaration;

function isFactory(node: ts.Node): node is Factory {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isFunctionDeclaration(node);
}

/** The function of the same file that an export names. */
function namedFactory({ evaluator }: Analysis, name: ts.Identifier): Factory | undefined {
  const value = evaluator.valueOf(name);
  const node = value?.kind === 'function' ? value.node : undefined;
  return node !== undefined && isFactory(node) && node.getSourceFile() === name.getSourceFile()
    ? node
    : undefined;
}

function factoryShape(
  analysis: Analysis,
  model: Model,
  node: Factory,
): Extract<ModelShape, { kind: 'factory' }> | undefined {
  const [connection] = node.parameters;
  if (connection === undefined || !ts.isIdentifier(connection.name) || node.parameters.length > 2)
    return undefined;
  const isPlain = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) !== true;
  const parameter = connection.name.text;
  if (!isPlain || node.body === undefined) return undefined;
  if (!ts.isBlock(node.body)) return { kind: 'factory', model, node, parameter, local: undefined };
  const result = node.body.statements.at(-1);
  if (result !== undefined && ts.isExpressionStatement(result))
    return analysis.registry.byNode.has(result.expression)
      ? { kind: 'factory', model, node, parameter, local: undefined }
      : undefined;
  if (result === undefined || !ts.isReturnStatement(result) || result.expression === undefined)
    return undefined;
  const local = ts.isIdentifier(result.expression) ? result.expression.text : undefined;
  return { kind: 'factory', model, node, parameter, local };
}

function globalShape(
  analysis: Analysis,
  file: ts.SourceFile,
  model: Model,
  whole: ts.Expression | ts.ClassDeclaration,
): ModelShape | undefined {
  const connections = (analysis.uses.get(file)?.uses ?? []).filter((use) => use.model === undefined);
  const [connection] = connections;
  const maker = connection === undefined ? staticInit(analysis, file, model) : undefined;
  if ((connection === undefined && maker === undefined) || ts.isStatement(whole)) return undefined;
  const last = statementOf(whole);
  if (last === undefined || last.parent !== file) return undefined;
  const local = ts.isIdentifier(whole) ? whole.text : undefined;
  const isNeeded = (statement: ts.Statement): boolean =>
    !isImport(statement) &&
    (connections.some(({ node }) => statementOf(node) === statement) ||
      (ts.isClassDeclaration(statement) && analysis.registry.byNode.get(statement) === model));
  const first = file.statements.findIndex((statement) => isNeeded(statement));
  const end = file.statements.indexOf(last);
  const isDefinition = ts.isCallExpression(whole) && analysis.registry.byNode.has(whole);
  if (first < 0 || (local === undefined && !isDefinition)) return undefined;
  const after = file.statements.slice(end + 1);
  if (!after.every(isGoing)) return undefined;
  const wrapped = file.statements.slice(first, end);
  if (wrapped.some((statement) => isImport(statement))) return undefined;
  const given =
    connection !== undefined && ts.isIdentifier(connection.node) ? connection.node.text : 'sequelize';
  return { kind: 'global', model, wrapped, last, parameter: maker?.parameter ?? given, local, maker };
}

/** True for a statement that goes away or moves into `associate`. */
function isGoing(statement: ts.Statement): boolean {
  const isOwn = !ts.isClassDeclaration(statement) && associateIn(statement) !== undefined;
  return isOwn || isAssociation(statement) || isSync(statement);
}

function isImport(statement: ts.Statement): boolean {
  return (
    ts.isImportDeclaration(statement) ||
    (ts.isVariableStatement(statement) && /\brequire\(\s*['"]/.test(statement.getText()))
  );
}

/** The top-level or function-level statement around a node. */
function statementOf(node: ts.Node): ts.Statement | undefined {
  let at: ts.Node = node;
  while (at.parent !== undefined && !ts.isSourceFile(at.parent)) at = at.parent;
  return at.parent === undefined ? undefined : (at as ts.Statement);
}

/** A function that sets up associations, with the node that goes away with it. */
export interface Associate {
  readonly node: ts.Statement | ts.MethodDeclaration;
  readonly body: ts.Block;
  readonly parameter: ts.BindingName | undefined;
}

/** `Patient.associate = (models) => { … }`, or a class's `static associate(models) { … }`. */
export function associateIn(statement: ts.Statement): Associate | undefined {
  if (ts.isExpressionStatement(statement)) {
    const pair = assignment(statement.expression);
    if (
      pair === undefined ||
      !ts.isPropertyAccessExpression(pair.left) ||
      pair.left.name.text !== 'associate'
    )
      return undefined;
    if (!ts.isArrowFunction(pair.right) && !ts.isFunctionExpression(pair.right)) return undefined;
    const { body, parameters } = pair.right;
    return ts.isBlock(body) ? { node: statement, body, parameter: parameters[0]?.name } : undefined;
  }
  if (!ts.isClassDeclaration(statement)) return undefined;
  for (const method of descendants(statement, ts.isMethodDeclaration)) {
    if (method.name.getText() === 'associate' && method.parent === statement && method.body !== undefined)
      return { node: method, body: method.body, parameter: method.parameters[0]?.name };
  }
  return undefined;
}

const METHODS = new Set(['belongsTo', 'hasMany', 'hasOne', 'belongsToMany']);

/** True for `A.belongsTo(B, …)` and its kin. */
export function isAssociation(statement: ts.Statement): boolean {
  return (
    ts.isExpressionStatement(statement) &&
    ts.isCallExpression(statement.expression) &&
    isAssociating(statement.expression)
  );
}

/** As isAssociation(), of the call. */
export function isAssociating(call: ts.CallExpression): boolean {
  return METHODS.has(memberName(call.expression) ?? '') && call.arguments.length > 0;
}

/** True for `Patient.sync()` with whatever follows it. */
export function isSync(statement: ts.Statement): boolean {
  if (!ts.isExpressionStatement(statement)) return false;
  let at: ts.Expression = statement.expression;
  while (ts.isCallExpression(at) || ts.isPropertyAccessExpression(at) || ts.isAwaitExpression(at)) {
    if (ts.isCallExpression(at) && memberName(at.expression) === 'sync') return true;
    at = at.expression;
  }
  return false;
}

import { ts } from 'ts-morph';
import { isLoader } from '../models/loader.js';
import { exportsOf } from '../source/modules.js';
import { isNamed, laterNames, memberName, requiredSpecifier, unwrap } from '../source/nodes.js';
import type { Value } from '../types.js';
import { gotten } from './class-members.js';
import { identityOf } from './constructions.js';
import { Recursion } from './cyclic.js';
import type { Evaluator } from './evaluator.js';
import { settingName } from './express-settings.js';

/** A name of a file that stands for a model, the connection or an object that holds them. */
export interface Binding {
  readonly symbol: ts.Symbol;
  readonly declaration: ts.VariableDeclaration | ts.BindingElement | ImportName;
  readonly value: Value;
  readonly references: readonly ts.Identifier[];
  /** True where types or exports need it, whatever becomes of its uses. */
  readonly kept: boolean;
}

export type ImportName = ts.ImportClause | ts.ImportSpecifier | ts.NamespaceImport;

export function isBindingDeclaration(node: ts.Node): node is Binding['declaration'] {
  return (
    ts.isVariableDeclaration(node) ||
    ts.isBindingElement(node) ||
    (ts.isImportClause(node) && node.name !== undefined) ||
    ts.isImportSpecifier(node) ||
    ts.isNamespaceImport(node)
  );
}

/** A binding that stays whatever becomes of its uses: one that is exported, or that defines a model. */
export function isLasting({ registry }: Evaluator, node: Binding['declaration']): boolean {
  if (!ts.isVariableDeclaration(node)) return false;
  const statement = node.parent.parent;
  const isExport = ts.isVariableStatement(statement) && (statement.modifiers?.length ?? 0) > 0;
  const isModel = node.initializer !== undefined && registry.byNode.has(unwrap(node.initializer));
  return isExport || isModel;
}

export function bindingValue(evaluator: Evaluator, node: Binding['declaration']): Value | undefined {
  if (
    ts.isVariableDeclaration(node) &&
    node.initializer !== undefined &&
    !isAlias(node.initializer) &&
    !evaluator.registry.byNode.has(unwrap(node.initializer))
  )
    return undefined;
  const value = evaluator.valueOfDeclaration(node);
  if (value !== undefined && isPackage(value)) return isFromNamespace(evaluator, node) ? value : undefined;
  return value !== undefined && isInteresting(evaluator, value) ? value : undefined;
}

/** True for `const { Sequelize } = db`, where db is not the package itself. */
function isFromNamespace(evaluator: Evaluator, node: Binding['declaration']): boolean {
  const declaration = node.parent.parent;
  if (!ts.isBindingElement(node) || !ts.isVariableDeclaration(declaration)) return false;
  const from = declaration.initializer && evaluator.valueOf(declaration.initializer);
  return from !== undefined && isNamespace(evaluator, from);
}

/** `Sequelize`, which sequelize-cli's index hands on beside the models. */
export function isPackage(value: Value): boolean {
  return value.kind === 'package' && value.name === 'sequelize' && value.member === 'Sequelize';
}

/** An initializer that only renames: no call but `require('…')` and the call of what it gave. */
function isAlias(initializer: ts.Expression): boolean {
  let node = unwrap(initializer);
  while (
    ts.isPropertyAccessExpression(node) ||
    ts.isElementAccessExpression(node) ||
    ts.isCallExpression(node)
  ) {
    if (requiredSpecifier(node) !== undefined || settingName(node) !== undefined) return true;
    if (ts.isCallExpression(node) && memberName(node.expression) === 'model') node = node.expression;
    node = unwrap((node as ts.CallExpression).expression);
    if (ts.isCallExpression(node.parent) && ts.isPropertyAccessExpression(node)) return false;
  }
  return ts.isIdentifier(node) || ts.isNewExpression(node);
}

export function isInteresting(evaluator: Evaluator, value: Value): boolean {
  return value.kind === 'model' || value.kind === 'connection' || isNamespace(evaluator, value);
}

const namespaces = new Recursion();
const members = new Recursion();

/** True for objects that hold models or the connection under names. */
export function isNamespace(evaluator: Evaluator, value: Value): boolean {
  return namespaces.once(identityOf(value), '', () => holdsModels(evaluator, value)) === true;
}

function holdsModels(evaluator: Evaluator, value: Value): boolean {
  const holds = (member: Value | undefined): boolean =>
    member?.kind === 'model' || member?.kind === 'connection';
  if (value.kind === 'object')
    return value.node.properties.some((one) => {
      const spread = ts.isSpreadAssignment(one) ? evaluator.valueOf(one.expression) : undefined;
      if (spread !== undefined) return isNamespace(evaluator, spread);
      const { name } = one;
      return name !== undefined && ts.isIdentifier(name) && holds(evaluator.member(value, name.text));
    });
  if (value.kind === 'instance')
    return value.node.members.some((one) => {
      const got = gotten(one);
      const given = got && evaluator.valueOf(got);
      return given !== undefined && (holds(given) || (given.kind === 'module' && isLoader(given.file)));
    });
  if (value.kind !== 'module') return false;
  if (isLoader(value.file)) return evaluator.registry.models.length > 0;
  const { whole, isDefault, named, passedOn, stars } = exportsOf(value.file);
  const object = whole && !isDefault && !ts.isStatement(whole) ? evaluator.valueOf(whole) : undefined;
  const names = [...named.keys(), ...passedOn.keys()];
  return (
    names.some((name) => holds(evaluator.member(value, name))) ||
    (object?.kind === 'object' &&
      (isNamespace(evaluator, object) || isFilledLater(object.node, evaluator))) ||
    (isDefault && whole !== undefined && holds(evaluator.member(value, 'default'))) ||
    (stars.length > 0 && evaluator.registry.models.some(({ name }) => holds(evaluator.member(value, name))))
  );
}

function isFilledLater(node: ts.ObjectLiteralExpression, evaluator: Evaluator): boolean {
  return laterNames(node).some((name) => {
    const member = evaluator.member({ kind: 'object', node }, name);
    return member?.kind === 'model' || member?.kind === 'connection';
  });
}

/** True where an object has a member of this name, whatever it is. */
export function hasMember(evaluator: Evaluator, value: Value, name: string): boolean {
  return members.once(identityOf(value), name, () => isMember(evaluator, value, name)) === true;
}

function isMember(evaluator: Evaluator, value: Value, name: string): boolean {
  if (value.kind === 'instance' || evaluator.member(value, name) !== undefined) return true;
  if (value.kind === 'object') {
    const isWritten = value.node.properties.some(
      (member) => member.name !== undefined && isNamed(member.name, name),
    );
    return isWritten || laterNames(value.node).includes(name);
  }
  if (value.kind !== 'module') return false;
  const { whole, named } = exportsOf(value.file);
  const object = whole === undefined || ts.isStatement(whole) ? undefined : evaluator.valueOf(whole);
  return named.has(name) || (object?.kind === 'object' && hasMember(evaluator, object, name));
}

export function isDeclarationName(identifier: ts.Identifier): boolean {
  const { parent } = identifier;
  return (
    (ts.isVariableDeclaration(parent) ||
      ts.isBindingElement(parent) ||
      ts.isImportClause(parent) ||
      ts.isNamespaceImport(parent) ||
      ts.isImportSpecifier(parent)) &&
    (parent.name === identifier ||
      (!ts.isImportClause(parent) && 'propertyName' in parent && parent.propertyName === identifier))
  );
}

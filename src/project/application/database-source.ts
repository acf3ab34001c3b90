import { ts } from 'ts-morph';
import { exportsOf } from '../source/modules.js';
import { memberName, property, unwrap } from '../source/nodes.js';
import type { Evaluator } from '../values/evaluator.js';

/** Where a `new Sequelize(…)` has the name of its database from; nothing of it is ever printed. */
export interface DatabaseSource {
  /** A URL, or a name beside user and password. */
  readonly form: 'url' | 'name';
  /** A variable of the environment, a text of the source, or an expression that is not followed. */
  readonly from: 'environment' | 'text' | 'expression';
  readonly text: string;
}

/** Says where a connection has its database from. */
export function sourceOf(evaluator: Evaluator, node: ts.NewExpression): DatabaseSource {
  const given: readonly ts.Expression[] = node.arguments ?? [];
  const [first] = given;
  const options = first && unwrap(first);
  if (options !== undefined && ts.isObjectLiteralExpression(options)) {
    const url = property(options, 'url');
    const name = property(options, 'database') ?? property(options, 'storage');
    return url === undefined ? read(evaluator, 'name', name) : read(evaluator, 'url', url);
  }
  return read(evaluator, given.length > 2 ? 'name' : 'url', first);
}

/** True for two connections that are certain to reach one database. */
export function areSame(one: DatabaseSource, other: DatabaseSource): boolean {
  return one.form === other.form && one.from === other.from && one.text === other.text;
}

/** True for two that are certain not to: two variables of the environment, or two names. */
export function areDifferent(one: DatabaseSource, other: DatabaseSource): boolean {
  return (
    one.form === other.form && one.from === other.from && one.from !== 'expression' && one.text !== other.text
  );
}

function read(
  evaluator: Evaluator,
  form: DatabaseSource['form'],
  expression: ts.Expression | undefined,
): DatabaseSource {
  const node = expression && follow(evaluator, expression, 8);
  if (node === undefined) return { form, from: 'expression', text: '' };
  if (ts.isStringLiteralLike(node)) return { form, from: 'text', text: node.text };
  const variable = environmentName(node);
  return variable === undefined
    ? { form, from: 'expression', text: node.getText() }
    : { form, from: 'environment', text: variable };
}

/** X of `process.env.X` and `process.env['X']`. */
function environmentName(node: ts.Expression): string | undefined {
  const isMember = ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);
  return isMember && node.expression.getText() === 'process.env' ? memberName(node) : undefined;
}

/** What a constant, or a member of an object that is written out, stands for; the expression itself where that ends. */
function follow(evaluator: Evaluator, expression: ts.Expression, depth: number): ts.Expression {
  const node = unwrap(expression);
  const next = depth === 0 ? undefined : step(evaluator, node);
  return next === undefined ? node : follow(evaluator, next, depth - 1);
}

function step(evaluator: Evaluator, node: ts.Expression): ts.Expression | undefined {
  if (ts.isBinaryExpression(node))
    return /^(\|\||\?\?)$/.test(node.operatorToken.getText()) ? node.left : undefined;
  if (ts.isIdentifier(node)) {
    const declaration = evaluator.declarationOf(node);
    if (declaration === undefined) return undefined;
    if (ts.isVariableDeclaration(declaration)) return declaration.initializer;
    const holder = ts.isBindingElement(declaration) ? declaration.parent.parent : undefined;
    return holder !== undefined && ts.isVariableDeclaration(holder) && holder.initializer !== undefined
      ? memberOf(evaluator, holder.initializer, node.text)
      : undefined;
  }
  const name = memberName(node);
  const isMember = ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);
  return name !== undefined && isMember ? memberOf(evaluator, node.expression, name) : undefined;
}

function memberOf(evaluator: Evaluator, object: ts.Expression, name: string): ts.Expression | undefined {
  const value = evaluator.valueOf(object);
  if (value?.kind === 'object') return property(value.node, name);
  if (value?.kind !== 'module') return undefined;
  const { named, whole } = exportsOf(value.file);
  const found = named.get(name);
  if (found !== undefined) return ts.isExpression(found) ? found : undefined;
  const settings = whole === undefined || ts.isStatement(whole) ? undefined : evaluator.valueOf(whole);
  return settings?.kind === 'object' ? property(settings.node, name) : undefined;
}

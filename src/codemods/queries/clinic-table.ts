import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import type { Use } from '../../project/calls/uses.js';
import type { TableFacts } from '../../project/models/registry.js';
import { memberName, property, unwrap } from '../../project/source/nodes.js';

/** How a query over the clinic table says which of its rows it means. */
export type ClinicChoice = 'by key' | 'by no key' | 'unknown';

const READS = /^(findAll|findOne|findAndCountAll|count|sum|min|max|destroy|findOrCreate|update|aggregate)$/;
const MAKES = /^(create|bulkCreate|upsert|findOrCreate|findOrBuild|findCreateFind|truncate)$/;

/**
 * Says whether a query over the clinic table names one row by its key, which a clinic's own database has too. A new
 * clinic has no database yet. Undefined for what is no query of its own: a clinic that another query includes.
 */
export function clinicChoice(
  { evaluator }: Analysis,
  { clinicKey = 'id' }: TableFacts,
  { node }: Use,
): ClinicChoice | undefined {
  const method = memberName(node.parent) ?? '';
  const call = node.parent.parent;
  if (!ts.isCallExpression(call) || call.expression !== node.parent) return undefined;
  if (method === 'findByPk') return 'by key';
  if (MAKES.test(method)) return 'by no key';
  if (!READS.test(method)) return undefined;
  const given = call.arguments[method === 'update' ? 1 : /^(sum|min|max)$/.test(method) ? 1 : 0];
  if (given === undefined) return 'by no key';
  const options = objectOf(evaluator, given);
  if (options === undefined) return 'unknown';
  const where = property(options, 'where');
  if (where === undefined) return options.properties.some(ts.isSpreadAssignment) ? 'unknown' : 'by no key';
  const conditions = objectOf(evaluator, where);
  if (conditions === undefined) return 'unknown';
  const key = property(conditions, 'id') ?? property(conditions, clinicKey);
  if (key !== undefined) return isList(key) ? 'by no key' : 'by key';
  // A spread or a computed name may be the key.
  return conditions.properties.every(({ name }) => name !== undefined && !ts.isComputedPropertyName(name))
    ? 'by no key'
    : 'unknown';
}

/** `[1, 2]` and `{ [Op.in]: … }`, which mean several. */
function isList(key: ts.Expression): boolean {
  const node = unwrap(key);
  return ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node);
}

function objectOf(
  evaluator: Analysis['evaluator'],
  expression: ts.Expression,
): ts.ObjectLiteralExpression | undefined {
  const node = unwrap(expression);
  if (ts.isObjectLiteralExpression(node)) return node;
  const declaration = ts.isIdentifier(node) ? evaluator.declarationOf(node) : undefined;
  const isConstant =
    declaration !== undefined &&
    ts.isVariableDeclaration(declaration) &&
    (declaration.parent.flags & ts.NodeFlags.Const) !== 0;
  const value = isConstant ? evaluator.valueOf(node) : undefined;
  // One that is filled later may get a key then.
  return value?.kind === 'object' && !isFilled(value.node) ? value.node : undefined;
}

function isFilled({ parent }: ts.ObjectLiteralExpression): boolean {
  const name = ts.isVariableDeclaration(parent) ? parent.name.getText() : undefined;
  return name !== undefined && new RegExp(`\\b${name}(\\.|\\[)`).test(parent.getSourceFile().text);
}

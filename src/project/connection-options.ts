import { ts } from 'ts-morph';
import type { AppProject } from './load-project.js';
import { descendants } from './nodes.js';

/** What is the application's own, whatever database it is connected to. */
const KEPT = new Set([
  'define',
  'dialectOptions',
  'logging',
  'benchmark',
  'timezone',
  'quoteIdentifiers',
  'minifyAliases',
  'native',
  'omitNull',
  'typeValidation',
  'retry',
  'isolationLevel',
  'query',
  'set',
  'sync',
  'schema',
]);
const ELSEWHERE = new Set([
  'dialect',
  'host',
  'port',
  'username',
  'password',
  'database',
  'pool',
  'protocol',
]);

/** Options of `new Sequelize(…)` as the source text of an object literal. */
export interface ConnectionOptions {
  readonly text: string;
  /** Names of options that could not be taken over, being more than literals. */
  readonly left: readonly string[];
}

/** Reads the options that the application's one connection is made with; without `logging`, Sequelize would print. */
export function readConnectionOptions(project: AppProject): ConnectionOptions {
  for (const file of project.files) {
    if (!file.text.includes('new Sequelize')) continue;
    for (const made of descendants(file, ts.isNewExpression)) {
      if (made.expression.getText(file) !== 'Sequelize') continue;
      const given: readonly ts.Expression[] = made.arguments ?? [];
      const options = given.filter(ts.isObjectLiteralExpression).at(-1);
      if (options !== undefined) return literalOptions(file, options);
    }
  }
  return { text: '{ logging: false }', left: [] };
}

function literalOptions(file: ts.SourceFile, options: ts.ObjectLiteralExpression): ConnectionOptions {
  const kept: string[] = [];
  const left: string[] = [];
  for (const property of options.properties) {
    const name = property.name?.getText(file) ?? property.getText(file);
    if (ELSEWHERE.has(name)) continue;
    if (KEPT.has(name) && ts.isPropertyAssignment(property) && isLiteral(property.initializer))
      kept.push(property.getText(file).replace(/\s*\n\s*/g, ' '));
    else left.push(name);
  }
  return { text: kept.length === 0 ? '{}' : `{ ${kept.join(', ')} }`, left };
}

function isLiteral(node: ts.Expression): boolean {
  if (ts.isObjectLiteralExpression(node))
    return node.properties.every((one) => ts.isPropertyAssignment(one) && isLiteral(one.initializer));
  if (ts.isArrayLiteralExpression(node)) return node.elements.every(isLiteral);
  if (ts.isPrefixUnaryExpression(node)) return isLiteral(node.operand);
  return (
    ts.isStringLiteralLike(node) ||
    ts.isNumericLiteral(node) ||
    [ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword, ts.SyntaxKind.NullKeyword].includes(node.kind)
  );
}

import { ts } from 'ts-morph';
import type { AppProject } from '../source/open-project.js';
import { givenOptions, type JsonTexts } from './connection-config.js';

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
  // sequelize-typescript's ways to models, which ModelFactory knows
  'models',
  'modelPaths',
  'modelMatch',
  'repositoryMode',
  // For sequelize-cli alone
  'use_env_variable',
  'url',
  'seederStorage',
  'migrationStorage',
]);

/** Options of `new Sequelize(…)` as the source text of an object literal. */
export interface ConnectionOptions {
  readonly text: string;
  /** Names of options that could not be taken over, being more than literals. */
  readonly left: readonly string[];
}

/** Reads the options that the application's one connection is made with; without `logging`, Sequelize would print. */
export function readConnectionOptions(project: AppProject, json?: JsonTexts): ConnectionOptions {
  const given = givenOptions(project, json);
  if (given === undefined) return { text: '{ logging: false }', left: [] };
  if (given.members === undefined) return { text: '{ logging: false }', left: [given.text] };
  const kept = new Map<string, string>();
  const left = new Set<string>();
  for (const member of given.members) {
    const { name } = member;
    const isPlain = name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name));
    const key = isPlain ? name.text : (name ?? member).getText();
    if (ELSEWHERE.has(key)) continue;
    kept.delete(key);
    left.delete(key);
    if (KEPT.has(key) && ts.isPropertyAssignment(member) && isLiteral(member.initializer))
      kept.set(key, `${key}: ${member.initializer.getText().replace(/\s*\n\s*/g, ' ')}`);
    else left.add(key);
  }
  return { text: kept.size === 0 ? '{}' : `{ ${[...kept.values()].join(', ')} }`, left: [...left] };
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

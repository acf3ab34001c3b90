import { ts } from 'ts-morph';
import { memberName } from '../source/nodes.js';
import { symbolOf } from '../source/symbols.js';
import type { Evaluator } from '../values/evaluator.js';

/** Operators that look at what stands beside them and give something else. */
const LOOKING = new Set([
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.InstanceOfKeyword,
  ts.SyntaxKind.InKeyword,
]);

/** Functions of the language that call nothing of what they are given, and give none of it back. */
const READERS = new Set([
  'JSON.stringify',
  'Object.keys',
  'Object.getOwnPropertyNames',
  'Array.isArray',
  'Boolean',
  'String',
  'assert',
]);

/** Methods by which one writes to a log. */
const LOG_METHODS = /^(log|trace|debug|verbose|info|http|warn|warning|error|fatal|dir|table)$/;

/** True where a value is only looked at: compared, printed, asked for its type, tested. */
export function isHarmless(evaluator: Evaluator, node: ts.Expression): boolean {
  const { parent } = node;
  if (ts.isTypeOfExpression(parent) || ts.isVoidExpression(parent) || ts.isDeleteExpression(parent))
    return true;
  if (ts.isPrefixUnaryExpression(parent) || ts.isTemplateSpan(parent)) return true;
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent)) return parent.expression === node;
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  if (ts.isBinaryExpression(parent)) {
    const { kind } = parent.operatorToken;
    // What `&&` gives of its left side is nothing that can be called.
    return LOOKING.has(kind) || (kind === ts.SyntaxKind.AmpersandAmpersandToken && parent.left === node);
  }
  return ts.isCallExpression(parent) && parent.expression !== node && isReader(evaluator, parent.expression);
}

function isReader(evaluator: Evaluator, callee: ts.Expression): boolean {
  const root = rootName(callee);
  if (root === undefined) return false;
  const isGlobal = symbolOf(root) === undefined;
  if (isGlobal && READERS.has(callee.getText())) return true;
  if (!ts.isPropertyAccessExpression(callee))
    return callee.getText() === 'assert' && isFrom(evaluator, root, 'assert');
  if (isFrom(evaluator, root, 'assert')) return true;
  const name = memberName(callee) ?? '';
  if (isFrom(evaluator, root, 'util')) return /^(inspect|format)$/.test(name);
  if (!LOG_METHODS.test(name)) return false;
  if (isGlobal) return root.text === 'console';
  // A logger of the application's own might call what it gets; one of a package prints it.
  return (
    evaluator.valueOf(callee)?.kind !== 'function' && /^(log|logger|winston|pino|bunyan)$/i.test(root.text)
  );
}

function isFrom(evaluator: Evaluator, root: ts.Identifier, name: string): boolean {
  const value = evaluator.valueOf(root);
  return value?.kind === 'package' && value.name.replace(/^node:/, '').split('/')[0] === name;
}

function rootName(callee: ts.Expression): ts.Identifier | undefined {
  let at = callee;
  while (ts.isPropertyAccessExpression(at)) at = at.expression;
  return ts.isIdentifier(at) ? at : undefined;
}

import { ts } from 'ts-morph';
import type { Finding } from '../../core/finding.js';
import type { Analysis } from '../../project/analysis.js';
import { assignment, descendants, enclosingFunctions, memberName, unwrap } from '../../project/nodes.js';
import { ConnectionSources } from './connection-source.js';
import { problem } from './words.js';

const FILLING = new Set(['set', 'push', 'add', 'unshift']);

/** Models and connections of one request that are put where the next request finds them. */
export function keptFindings(analysis: Analysis): Finding[] {
  const sources = new ConnectionSources(analysis);
  const isOfClinic = (expression: ts.Expression): boolean => {
    const node = unwrap(expression);
    if (sources.of(node) === 'clinic') return true;
    const callee = ts.isCallExpression(node) ? analysis.evaluator.valueOf(node.expression) : undefined;
    if (callee?.kind === 'getModel' && ts.isCallExpression(node)) {
      const [connection] = node.arguments;
      return connection === undefined || sources.of(connection) !== 'central';
    }
    const declaration = ts.isIdentifier(node) ? analysis.evaluator.declarationOf(node) : undefined;
    const initializer =
      declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
    return initializer !== undefined && unwrap(initializer) !== node && isOfClinic(initializer);
  };
  return [...analysis.uses.keys()].flatMap((file) => [
    ...descendants(file, ts.isBinaryExpression).flatMap((node) => {
      const pair = assignment(node);
      const isLogical =
        node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionEqualsToken ||
        node.operatorToken.kind === ts.SyntaxKind.BarBarEqualsToken;
      const left = pair?.left ?? (isLogical ? node.left : undefined);
      const right = pair?.right ?? node.right;
      if (left === undefined || !outlives(analysis, left) || !isOfClinic(right)) return [];
      return [
        problem('ISOLATION_KEPT', node, `${left.getText()} keeps ${right.getText()} beyond the request`),
      ];
    }),
    ...descendants(file, ts.isCallExpression).flatMap((call) => {
      const receiver = ts.isPropertyAccessExpression(call.expression)
        ? call.expression.expression
        : undefined;
      if (receiver === undefined || !FILLING.has(memberName(call.expression) ?? '')) return [];
      if (!outlives(analysis, receiver) || !call.arguments.some(isOfClinic)) return [];
      return [
        problem(
          'ISOLATION_KEPT',
          call,
          `${receiver.getText()} keeps a clinic's model or connection beyond the request`,
        ),
      ];
    }),
  ]);
}

/** True for a place that is there before the request and after it. */
function outlives({ evaluator }: Analysis, left: ts.Expression): boolean {
  if (enclosingFunctions(left).length === 0) return false;
  if (/\.locals\b/.test(left.getText()) && !/^(_?res|response)\b/.test(left.getText())) return true;
  let root: ts.Expression = left;
  while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root)) root = root.expression;
  if (root.kind === ts.SyntaxKind.ThisKeyword) return true;
  if (!ts.isIdentifier(root)) return false;
  if (root.text === 'global' || root.text === 'globalThis' || root.text === 'process') return true;
  const declaration = evaluator.declarationOf(root);
  return (
    declaration !== undefined &&
    ts.isVariableDeclaration(declaration) &&
    enclosingFunctions(declaration).length === 0
  );
}

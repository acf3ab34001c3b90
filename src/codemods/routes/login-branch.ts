import { ts } from 'ts-morph';
import { descendants, enclosingFunctions } from '../../project/source/nodes.js';
import { symbolOf } from '../../project/source/symbols.js';
import type { FunctionNode } from '../../project/types.js';

const LOGIN = /\bisAuthenticated\b|\b_?req(uest)?\.(user|payload|auth|session\.user)\b/;

/**
 * The block around a node that runs only where somebody is logged in: `if (req.user) { … }`. A request of nobody has
 * no clinic, and is answered as before if nothing is asked of one outside of that block.
 */
export function loginBranch(node: ts.Node, owner: FunctionNode): ts.Block | undefined {
  let found: ts.Block | undefined;
  for (let at = node; at !== owner && at !== undefined; at = at.parent) {
    const isBranch =
      ts.isBlock(at) && ts.isIfStatement(at.parent) && at.parent.thenStatement === at && isLogin(at.parent);
    if (isBranch && enclosingFunctions(at)[0] === owner) found = at as ts.Block;
  }
  return found;
}

/** The last statement of a block, before a place, that answers whoever is not logged in: `if (!req.user) return …`. */
export function loginGuard(block: ts.Block, before: number): ts.Statement | undefined {
  return block.statements.findLast(
    (one): one is ts.IfStatement =>
      ts.isIfStatement(one) &&
      one.end <= before &&
      one.elseStatement === undefined &&
      ts.isPrefixUnaryExpression(one.expression) &&
      one.expression.operator === ts.SyntaxKind.ExclamationToken &&
      isAboutLogin(one.expression) &&
      leaves(one.thenStatement),
  );
}

function leaves(statement: ts.Statement): boolean {
  const last = ts.isBlock(statement) ? statement.statements.at(-1) : statement;
  return last !== undefined && (ts.isReturnStatement(last) || ts.isThrowStatement(last));
}

function isLogin({ expression }: ts.IfStatement): boolean {
  return !/^!/.test(expression.getText()) && isAboutLogin(expression);
}

function isAboutLogin(expression: ts.Expression): boolean {
  const names = ts.isIdentifier(expression) ? [expression] : descendants(expression, ts.isIdentifier);
  const texts = names.map((name) => {
    const [declaration] = symbolOf(name)?.declarations ?? [];
    return declaration !== undefined && ts.isVariableDeclaration(declaration)
      ? (declaration.initializer?.getText() ?? '')
      : '';
  });
  return [expression.getText(), ...texts].some((text) => LOGIN.test(text));
}

import { ts } from 'ts-morph';
import { descendants, enclosingFunctions } from '../project/nodes.js';
import { symbolOf } from '../project/scope.js';
import type { FunctionNode } from '../project/types.js';

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

function isLogin({ expression }: ts.IfStatement): boolean {
  if (/^!/.test(expression.getText())) return false;
  const names = ts.isIdentifier(expression) ? [expression] : descendants(expression, ts.isIdentifier);
  const texts = names.map((name) => {
    const [declaration] = symbolOf(name)?.declarations ?? [];
    return declaration !== undefined && ts.isVariableDeclaration(declaration)
      ? (declaration.initializer?.getText() ?? '')
      : '';
  });
  return [expression.getText(), ...texts].some((text) => LOGIN.test(text));
}

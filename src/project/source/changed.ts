import { ts } from 'ts-morph';
import { descendants, isReference } from './nodes.js';
import { symbolOf } from './symbols.js';

const READING = /^(console\.\w+|Object\.(freeze|keys|values|entries)|JSON\.stringify)$/;

/** True where something in the file may change what a constant holds: it is written to, or handed to who might. */
export function isChanged(name: ts.Identifier): boolean {
  const symbol = symbolOf(name);
  return descendants(name.getSourceFile(), ts.isIdentifier).some((one) => {
    if (one.text !== name.text || one === name || !isReference(one) || symbolOf(one) !== symbol) return false;
    let at: ts.Node = one;
    while (
      (ts.isPropertyAccessExpression(at.parent) || ts.isElementAccessExpression(at.parent)) &&
      at.parent.expression === at
    )
      at = at.parent;
    const { parent } = at;
    if (ts.isBinaryExpression(parent) && parent.left === at && isAssigning(parent)) return true;
    if (ts.isDeleteExpression(parent)) return true;
    return (
      ts.isCallExpression(parent) &&
      parent.arguments.some((argument) => argument === at) &&
      !READING.test(parent.expression.getText()) &&
      isObjectLike(name)
    );
  });
}

/** False for what is seen to be a text or a number, which nobody can change. */
function isObjectLike({ parent }: ts.Identifier): boolean {
  const value = ts.isVariableDeclaration(parent) ? parent.initializer : undefined;
  return value === undefined || !/^process\.env\b/.test(value.getText());
}

function isAssigning({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

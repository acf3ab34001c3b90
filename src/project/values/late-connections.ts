import { ts } from 'ts-morph';
import { assignment, descendants } from '../source/nodes.js';
import { symbolOf } from '../source/symbols.js';

/** True for `let sequelize;` and `let sequelize = null;` where all that the file ever puts into it is a `new Sequelize(…)`. */
export function isMadeLater(declaration: ts.VariableDeclaration): boolean {
  const { name, initializer } = declaration;
  if (initializer !== undefined && initializer.kind !== ts.SyntaxKind.NullKeyword) return false;
  const file = declaration.getSourceFile();
  if (!ts.isIdentifier(name) || !file.text.includes('new Sequelize')) return false;
  const symbol = symbolOf(name);
  const given = descendants(file, ts.isBinaryExpression).flatMap((one) => {
    const pair = assignment(one);
    const isOwn = pair !== undefined && ts.isIdentifier(pair.left) && symbolOf(pair.left) === symbol;
    return isOwn ? [pair.right] : [];
  });
  return given.length > 0 && given.every(isNewConnection);
}

/** True for `this.name = new Sequelize(…)` somewhere in a class, whatever else it is before. */
export function isMadeInClass(node: ts.ClassLikeDeclaration, name: string): boolean {
  if (!node.getSourceFile().text.includes('Sequelize')) return false;
  return descendants(node, ts.isBinaryExpression).some((one) => {
    const pair = assignment(one);
    return (
      pair !== undefined &&
      ts.isPropertyAccessExpression(pair.left) &&
      pair.left.expression.kind === ts.SyntaxKind.ThisKeyword &&
      pair.left.name.text === name &&
      isNewConnection(pair.right)
    );
  });
}

/** True for `new Sequelize(…)`, by whatever way the class is reached. */
export function isNewConnection(node: ts.Expression): boolean {
  return ts.isNewExpression(node) && /(^|\.)Sequelize$/.test(node.expression.getText());
}

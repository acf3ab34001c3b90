import { ts } from 'ts-morph';
import { assignment, descendants } from '../source/nodes.js';
import { symbolOf } from '../source/symbols.js';

/** The `new Sequelize(…)` of `let sequelize;` and `let sequelize = null;` where that is all the file ever puts into it. */
export function madeLater(declaration: ts.VariableDeclaration): ts.NewExpression | undefined {
  const { name, initializer } = declaration;
  if (initializer !== undefined && initializer.kind !== ts.SyntaxKind.NullKeyword) return undefined;
  const file = declaration.getSourceFile();
  if (!ts.isIdentifier(name) || !file.text.includes('new Sequelize')) return undefined;
  const symbol = symbolOf(name);
  const given = descendants(file, ts.isBinaryExpression).flatMap((one) => {
    const pair = assignment(one);
    const isOwn = pair !== undefined && ts.isIdentifier(pair.left) && symbolOf(pair.left) === symbol;
    return isOwn ? [pair.right] : [];
  });
  return given.every(isNewConnection) ? given[0] : undefined;
}

/** The `new Sequelize(…)` of `this.name = new Sequelize(…)` somewhere in a class, whatever else it is before. */
export function madeInClass(node: ts.ClassLikeDeclaration, name: string): ts.NewExpression | undefined {
  if (!node.getSourceFile().text.includes('Sequelize')) return undefined;
  const [made] = descendants(node, ts.isBinaryExpression).flatMap((one) => {
    const pair = assignment(one);
    const isOwn =
      pair !== undefined &&
      ts.isPropertyAccessExpression(pair.left) &&
      pair.left.expression.kind === ts.SyntaxKind.ThisKeyword &&
      pair.left.name.text === name;
    return isOwn && isNewConnection(pair.right) ? [pair.right] : [];
  });
  return made;
}

/** True for `new Sequelize(…)`, by whatever way the class is reached. */
export function isNewConnection(node: ts.Expression): node is ts.NewExpression {
  return ts.isNewExpression(node) && /(^|\.)Sequelize$/.test(node.expression.getText());
}

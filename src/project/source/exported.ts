import { ts } from 'ts-morph';
import { exportsOf } from './modules.js';
import { assignment, exportsPath } from './nodes.js';

/** True for the right side of `module.exports = …`, a member of such an object, or a name in an export list. */
export function isExported(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isExportAssignment(parent) || ts.isExportSpecifier(parent)) return true;
  const pair = assignment(parent);
  if (pair !== undefined && pair.right === node) {
    return exportsPath(pair.left) !== undefined || isModuleObjectMember(pair.left);
  }
  if (
    ts.isPropertyAssignment(parent) ||
    ts.isShorthandPropertyAssignment(parent) ||
    ts.isSpreadAssignment(parent)
  ) {
    const object = parent.parent;
    return isExported(object) || (isModuleConstant(object) && isExportedName(object));
  }
  return false;
}

function isModuleConstant(object: ts.Node): boolean {
  return ts.isVariableDeclaration(object.parent) && ts.isSourceFile(object.parent.parent.parent.parent);
}

/** `const models = { … }` whose name the file exports, whole or spread out. */
function isExportedName(object: ts.Node): boolean {
  const declaration = object.parent as ts.VariableDeclaration;
  const name = declaration.name.getText();
  const { whole, named } = exportsOf(object.getSourceFile());
  if (named.has(name)) return true;
  if (whole === undefined) return false;
  if (ts.isIdentifier(whole)) return whole.text === name;
  return (
    ts.isObjectLiteralExpression(whole) &&
    whole.properties.some(
      (member) =>
        (ts.isSpreadAssignment(member) && member.expression.getText() === name) ||
        (ts.isShorthandPropertyAssignment(member) && member.name.text === name) ||
        (ts.isPropertyAssignment(member) && member.initializer.getText() === name),
    )
  );
}

/** `db.Patient = …` at module scope, where the file exports `db`. */
function isModuleObjectMember(left: ts.Expression): boolean {
  const { whole } = exportsOf(left.getSourceFile());
  return (
    (ts.isPropertyAccessExpression(left) || ts.isElementAccessExpression(left)) &&
    ts.isIdentifier(left.expression) &&
    whole !== undefined &&
    ts.isIdentifier(whole) &&
    whole.text === left.expression.text
  );
}

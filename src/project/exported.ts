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

/** `const models = { … }` whose name the file exports. */
function isExportedName(object: ts.Node): boolean {
  const declaration = object.parent as ts.VariableDeclaration;
  const { whole } = exportsOf(object.getSourceFile());
  return whole !== undefined && ts.isIdentifier(whole) && whole.text === declaration.name.getText();
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

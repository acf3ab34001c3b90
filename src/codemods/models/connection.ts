import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { enclosingFunctions, isInside, isNamed } from '../../project/source/nodes.js';
import { symbolAt } from '../../project/source/symbols.js';
import { databasesOf, type Model } from '../../project/types.js';
import { shapeOf, type Unmigrated } from './shape.js';
import { ownConnection } from './write-class.js';

/**
 * What a call in a model's file passes as clinicDb: the model's own connection, which is its clinic's. Undefined where
 * the model may be another database's, or where nothing there means its connection.
 */
export function clinicDbOfModel(analysis: Analysis, node: ts.Node): string | undefined {
  const file = node.getSourceFile();
  const shape = shapeOf(analysis, file);
  if (shape === undefined || databasesOf(shape.model).join() !== 'clinic') return undefined;
  return shape.kind === 'migrated' ? definedWith(analysis, shape.model, node) : connectionAt(shape, node);
}

/** The connection as seen from a place in a model's file: `define`'s parameter, or that of a class outside it. */
export function connectionAt(shape: Unmigrated, node: ts.Node): string | undefined {
  const hasOutside = shape.kind === 'class' || shape.kind === 'decorated';
  if (hasOutside && isInside(node, shape.node)) return ownConnection(node, shape.node);
  if (shape.kind === 'decorated') return undefined;
  const around = bodyOfDefine(shape).find((one) => isInside(node, one));
  if (around === undefined) return undefined;
  const [known] = symbolAt(node, shape.parameter)?.declarations ?? [];
  const isOther = known !== undefined && isInside(known, around) && known.parent !== around;
  return isOther ? undefined : shape.parameter;
}

/** What stands, or will stand, where `define`'s parameter is seen. */
function bodyOfDefine(shape: Exclude<Unmigrated, { kind: 'decorated' }>): readonly ts.Node[] {
  if (shape.kind === 'factory') return [shape.node];
  return shape.kind === 'global' ? [...shape.wrapped, shape.last] : shape.moved;
}

/** As connectionAt(), of a file that is migrated already. */
function definedWith(analysis: Analysis, model: Model, node: ts.Node): string | undefined {
  for (const one of enclosingFunctions(node)) {
    const member = ts.isMethodDeclaration(one) ? one : one.parent;
    const [connection] = one.parameters;
    const isDefine = ts.isObjectLiteralElement(member) && member.name && isNamed(member.name, 'define');
    if (!isDefine || connection === undefined || !ts.isIdentifier(connection.name)) continue;
    const [known] = symbolAt(node, connection.name.text)?.declarations ?? [];
    return known === connection ? connection.name.text : undefined;
  }
  const outside = node
    .getSourceFile()
    .statements.find((one): one is ts.ClassDeclaration => ts.isClassDeclaration(one) && isInside(node, one));
  const isModel = outside !== undefined && analysis.registry.byNode.get(outside) === model;
  return isModel ? ownConnection(node, outside) : undefined;
}

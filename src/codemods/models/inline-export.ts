import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { exportsOf, isEsModule } from '../../project/source/modules.js';
import {
  assignment,
  descendants,
  exportsPath,
  isInside,
  isReference,
  unwrap,
} from '../../project/source/nodes.js';
import type { Model } from '../../project/types.js';
import { type StaticInit, staticInit } from './static-init.js';

/**
 * A model that a file exports by its name, or a class that is exported where it stands: `export class Drug …` with
 * `Drug.init(…)` below, `export const Drug = sequelize.define(…)`, `exports.Drug = …`, `module.exports = { Drug }`.
 */
export interface InlineShape {
  readonly kind: 'inline';
  readonly model: Model;
  /** The statement that makes the model, and where in it the part begins that is kept as it is. */
  readonly node: ts.Statement;
  readonly from: number;
  /** What stands before that part in `define`: `const Drug = `, or nothing. */
  readonly keyword: string;
  readonly definition: ts.Expression | undefined;
  /** The statements that become the body of `define`; the first is `node`. */
  readonly moved: readonly ts.Statement[];
  /** A statement that does nothing but export the model. */
  readonly exported: ts.Statement | undefined;
  readonly parameter: string;
  readonly local: string;
  readonly maker: StaticInit | undefined;
  /** How others get at it: as all that the file gives; by its name, which it keeps; as a member, which becomes the whole. */
  readonly given: 'whole' | 'name' | 'member';
}

/** The shape of a file whose one export is its one model, not yet as `{ define, associate }`. */
export function inlineShape(
  analysis: Analysis,
  file: ts.SourceFile,
  model: Model,
  isGoing: (statement: ts.Statement) => boolean,
): InlineShape | undefined {
  const made = definitionIn(analysis, file, model);
  const exported = made && exportOf(file, made);
  if (made === undefined || exported === false) return undefined;
  // Others know a TypeScript class as a type: it has a shape of its own.
  if (ts.isClassDeclaration(made.node) && /\.[cm]?ts$/.test(file.fileName)) return undefined;
  const { node, local } = made;
  const uses = (analysis.uses.get(file)?.uses ?? []).filter((use) => use.model === undefined);
  const [connection] = uses;
  const maker = connection === undefined ? staticInit(analysis, file, model) : undefined;
  if (connection === undefined && maker === undefined) return undefined;
  const names = (one: ts.Statement): boolean =>
    descendants(one, ts.isIdentifier).some((name) => name.text === local && isReference(name));
  const start = file.statements.indexOf(node);
  const needs = (one: ts.Statement): boolean =>
    one !== exported &&
    !isGoing(one) &&
    (one === node || names(one) || uses.some((use) => isInside(use.node, one)));
  const needing = file.statements.filter(needs);
  const end = file.statements.indexOf(needing.at(-1) ?? node) + 1;
  const outside = [...file.statements.slice(0, start), ...file.statements.slice(end)];
  const moved = file.statements.slice(start, end).filter((one) => one !== exported && !isGoing(one));
  const isTogether =
    needing[0] === node &&
    moved.every((one) => one === node || ts.isExpressionStatement(one) || isOwnHelper(one, outside));
  if (!isTogether) return undefined;
  const parameter =
    connection !== undefined && ts.isIdentifier(connection.node) ? connection.node.text : 'sequelize';
  const { whole, named } = exportsOf(file);
  return {
    kind: 'inline',
    model,
    ...made,
    moved,
    exported,
    parameter: maker?.parameter ?? parameter,
    maker,
    // An ES module that imports a name which is not there does not load.
    given: whole === node ? 'whole' : isEsModule(file) && named.has(local) ? 'name' : 'member',
  };
}

/** True for a function that nothing outside of what moves can call. */
function isOwnHelper(statement: ts.Statement, outside: readonly ts.Statement[]): boolean {
  if (!ts.isFunctionDeclaration(statement) || statement.name === undefined) return false;
  const name = statement.name.text;
  const isExported = (ts.getModifiers(statement) ?? []).some(
    ({ kind }) => kind === ts.SyntaxKind.ExportKeyword,
  );
  const isCalled = outside.some((one) => descendants(one, ts.isIdentifier).some(({ text }) => text === name));
  return !isExported && !isCalled;
}

type Made = Pick<InlineShape, 'node' | 'from' | 'keyword' | 'definition' | 'local'>;

/** The statement that makes the model: a class, a constant, or `exports.Drug = …`. */
function definitionIn({ registry }: Analysis, file: ts.SourceFile, model: Model): Made | undefined {
  const isModel = (one: ts.Node | undefined): boolean =>
    one !== undefined && registry.byNode.get(one) === model;
  for (const node of file.statements) {
    if (ts.isClassDeclaration(node) && node.name !== undefined && isModel(node)) {
      const keyword = node.getChildren(file).find(({ kind }) => kind === ts.SyntaxKind.ClassKeyword) ?? node;
      return {
        node,
        from: keyword.getStart(file),
        keyword: '',
        definition: undefined,
        local: node.name.text,
      };
    }
    if (ts.isVariableStatement(node)) {
      const [declaration, ...others] = node.declarationList.declarations;
      const value = declaration?.initializer;
      if (declaration === undefined || value === undefined || others.length > 0 || !isModel(unwrap(value)))
        continue;
      if (!ts.isIdentifier(declaration.name) || declaration.type !== undefined) return undefined;
      const local = declaration.name.text;
      return { node, from: value.getStart(file), keyword: `const ${local} = `, definition: value, local };
    }
    const pair = ts.isExpressionStatement(node) ? assignment(node.expression) : undefined;
    const [name, ...deeper] = (pair && exportsPath(pair.left)) ?? [];
    if (pair === undefined || name === undefined || deeper.length > 0 || !isModel(unwrap(pair.right)))
      continue;
    return {
      node,
      from: pair.right.getStart(file),
      keyword: `const ${name} = `,
      definition: pair.right,
      local: name,
    };
  }
  return undefined;
}

/** The statement that exports the model; undefined where its definition does, false where anything else is exported. */
function exportOf(file: ts.SourceFile, { node, local }: Made): ts.Statement | undefined | false {
  const { whole, named, passedOn, stars } = exportsOf(file);
  if (passedOn.size > 0 || stars.length > 0) return false;
  if (whole === node) return named.size === 0 ? undefined : false;
  const only = [...named.keys()];
  if (isDefaultToo(file, local)) return file.statements.find(ts.isExportAssignment) ?? false;
  if (whole === undefined && only.length === 1 && only[0] === local) {
    const isInline = ts.canHaveModifiers(node) && (ts.getModifiers(node)?.length ?? 0) > 0;
    if (isInline || (ts.isExpressionStatement(node) && assignment(node.expression) !== undefined))
      return undefined;
    return file.statements.find((one) => isExportOf(one, local)) ?? false;
  }
  if (whole === undefined || !ts.isObjectLiteralExpression(whole) || named.size > 0) return false;
  const [property, ...more] = whole.properties;
  const isIt = property !== undefined && property.name?.getText(file) === local && more.length === 0;
  const statement = whole.parent.parent;
  return isIt && ts.isExpressionStatement(statement) && assignment(statement.expression)?.right === whole
    ? statement
    : false;
}

/** True for `export const Drug = …` with `export default Drug`. */
export function isDefaultToo(file: ts.SourceFile, local: string): boolean {
  const { whole, isDefault, named } = exportsOf(file);
  return isDefault && named.size === 1 && named.has(local) && whole?.getText(file) === local;
}

/** `exports.Drug = Drug` or `export { Drug }`. */
function isExportOf(statement: ts.Statement, local: string): boolean {
  if (ts.isExportDeclaration(statement)) return true;
  const pair = ts.isExpressionStatement(statement) ? assignment(statement.expression) : undefined;
  return pair !== undefined && exportsPath(pair.left)?.[0] === local && pair.right.getText() === local;
}

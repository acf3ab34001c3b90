import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { pathOf, type RuntimeFile, runtimeFile } from '../../project/source/modules.js';
import { memberName, requiredSpecifier, unwrap } from '../../project/source/nodes.js';

/** One of the runtime files, or what it exports under a name. */
export interface RuntimeName {
  readonly file: RuntimeFile;
  /** Undefined for the module itself and its default export. */
  readonly name: string | undefined;
}

/**
 * The runtime file's export that an expression names, whatever it is called here. Undefined for anything else, be it
 * called the same.
 */
export function runtimeName(analysis: Analysis, expression: ts.Expression): RuntimeName | undefined {
  const node = unwrap(expression);
  const specifier = requiredSpecifier(node);
  if (specifier !== undefined) return runtimeModule(analysis, node, specifier);
  const name = memberName(node);
  if (name !== undefined && (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)))
    return member(runtimeName(analysis, node.expression), name);
  if (!ts.isIdentifier(node)) return undefined;
  const declaration = analysis.evaluator.declarationOf(node);
  return declaration && declared(analysis, declaration);
}

function declared(analysis: Analysis, declaration: ts.Declaration): RuntimeName | undefined {
  if (ts.isVariableDeclaration(declaration))
    return declaration.initializer && runtimeName(analysis, declaration.initializer);
  if (ts.isBindingElement(declaration)) {
    const holder = declaration.parent.parent;
    if (!ts.isVariableDeclaration(holder) || holder.initializer === undefined) return undefined;
    const name = declaration.propertyName ?? declaration.name;
    return ts.isIdentifier(name) ? member(runtimeName(analysis, holder.initializer), name.text) : undefined;
  }
  const statement = ts.isImportClause(declaration)
    ? declaration.parent
    : ts.isNamespaceImport(declaration)
      ? declaration.parent.parent
      : ts.isImportSpecifier(declaration)
        ? declaration.parent.parent.parent
        : undefined;
  if (statement === undefined || !ts.isStringLiteralLike(statement.moduleSpecifier)) return undefined;
  const module = runtimeModule(analysis, declaration, statement.moduleSpecifier.text);
  return ts.isImportSpecifier(declaration)
    ? member(module, (declaration.propertyName ?? declaration.name).text)
    : module;
}

function member(of: RuntimeName | undefined, name: string): RuntimeName | undefined {
  if (of === undefined || name === 'default') return of;
  return of.name === undefined ? { ...of, name } : undefined;
}

function runtimeModule({ project }: Analysis, from: ts.Node, specifier: string): RuntimeName | undefined {
  const path = pathOf(project, from.getSourceFile(), specifier);
  const file = path === undefined ? undefined : runtimeFile(project.app, path);
  return file === undefined ? undefined : { file, name: undefined };
}

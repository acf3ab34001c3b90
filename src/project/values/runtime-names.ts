import { ts } from 'ts-morph';
import { pathOf, type RuntimeFile, runtimeFile } from '../source/modules.js';
import { memberName, requiredSpecifier, unwrap } from '../source/nodes.js';
import type { Evaluator } from './evaluator.js';

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
export function runtimeName(evaluator: Evaluator, expression: ts.Expression): RuntimeName | undefined {
  const node = unwrap(expression);
  const specifier = requiredSpecifier(node);
  if (specifier !== undefined) return runtimeModule(evaluator, node, specifier);
  const name = memberName(node);
  if (name !== undefined && (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)))
    return member(runtimeName(evaluator, node.expression), name);
  if (!ts.isIdentifier(node)) return undefined;
  const declaration = evaluator.declarationOf(node);
  return declaration && declared(evaluator, declaration);
}

function declared(evaluator: Evaluator, declaration: ts.Declaration): RuntimeName | undefined {
  if (ts.isVariableDeclaration(declaration))
    return declaration.initializer && runtimeName(evaluator, declaration.initializer);
  if (ts.isBindingElement(declaration)) {
    const holder = declaration.parent.parent;
    if (!ts.isVariableDeclaration(holder) || holder.initializer === undefined) return undefined;
    const name = declaration.propertyName ?? declaration.name;
    return ts.isIdentifier(name) ? member(runtimeName(evaluator, holder.initializer), name.text) : undefined;
  }
  const statement = ts.isImportClause(declaration)
    ? declaration.parent
    : ts.isNamespaceImport(declaration)
      ? declaration.parent.parent
      : ts.isImportSpecifier(declaration)
        ? declaration.parent.parent.parent
        : undefined;
  if (statement === undefined || !ts.isStringLiteralLike(statement.moduleSpecifier)) return undefined;
  const module = runtimeModule(evaluator, declaration, statement.moduleSpecifier.text);
  return ts.isImportSpecifier(declaration)
    ? member(module, (declaration.propertyName ?? declaration.name).text)
    : module;
}

function member(of: RuntimeName | undefined, name: string): RuntimeName | undefined {
  if (of === undefined || name === 'default') return of;
  return of.name === undefined ? { ...of, name } : undefined;
}

function runtimeModule({ project }: Evaluator, from: ts.Node, specifier: string): RuntimeName | undefined {
  const path = pathOf(project, from.getSourceFile(), specifier);
  const file = path === undefined ? undefined : runtimeFile(project.app, path);
  return file === undefined ? undefined : { file, name: undefined };
}

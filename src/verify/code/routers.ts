import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { isRouteCall } from '../../project/calls/handlers.js';
import { exportsOf, ownFile } from '../../project/source/modules.js';
import {
  descendants,
  enclosingFunctions,
  isFunctionNode,
  memberName,
  requiredSpecifier,
  unwrap,
} from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';

/** What stands for one router or application of Express: its declaration, or `file#text` where there is none. */
export type RouterKey = ts.Node | string;

/** Follows routers over variables, imports, factories and parameters. */
export class Routers {
  constructor(private readonly analysis: Analysis) {}

  /** The routers that an expression may be; none for what is no router. */
  of(expression: ts.Expression, seen: ReadonlySet<ts.Node> = new Set()): RouterKey[] {
    const node = unwrap(expression);
    if (seen.has(node)) return [];
    const next = new Set([...seen, node]);
    const specifier = requiredSpecifier(node);
    if (specifier !== undefined) {
      const file = ownFile(this.analysis.project, node.getSourceFile(), specifier);
      return file === undefined ? [] : this.#exported(file, 'default', next);
    }
    if (ts.isCallExpression(node)) {
      // `router.route('/x').get(…)` and `router.use(…).use(…)` work on `router`.
      if (
        ts.isPropertyAccessExpression(node.expression) &&
        (isRouteCall(node) || node.expression.name.text === 'route')
      )
        return this.of(node.expression.expression, next);
      return this.#made(node, next);
    }
    if (ts.isPropertyAccessExpression(node)) return this.#member(node, next);
    const declaration = ts.isIdentifier(node) ? this.analysis.evaluator.declarationOf(node) : undefined;
    return declaration === undefined ? [] : this.#declared(declaration, next);
  }

  #declared(declaration: ts.Declaration, seen: ReadonlySet<ts.Node>): RouterKey[] {
    if (ts.isVariableDeclaration(declaration)) {
      const given = declaration.initializer && unwrap(declaration.initializer);
      if (given === undefined) return [declaration];
      if (ts.isCallExpression(given) && requiredSpecifier(given) === undefined) {
        const inner = this.#made(given, seen);
        return inner.length > 0 ? inner : [declaration];
      }
      return ts.isNewExpression(given) ? [declaration] : this.of(given, seen);
    }
    if (ts.isParameter(declaration) && isFunctionNode(declaration.parent)) {
      const index = declaration.parent.parameters.indexOf(declaration);
      const callers = this.analysis.calls.get(declaration.parent)?.calls ?? [];
      const given = callers.flatMap(({ arguments: all }) => all[index] ?? []);
      return given.length > 0 ? given.flatMap((one) => this.of(one, seen)) : [declaration];
    }
    const [specifier, name] = ts.isImportClause(declaration)
      ? [declaration.parent.moduleSpecifier, 'default']
      : ts.isImportSpecifier(declaration)
        ? [
            declaration.parent.parent.parent.moduleSpecifier,
            (declaration.propertyName ?? declaration.name).text,
          ]
        : ts.isBindingElement(declaration)
          ? [specifierOf(declaration), (declaration.propertyName ?? declaration.name).getText()]
          : [undefined, ''];
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return [];
    const file = ownFile(this.analysis.project, declaration.getSourceFile(), specifier.text);
    return file === undefined ? [] : this.#exported(file, name, seen);
  }

  #exported(file: ts.SourceFile, name: string, seen: ReadonlySet<ts.Node>): RouterKey[] {
    const { whole, named, passedOn } = exportsOf(file);
    const passed = passedOn.get(name);
    const target = passed && ownFile(this.analysis.project, file, passed.specifier);
    if (passed !== undefined && target !== undefined) return this.#exported(target, passed.name, seen);
    const node = named.get(name) ?? whole;
    if (node === undefined || ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return [];
    const expression = node as ts.Expression;
    if (named.has(name) || !ts.isObjectLiteralExpression(expression)) {
      const isMade = ts.isCallExpression(expression) && this.of(expression, seen).length === 0;
      return isMade ? [expression] : this.of(expression, seen);
    }
    const member = expression.properties.find((one) => one.name?.getText() === name);
    if (member === undefined) return [];
    if (ts.isShorthandPropertyAssignment(member)) return this.of(member.name, seen);
    return ts.isPropertyAssignment(member) ? this.of(member.initializer, seen) : [];
  }

  /** What a function of the application returns. */
  #made(call: ts.CallExpression, seen: ReadonlySet<ts.Node>): RouterKey[] {
    const callee = this.analysis.evaluator.valueOf(call.expression);
    return callee?.kind === 'function' ? returnedBy(callee.node).flatMap((one) => this.of(one, seen)) : [];
  }

  #member(node: ts.PropertyAccessExpression, seen: ReadonlySet<ts.Node>): RouterKey[] {
    const { expression } = node;
    if (expression.kind === ts.SyntaxKind.ThisKeyword)
      return [`${node.getSourceFile().fileName}#${node.getText()}`];
    const value = this.analysis.evaluator.valueOf(expression);
    if (value?.kind === 'module') return this.#exported(value.file, node.name.text, seen);
    if (value?.kind === 'instance') return [`${value.node.getSourceFile().fileName}#this.${node.name.text}`];
    return [];
  }
}

function specifierOf(element: ts.BindingElement): ts.Expression | undefined {
  const holder = element.parent.parent;
  const given =
    ts.isVariableDeclaration(holder) && holder.initializer ? unwrap(holder.initializer) : undefined;
  return given !== undefined && ts.isCallExpression(given) && requiredSpecifier(given) !== undefined
    ? given.arguments[0]
    : undefined;
}

function returnedBy(owner: FunctionNode): ts.Expression[] {
  if (ts.isArrowFunction(owner) && !ts.isBlock(owner.body)) return [owner.body];
  return descendants(owner, ts.isReturnStatement).flatMap(({ expression }) =>
    expression !== undefined && enclosingFunctions(expression)[0] === owner ? [expression] : [],
  );
}

/** The functions and routers that an argument of a route call brings in, through wrappers and arrays. */
export function targetsOf(
  analysis: Analysis,
  routers: Routers,
  argument: ts.Expression,
): { readonly handlers: readonly FunctionNode[]; readonly routers: readonly RouterKey[] } {
  if (isFunctionNode(argument)) return { handlers: [argument], routers: [] };
  const value = analysis.evaluator.valueOf(argument);
  if (value?.kind === 'function') {
    // What the application's own `wrap(handler)` returns calls what it was given.
    const given = ts.isCallExpression(argument) ? argument.arguments : [];
    const wrapped = given.flatMap((one) => targetsOf(analysis, routers, one).handlers);
    return { handlers: [value.node, ...wrapped], routers: [] };
  }
  const found = routers.of(argument);
  if (found.length > 0 || !ts.isCallExpression(argument)) return { handlers: [], routers: found };
  const isBound =
    memberName(argument.expression) === 'bind' && ts.isPropertyAccessExpression(argument.expression);
  const inner = isBound
    ? [(argument.expression as ts.PropertyAccessExpression).expression]
    : requiredSpecifier(argument) === undefined
      ? argument.arguments
      : [];
  const each = inner.map((one) => targetsOf(analysis, routers, one));
  return { handlers: each.flatMap(({ handlers }) => handlers), routers: each.flatMap((one) => one.routers) };
}

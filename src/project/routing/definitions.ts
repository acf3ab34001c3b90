import { ts } from 'ts-morph';
import { exportsOf, ownFile } from '../source/modules.js';
import { assignedLater, memberName, property, requiredSpecifier, unwrap } from '../source/nodes.js';
import type { Evaluator } from '../values/evaluator.js';

/** Follows an expression to where it is written: over constants, imports, exports and members of objects. */
export class Definitions {
  constructor(readonly evaluator: Evaluator) {}

  /** What is written there; the declaration of what has no such place, and the expression itself where it is followed no further. */
  of(expression: ts.Expression, seen: ReadonlySet<ts.Node> = new Set()): ts.Node {
    const node = unwrap(expression);
    if (seen.has(node)) return node;
    const next = new Set([...seen, node]);
    const specifier = requiredSpecifier(node);
    if (specifier !== undefined)
      return this.#imported(node.getSourceFile(), specifier, 'default', next) ?? node;
    if (ts.isIdentifier(node)) {
      const declaration = this.evaluator.declarationOf(node);
      return declaration === undefined ? node : this.#declared(declaration, next);
    }
    const name = memberName(node);
    if (name === undefined || !(ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)))
      return node;
    return this.#member(node.expression, name, next) ?? node;
  }

  #declared(declaration: ts.Declaration, seen: ReadonlySet<ts.Node>): ts.Node {
    if (ts.isVariableDeclaration(declaration))
      return declaration.initializer === undefined || ts.isForOfStatement(declaration.parent.parent)
        ? declaration
        : this.of(declaration.initializer, seen);
    if (ts.isBindingElement(declaration)) {
      const holder = declaration.parent.parent;
      const name = declaration.propertyName ?? declaration.name;
      const isPlain =
        ts.isVariableDeclaration(holder) &&
        holder.initializer !== undefined &&
        ts.isObjectBindingPattern(declaration.parent) &&
        (ts.isIdentifier(name) || ts.isStringLiteralLike(name));
      return (isPlain && this.#member(holder.initializer, name.text, seen)) || declaration;
    }
    const [statement, name] = ts.isImportClause(declaration)
      ? [declaration.parent, 'default']
      : ts.isImportSpecifier(declaration)
        ? [declaration.parent.parent.parent, (declaration.propertyName ?? declaration.name).text]
        : [undefined, ''];
    if (statement === undefined || !ts.isStringLiteralLike(statement.moduleSpecifier)) return declaration;
    const { text } = statement.moduleSpecifier;
    return this.#imported(declaration.getSourceFile(), text, name, seen) ?? declaration;
  }

  #member(object: ts.Expression, name: string, seen: ReadonlySet<ts.Node>): ts.Node | undefined {
    const value = this.evaluator.valueOf(object);
    if (value?.kind === 'module') return this.#exported(value.file, name, seen);
    const node = value?.kind === 'object' ? value.node : this.of(object, seen);
    if (!ts.isObjectLiteralExpression(node)) return undefined;
    return this.#property(node, name, seen);
  }

  #property(
    object: ts.ObjectLiteralExpression,
    name: string,
    seen: ReadonlySet<ts.Node>,
  ): ts.Node | undefined {
    const given = property(object, name) ?? assignedLater(object, name);
    return given && this.of(given, seen);
  }

  #imported(
    from: ts.SourceFile,
    specifier: string,
    name: string,
    seen: ReadonlySet<ts.Node>,
  ): ts.Node | undefined {
    const file = ownFile(this.evaluator.project, from, specifier);
    return file && this.#exported(file, name, seen);
  }

  #exported(file: ts.SourceFile, name: string, seen: ReadonlySet<ts.Node>): ts.Node | undefined {
    const { whole, named, passedOn, stars } = exportsOf(file);
    const passed = passedOn.get(name);
    if (passed !== undefined) return this.#imported(file, passed.specifier, passed.name, seen);
    const node = named.get(name) ?? (name === 'default' ? whole : undefined);
    if (node !== undefined) return this.#written(node, seen);
    const all = whole === undefined ? undefined : this.#written(whole, seen);
    const member = all && ts.isObjectLiteralExpression(all) ? this.#property(all, name, seen) : undefined;
    if (member !== undefined) return member;
    for (const specifier of stars) {
      const found = this.#imported(file, specifier, name, seen);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #written(node: ts.Node, seen: ReadonlySet<ts.Node>): ts.Node {
    return ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)
      ? node
      : this.of(node as ts.Expression, seen);
  }
}

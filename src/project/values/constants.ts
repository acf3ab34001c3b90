import { ts } from 'ts-morph';
import { exportsOf, resolveModule } from '../source/modules.js';
import {
  assignedLater,
  descendants,
  isNamed,
  memberName,
  property,
  requiredSpecifier,
  unwrap,
} from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { symbolOf } from '../source/symbols.js';

/**
 * The node that an expression stands for, through constants, members of written objects, enums and imports, across files:
 * a literal, a function, a parameter, a file for a module as a whole. It needs no model to be known; where it cannot
 * follow, it gives the last node that it came to.
 */
export function originOf(project: AppProject, expression: ts.Node): ts.Node {
  return new Origins(project).of(expression);
}

/** The text that an expression is sure to have: `tables.patient`, `Tables.Patient`, `` `${prefix}_patients` ``. */
export function constantText(project: AppProject, expression: ts.Node): string | undefined {
  return new Origins(project).text(expression);
}

/** One question; a node that is asked for again while it is looked for is defined through itself and stands for nothing else. */
class Origins {
  readonly #seen = new Set<ts.Node>();

  constructor(private readonly project: AppProject) {}

  of(expression: ts.Node): ts.Node {
    const node = ts.isExpression(expression) ? unwrap(expression) : expression;
    if (this.#seen.has(node)) return node;
    this.#seen.add(node);
    const next = this.#next(node);
    return next === undefined ? node : this.of(next);
  }

  text(expression: ts.Node): string | undefined {
    const node = this.of(expression);
    if (ts.isStringLiteralLike(node)) return node.text;
    if (ts.isTemplateExpression(node)) {
      const parts = node.templateSpans.map((span) => {
        const text = this.text(span.expression);
        return text === undefined ? undefined : text + span.literal.text;
      });
      return parts.includes(undefined) ? undefined : node.head.text + parts.join('');
    }
    if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return undefined;
    const [left, right] = [this.text(node.left), this.text(node.right)];
    return left === undefined || right === undefined ? undefined : left + right;
  }

  #next(node: ts.Node): ts.Node | undefined {
    if (ts.isIdentifier(node)) return this.#declared(node);
    if (ts.isSourceFile(node)) {
      const { whole, isDefault, named } = exportsOf(node);
      return isDefault || named.size > 0 ? undefined : whole;
    }
    const specifier = requiredSpecifier(node);
    if (specifier !== undefined) return this.#module(node, specifier);
    if (ts.isCallExpression(node)) return isFreeze(node) ? node.arguments[0] : undefined;
    if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return undefined;
    const name = memberName(node) ?? this.#key(node);
    return name === undefined ? undefined : this.#member(node.expression, name);
  }

  #key(node: ts.Node): string | undefined {
    return ts.isElementAccessExpression(node) ? this.text(node.argumentExpression) : undefined;
  }

  #declared(name: ts.Identifier): ts.Node | undefined {
    const [declaration, ...others] = symbolOf(name)?.declarations ?? [];
    if (declaration === undefined || others.length > 0) return undefined;
    if (ts.isVariableDeclaration(declaration)) {
      const isConstant = (declaration.parent.flags & ts.NodeFlags.Const) !== 0;
      return isConstant || isNeverAssigned(declaration) ? declaration.initializer : undefined;
    }
    if (ts.isBindingElement(declaration)) return this.#taken(declaration);
    if (ts.isImportClause(declaration)) return this.#imported(declaration.parent, 'default');
    if (ts.isNamespaceImport(declaration)) return this.#imported(declaration.parent.parent, undefined);
    if (ts.isImportSpecifier(declaration)) {
      const { propertyName, name: local } = declaration;
      return this.#imported(declaration.parent.parent.parent, (propertyName ?? local).text);
    }
    return declaration;
  }

  /** What `patient` is in `const { patient } = tables`; a parameter's element is its own origin. */
  #taken(element: ts.BindingElement): ts.Node | undefined {
    const outer = element.parent.parent;
    const key = element.propertyName ?? element.name;
    const isPlain = ts.isObjectBindingPattern(element.parent) && element.dotDotDotToken === undefined;
    if (!ts.isVariableDeclaration(outer) || outer.initializer === undefined) return element;
    if (!isPlain || !(ts.isIdentifier(key) || ts.isStringLiteralLike(key))) return element;
    return this.#member(outer.initializer, key.text) ?? element;
  }

  #member(holder: ts.Node, name: string): ts.Node | undefined {
    const node = this.of(holder);
    if (ts.isSourceFile(node)) return this.#exported(node, name);
    if (ts.isEnumDeclaration(node)) return node.members.find((one) => isNamed(one.name, name))?.initializer;
    if (!ts.isObjectLiteralExpression(node)) return undefined;
    const own = property(node, name) ?? node.properties.find((one) => one.name && isNamed(one.name, name));
    if (own !== undefined) return own;
    const later = assignedLater(node, name);
    if (later !== undefined) return later;
    for (const one of [...node.properties].reverse()) {
      const found = ts.isSpreadAssignment(one) ? this.#member(one.expression, name) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #imported(
    { moduleSpecifier }: ts.ImportDeclaration | ts.JSDocImportTag,
    name: string | undefined,
  ): ts.Node | undefined {
    if (!ts.isStringLiteral(moduleSpecifier)) return undefined;
    const file = this.#module(moduleSpecifier, moduleSpecifier.text);
    return file === undefined || name === undefined ? file : this.#exported(file, name);
  }

  #module(from: ts.Node, specifier: string): ts.SourceFile | undefined {
    return resolveModule(this.project, from.getSourceFile(), specifier);
  }

  #exported(file: ts.SourceFile, name: string): ts.Node | undefined {
    const { whole, isDefault, named, passedOn, stars } = exportsOf(file);
    const own = named.get(name);
    if (own !== undefined) return own;
    if (name === 'default' && whole !== undefined) return whole;
    const passed = passedOn.get(name);
    if (passed !== undefined) {
      const target = this.#module(file, passed.specifier);
      return target === undefined || passed.name === '*' ? target : this.#exported(target, passed.name);
    }
    if (whole !== undefined && !isDefault) return this.#member(whole, name);
    const listed = file.statements.find((one) => ts.isEnumDeclaration(one) && one.name.text === name);
    if (listed !== undefined) return listed;
    return stars
      .map((specifier) => this.#module(file, specifier))
      .map((target) => target && this.#exported(target, name))
      .find((found) => found !== undefined);
  }
}

function isFreeze({ expression, arguments: given }: ts.CallExpression): boolean {
  return given.length === 1 && expression.getText() === 'Object.freeze';
}

/** True for a `let` or `var` that its file gives nothing else. */
function isNeverAssigned({ name }: ts.VariableDeclaration): boolean {
  const symbol = ts.isIdentifier(name) ? symbolOf(name) : undefined;
  return !descendants(name.getSourceFile(), ts.isBinaryExpression).some(
    ({ left, operatorToken: { kind } }) =>
      kind >= ts.SyntaxKind.FirstAssignment &&
      kind <= ts.SyntaxKind.LastAssignment &&
      ts.isIdentifier(left) &&
      symbolOf(left) === symbol,
  );
}

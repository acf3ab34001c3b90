import { ts } from 'ts-morph';
import type { ModelRegistry } from '../models/registry.js';
import { resolveModule } from '../source/modules.js';
import { descendants, isFunctionMember, isFunctionNode } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import type { Value } from '../types.js';

/** What a type's name can be declared as. */
export type TypeDeclaration = ts.ClassDeclaration | ts.InterfaceDeclaration | ts.TypeAliasDeclaration;

/** The application's own class, interface or alias that a type names; undefined for any other type. */
export function declaredType(project: AppProject, type: ts.Node | undefined): TypeDeclaration | undefined {
  if (type === undefined) return undefined;
  if (ts.isTypeReferenceNode(type) && ts.isIdentifier(type.typeName))
    return typeNamed(project, type.getSourceFile(), type.typeName.text);
  return ts.isExpressionWithTypeArguments(type) && ts.isIdentifier(type.expression)
    ? typeNamed(project, type.getSourceFile(), type.expression.text)
    : undefined;
}

/** A type that lists members: an interface, or what an alias of `{ … }` stands for. */
export type ObjectType = ts.InterfaceDeclaration | ts.TypeLiteralNode;

/** The members' list of a declared type; undefined for classes and other aliases. */
export function objectType(declared: TypeDeclaration | undefined): ObjectType | undefined {
  if (declared === undefined || ts.isClassDeclaration(declared)) return undefined;
  if (ts.isInterfaceDeclaration(declared)) return declared;
  return ts.isTypeLiteralNode(declared.type) ? declared.type : undefined;
}

/** The type that an object literal is declared with, where it is written. */
export function typedAs(node: ts.ObjectLiteralExpression): ts.TypeNode | undefined {
  let at: ts.Node = node.parent;
  while (ts.isParenthesizedExpression(at) || ts.isReturnStatement(at) || ts.isBlock(at)) at = at.parent;
  return isTyped(at) || isFunctionNode(at) ? at.type : undefined;
}

function isTyped(node: ts.Node): node is ts.Node & { readonly type?: ts.TypeNode } {
  return (
    ts.isVariableDeclaration(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node)
  );
}

/** The interfaces that a class says it implements. */
export function interfacesOf(project: AppProject, node: ts.ClassLikeDeclaration): ObjectType[] {
  const clause = node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ImplementsKeyword);
  return (clause?.types ?? []).flatMap((type) => {
    return objectType(declaredType(project, type)) ?? [];
  });
}

type Implementer = ts.ClassLikeDeclaration | ts.ObjectLiteralExpression;

// Read once a project, since every parameter of an interface's type asks for it.
const implementers = new WeakMap<AppProject, ReadonlyMap<ObjectType, readonly Implementer[]>>();

/** Every class that says it implements a type, and every object literal that is declared with it. */
export function implementersOf(project: AppProject, node: ObjectType): readonly Implementer[] {
  const known = implementers.get(project) ?? readImplementers(project);
  implementers.set(project, known);
  return known.get(node) ?? [];
}

function readImplementers(project: AppProject): ReadonlyMap<ObjectType, readonly Implementer[]> {
  const found = new Map<ObjectType, Implementer[]>();
  const add = (type: ObjectType | undefined, one: Implementer): void => {
    if (type !== undefined) found.set(type, [...(found.get(type) ?? []), one]);
  };
  for (const file of project.files.filter(({ fileName }) => /\.[cm]?ts$/.test(fileName))) {
    for (const one of descendants(file, ts.isClassLike))
      for (const type of interfacesOf(project, one)) add(type, one);
    for (const one of descendants(file, ts.isObjectLiteralExpression))
      add(objectType(declaredType(project, typedAs(one))), one);
  }
  return found;
}

/** An instance of the class that a type names, or the one thing that implements the interface it names. */
export function instanceOf(
  project: AppProject,
  registry: ModelRegistry,
  type: ts.TypeNode | undefined,
): Value | undefined {
  const declared = declaredType(project, type);
  const listed = objectType(declared);
  const isClass = declared !== undefined && ts.isClassDeclaration(declared);
  const [only, ...more] = isClass ? [declared] : listed ? implementersOf(project, listed) : [];
  if (only === undefined || more.length > 0 || registry.byNode.has(only)) return undefined;
  if (!ts.isObjectLiteralExpression(only)) return { kind: 'instance', node: only };
  return only.properties.every(isFunctionMember) ? { kind: 'object', node: only } : undefined;
}

function typeNamed(
  project: AppProject,
  file: ts.SourceFile,
  name: string,
  seen: ReadonlySet<ts.SourceFile> = new Set(),
): TypeDeclaration | undefined {
  if (seen.has(file)) return undefined;
  const next = new Set([...seen, file]);
  const through = (specifier: ts.Expression | undefined, inner: string): TypeDeclaration | undefined => {
    const target =
      specifier && ts.isStringLiteral(specifier) ? resolveModule(project, file, specifier.text) : undefined;
    return target && typeNamed(project, target, inner, next);
  };
  for (const statement of file.statements) {
    if (isTypeDeclaration(statement)) {
      if (statement.name?.text === name || (name === 'default' && isDefault(statement))) return statement;
    } else if (ts.isExportAssignment(statement)) {
      if (name === 'default' && ts.isIdentifier(statement.expression))
        return typeNamed(project, file, statement.expression.text, seen);
    } else if (ts.isImportDeclaration(statement)) {
      const { name: main, namedBindings } = statement.importClause ?? {};
      if (main?.text === name) return through(statement.moduleSpecifier, 'default');
      const named =
        namedBindings !== undefined && ts.isNamedImports(namedBindings) ? namedBindings.elements : [];
      const found = named.find((one) => one.name.text === name);
      if (found !== undefined)
        return through(statement.moduleSpecifier, (found.propertyName ?? found.name).text);
    } else if (ts.isExportDeclaration(statement)) {
      const { exportClause, moduleSpecifier } = statement;
      if (exportClause === undefined) {
        const found = through(moduleSpecifier, name);
        if (found !== undefined) return found;
      } else if (ts.isNamedExports(exportClause)) {
        const found = exportClause.elements.find((one) => one.name.text === name);
        if (found !== undefined && moduleSpecifier !== undefined)
          return through(moduleSpecifier, (found.propertyName ?? found.name).text);
        if (found?.propertyName !== undefined) return typeNamed(project, file, found.propertyName.text, seen);
      }
    }
  }
  return undefined;
}

function isTypeDeclaration(node: ts.Node): node is TypeDeclaration {
  return ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
}

function isDefault(node: TypeDeclaration): boolean {
  return node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true;
}

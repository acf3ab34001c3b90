import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { AppConfig } from '../../config/types.js';
import { assignment, exportsPath } from './nodes.js';
import type { AppProject } from './open-project.js';

const ENDINGS = [
  '',
  '.js',
  '.ts',
  '.cjs',
  '.mjs',
  '.cts',
  '.mts',
  '/index.js',
  '/index.ts',
  '/index.cjs',
  '/index.mjs',
];

/** The file a relative specifier names; undefined for packages and for files that are not there. */
export function resolveModule(
  project: AppProject,
  from: ts.SourceFile,
  specifier: string,
): ts.SourceFile | undefined {
  const path = pathOf(project, from, specifier);
  if (path === undefined) return undefined;
  for (const base of [path, path.replace(/\.([cm]?)js$/, '.$1ts')]) {
    for (const ending of ENDINGS) {
      const found = project.file(base.replace(/\/$/, '') + ending);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The application's own file that a specifier names; undefined for packages and runtime files too. */
export function ownFile(
  project: AppProject,
  from: ts.SourceFile,
  specifier: string,
): ts.SourceFile | undefined {
  const path = pathOf(project, from, specifier);
  if (path === undefined || runtimeFile(project.app, path) !== undefined) return undefined;
  return resolveModule(project, from, specifier);
}

/** The absolute path, ending aside, that a relative or aliased specifier names; undefined for packages. */
export function pathOf(project: AppProject, from: ts.SourceFile, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from.fileName), specifier);
  if (specifier.startsWith('/')) return specifier;
  const alias = project.aliases.find(({ prefix }) =>
    prefix.endsWith('/')
      ? specifier.startsWith(prefix)
      : specifier === prefix || specifier.startsWith(`${prefix}/`),
  );
  return alias && posix.join(alias.path, specifier.slice(alias.prefix.length));
}

/** The runtime files' absolute paths without endings; they stand together, wherever `modelFactory` points. */
export function runtimePaths(app: AppConfig) {
  const modelFactory = posix.join(app.root, app.modelFactory.replace(/\.[cm]?[jt]s$/, ''));
  const base = posix.dirname(modelFactory);
  return {
    modelFactory,
    connectionManager: posix.join(base, 'connectionManager'),
    decorated: posix.join(base, 'decorated'),
    repository: posix.join(base, 'Repository'),
    routing: posix.join(posix.dirname(base), 'middleware', 'clinicRoutingMiddleware'),
  } as const;
}

export type RuntimeFile = keyof ReturnType<typeof runtimePaths>;

/** Which runtime file a path (with or without an ending) is; undefined where it is none of them. */
export function runtimeFile(app: AppConfig, path: string): RuntimeFile | undefined {
  const bare = path.replace(/\.[cm]?[jt]s$/, '');
  const entries = Object.entries(runtimePaths(app)) as [RuntimeFile, string][];
  return entries.find(([, candidate]) => candidate === bare)?.[0];
}

/** True for the files that scaffold writes, in whatever folder of theirs: they are not the application's to migrate. */
export function isRuntime(app: AppConfig, path: string): boolean {
  return runtimeFile(app, path) !== undefined;
}

/** What a file exports, CommonJS and ES modules alike. */
export interface Exports {
  /** `module.exports = …` or `export default …`. */
  readonly whole: ts.Expression | ts.FunctionDeclaration | ts.ClassDeclaration | undefined;
  /** True where `whole` is an ES module's default export. */
  readonly isDefault: boolean;
  readonly named: ReadonlyMap<string, ts.Node>;
  /** `export { a as b } from './x'`: b to a and './x'; for `export * as b from './x'` the name is `*`. */
  readonly passedOn: ReadonlyMap<string, { readonly name: string; readonly specifier: string }>;
  /** `export * from './x'`. */
  readonly stars: readonly string[];
}

const read = new WeakMap<ts.SourceFile, Exports>();

/** Reads a file's exports, once. */
export function exportsOf(file: ts.SourceFile): Exports {
  const known = read.get(file);
  if (known !== undefined) return known;
  const found = readExports(file);
  read.set(file, found);
  return found;
}

function readExports(file: ts.SourceFile): Exports {
  let whole: Exports['whole'];
  let isDefault = false;
  const named = new Map<string, ts.Node>();
  const passedOn = new Map<string, { name: string; specifier: string }>();
  const stars: string[] = [];
  const assigned = (node: ts.Expression): void => {
    const pair = assignment(node);
    if (pair === undefined) return;
    assigned(pair.right);
    const path = exportsPath(pair.left);
    const value = assignment(pair.right)?.right ?? pair.right;
    if (path?.length === 0) whole = value;
    else if (path?.length === 1 && path[0] !== undefined) named.set(path[0], value);
  };
  for (const statement of file.statements) {
    if (ts.isExpressionStatement(statement)) assigned(statement.expression);
    else if (ts.isVariableStatement(statement)) {
      for (const { initializer } of statement.declarationList.declarations)
        if (initializer !== undefined) assigned(initializer);
    }
    if (ts.isExportAssignment(statement)) {
      whole = statement.expression;
      isDefault = statement.isExportEquals !== true;
    } else if (ts.isExportDeclaration(statement)) {
      const specifier =
        statement.moduleSpecifier && ts.isStringLiteral(statement.moduleSpecifier)
          ? statement.moduleSpecifier.text
          : undefined;
      if (statement.exportClause === undefined) {
        if (specifier !== undefined) stars.push(specifier);
      } else if (ts.isNamespaceExport(statement.exportClause)) {
        if (specifier !== undefined) passedOn.set(statement.exportClause.name.text, { name: '*', specifier });
      } else {
        for (const element of statement.exportClause.elements) {
          const name = (element.propertyName ?? element.name).text;
          if (specifier === undefined) named.set(element.name.text, element.propertyName ?? element.name);
          else passedOn.set(element.name.text, { name, specifier });
        }
      }
    } else if (hasExport(statement)) {
      if (ts.isVariableStatement(statement)) {
        for (const declaration of statement.declarationList.declarations)
          if (ts.isIdentifier(declaration.name)) named.set(declaration.name.text, declaration.name);
      } else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
        const isMain =
          statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true;
        if (isMain) {
          whole = statement;
          isDefault = true;
        } else if (statement.name !== undefined) named.set(statement.name.text, statement.name);
      }
    }
  }
  return { whole, isDefault, named, passedOn, stars };
}

/** True for an enumeration or another type of a file, which none of its values is. */
export function declaresType(file: ts.SourceFile, name: string): boolean {
  return file.statements.some(
    (one) =>
      (ts.isEnumDeclaration(one) || ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one)) &&
      one.name.text === name,
  );
}

function hasExport(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
  );
}

/** What relative imports of TypeScript files end in here, by the first that is met: `.js`, `.ts` or nothing. */
export function importEnding(files: readonly ts.SourceFile[]): string {
  for (const file of files) {
    if (!/\.[cm]?ts$/.test(file.fileName)) continue;
    const [, specifier] = /^(?:im|ex)port\b[^'"]*from\s+['"](\.[^'"]*)['"]/m.exec(file.text) ?? [];
    if (specifier !== undefined) return /\.[cm]?[jt]s$/.exec(specifier)?.[0] ?? '';
  }
  return '';
}

/** True for a file in ES module syntax. */
export function isEsModule(file: ts.SourceFile): boolean {
  return file.statements.some(
    (statement) =>
      ts.isImportDeclaration(statement) ||
      ts.isExportDeclaration(statement) ||
      ts.isExportAssignment(statement) ||
      hasExport(statement),
  );
}

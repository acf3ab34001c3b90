import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { importEnding, runtimePaths } from '../../project/source/modules.js';
import { requiredSpecifier } from '../../project/source/nodes.js';
import type { AppProject } from '../../project/source/open-project.js';
import type { Draft, RuntimeName } from '../planning/draft.js';

const FILE_OF: Record<RuntimeName, 'modelFactory' | 'connectionManager' | 'decorated' | 'routing'> = {
  ModelFactory: 'modelFactory',
  decorated: 'decorated',
  getCentralConnection: 'connectionManager',
  initializeCentralConnection: 'connectionManager',
  closeConnections: 'connectionManager',
  clinicRoutingMiddleware: 'routing',
};

/** True where the file binds the name at its top already. */
export function isBound(file: ts.SourceFile, name: string): boolean {
  return topLevelNames(file).some((one) => one.text === name);
}

export function topLevelNames(file: ts.SourceFile): ts.Identifier[] {
  return file.statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) => namesIn(name));
    if (
      (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) &&
      statement.name !== undefined
    )
      return [statement.name];
    if (!ts.isImportDeclaration(statement) || statement.importClause === undefined) return [];
    const { name, namedBindings } = statement.importClause;
    const rest =
      namedBindings === undefined
        ? []
        : ts.isNamespaceImport(namedBindings)
          ? [namedBindings.name]
          : namedBindings.elements.map((element) => element.name);
    return name === undefined ? rest : [name, ...rest];
  });
}

function namesIn(name: ts.BindingName): ts.Identifier[] {
  if (ts.isIdentifier(name)) return [name];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

export function newImports(draft: Draft, { project }: Analysis): string[] {
  const { file, style } = draft;
  const byFile = new Map<string, RuntimeName[]>();
  const paths = runtimePaths(project.app);
  for (const name of [...draft.needs].sort(byOrder)) {
    if (isBound(file, name)) continue;
    const path = paths[FILE_OF[name]];
    byFile.set(path, [...(byFile.get(path) ?? []), name]);
  }
  const lines: string[] = [];
  for (const [path, names] of byFile) {
    const relative = posix.relative(posix.dirname(file.fileName), path);
    const specifier = (relative.startsWith('.') ? relative : `./${relative}`) + ending(draft, project);
    const [whole = ''] = names;
    if (whole === 'clinicRoutingMiddleware') lines.push(defaultLine(draft, whole, specifier));
    else
      lines.push(importLine(draft, whole === 'ModelFactory' ? whole : `{ ${names.join(', ')} }`, specifier));
  }
  const types = [...draft.fromSequelize].filter((name) => !isBoundFromSequelize(file, name));
  const added = types.filter((name) => !addToImport(draft, name));
  if (added.length > 0) {
    const allTypes = added.every((name) => name.startsWith('type '));
    const list = allTypes ? added.map((name) => name.slice(5)) : added;
    const text = importLine(draft, `{ ${list.join(', ')} }`, 'sequelize');
    lines.unshift(allTypes ? text.replace('import {', 'import type {') : text);
  }
  return lines.map((line) => line + style.end);
}

/** True where the file has the name from the package itself already. */
function isBoundFromSequelize(file: ts.SourceFile, name: string): boolean {
  const local = name.replace('type ', '').replace(/^.*: /, '');
  return file.statements.some((statement) =>
    sequelizeNames(statement)?.some((element) => element.name.getText(file) === local),
  );
}

const ORDER: readonly RuntimeName[] = [
  'ModelFactory',
  'decorated',
  'initializeCentralConnection',
  'getCentralConnection',
  'closeConnections',
  'clinicRoutingMiddleware',
];

function byOrder(a: RuntimeName, b: RuntimeName): number {
  return ORDER.indexOf(a) - ORDER.indexOf(b);
}

function importLine({ style }: Draft, what: string, specifier: string): string {
  const quoted = style.quote + specifier + style.quote;
  return style.isEsModule ? `import ${what} from ${quoted}` : `const ${what} = require(${quoted})`;
}

/** TypeScript's runtime files are ES modules: what they export by default is a member of what `require` gives. */
function defaultLine(draft: Draft, name: string, specifier: string): string {
  const line = importLine(draft, name, specifier);
  return draft.style.isTypeScript && !draft.style.isEsModule ? `${line}.default` : line;
}

/** ES modules name the ending; TypeScript as the file's other imports do, or those of other files. */
function ending({ file, style }: Draft, { files }: AppProject): string {
  if (!style.isEsModule) return '';
  const relative = [...file.text.matchAll(/from\s+['"](\.[^'"]*)['"]/g)].map(
    ([, specifier = '']) => specifier,
  );
  const own = relative.find((specifier) => /\.[cm]?[jt]s$/.test(specifier));
  if (own !== undefined) return /\.[cm]?[jt]s$/.exec(own)?.[0] ?? '';
  if (relative.length > 0) return '';
  return style.isTypeScript ? importEnding(files) : '.js';
}

/** Adds a name to the file's `const { … } = require('sequelize')` or `import { … }`; false where it has none. */
function addToImport(draft: Draft, name: string): boolean {
  const { file, style } = draft;
  for (const statement of file.statements) {
    const elements = sequelizeNames(statement);
    const last = elements?.at(-1);
    const isTypes = ts.isImportDeclaration(statement) && statement.importClause?.isTypeOnly === true;
    if (last === undefined || (isTypes && !name.startsWith('type '))) continue;
    const local = style.isEsModule ? name.replace(': ', ' as ') : name;
    const text = isTypes ? local.replace('type ', '') : local;
    // Names that are not used any more may have been cut out of the list already.
    const cut = draft.edits.findIndex(
      ({ start, end }) => start <= last.pos && last.end <= end && start < end,
    );
    const shrunk = draft.edits[cut];
    if (shrunk !== undefined) {
      draft.edits[cut] = { ...shrunk, text: shrunk.text.replace(/ \}$/, `, ${text} }`) };
      return true;
    }
    const before = file.text.slice(elements?.pos, elements?.[0]?.getStart(file));
    const gap = /\n[ \t]*$/.exec(before)?.[0] ?? ' ';
    draft.insert(last.end, `,${gap}${text}`);
    return true;
  }
  return false;
}

function sequelizeNames(
  statement: ts.Statement,
): ts.NodeArray<ts.BindingElement | ts.ImportSpecifier> | undefined {
  if (ts.isImportDeclaration(statement)) {
    const bindings = statement.importClause?.namedBindings;
    const isSequelize =
      ts.isStringLiteral(statement.moduleSpecifier) && statement.moduleSpecifier.text === 'sequelize';
    return isSequelize && bindings !== undefined && ts.isNamedImports(bindings)
      ? bindings.elements
      : undefined;
  }
  if (!ts.isVariableStatement(statement)) return undefined;
  for (const { name, initializer } of statement.declarationList.declarations) {
    if (ts.isObjectBindingPattern(name) && initializer && requiredSpecifier(initializer) === 'sequelize')
      return name.elements;
  }
  return undefined;
}

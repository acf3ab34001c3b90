import { posix } from 'node:path';
import { ts } from 'ts-morph';
import { isChanged } from '../source/changed.js';
import { pathOf, resolveModule } from '../source/modules.js';
import { descendants, isInside, isReference, requiredSpecifier } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { assignedTo, symbolOf } from '../source/symbols.js';
import { requiredPath } from './connection-config.js';

/** Where text is carried to. */
export interface Destination {
  /** The absolute path of the folder. */
  readonly folder: string;
  /** True where `require` may be called there. */
  readonly hasRequire: boolean;
  /** Names that are declared there already. */
  readonly taken: ReadonlySet<string>;
}

interface Replacement {
  readonly node: ts.Node;
  readonly text: string;
}

/** What every module finds, wherever it lies. */
const GLOBALS = new Set(
  'Array Boolean Buffer Date Error Infinity JSON Math NaN Number Object String URL console const parseFloat parseInt process require undefined'.split(
    ' ',
  ),
);

/**
 * Writes expressions of the application so that they mean the same in another file: with the constants and imports that
 * they name, whose paths are read from there. What cannot be carried is no value of its own: undefined.
 */
export class Carrier {
  /** Statements that go before what was carried, each once, in an order in which they can run. */
  readonly statements: string[] = [];
  #names = new Map<ts.Node, string | undefined>();
  #used: Set<string>;

  constructor(
    private readonly project: AppProject,
    private readonly to: Destination,
  ) {
    this.#used = new Set(to.taken);
  }

  /** The expression's text for the other file; undefined, and nothing declared, where it would mean something else. */
  carry(node: ts.Expression): string | undefined {
    const [length, names, used] = [this.statements.length, new Map(this.#names), new Set(this.#used)];
    const text = this.#text(node);
    const readsEnvironment = /\bprocess\.env\b/.test([text, ...this.statements].join());
    if (text !== undefined && !readsEnvironment) return text;
    this.statements.length = length;
    this.#names = names;
    this.#used = used;
    if (text === undefined) return undefined;
    // Once more, behind what reads .env. That goes before all else, but for the names that it takes itself.
    this.#environment(node.getSourceFile());
    const reading = this.statements.splice(length);
    const taken = [...names.values()].filter((name) => name !== undefined);
    if (reading.some((one) => taken.some((name) => one.includes(name)))) this.statements.push(...reading);
    else this.statements.unshift(...reading);
    return this.#text(node);
  }

  #text(node: ts.Node, own: ReadonlyMap<ts.Node, string> = new Map()): string | undefined {
    const replacements: Replacement[] = [];
    for (const [name, text] of own) replacements.push({ node: name, text });
    for (const one of descendants(node, isTelling)) {
      if (own.has(one) || replacements.some((other) => isInside(one, other.node))) continue;
      const found = ts.isIdentifier(one) ? this.#identifier(one, node, own) : this.#special(one);
      if (found === undefined) return undefined;
      if (found !== 'as it is') replacements.push({ node: one, text: found });
    }
    return replaced(node, replacements);
  }

  /** What stands for a name that is declared outside of the node that is carried. */
  #identifier(one: ts.Identifier, carried: ts.Node, own: ReadonlyMap<ts.Node, string>): string | undefined {
    if (!isMention(one)) return 'as it is';
    const file = one.getSourceFile();
    const [declaration] = symbolOf(one)?.declarations ?? [];
    if (declaration === undefined) {
      if (one.text === '__dirname' && this.to.hasRequire)
        return `require('node:path').join(__dirname, '${this.#relative(posix.dirname(file.fileName))}')`;
      if (one.text === 'require' && !this.to.hasRequire) return undefined;
      return GLOBALS.has(one.text) ? 'as it is' : undefined;
    }
    if (declaration === carried && ts.isVariableDeclaration(carried)) return undefined;
    if (isInside(declaration, carried))
      return own.get((declaration as ts.NamedDeclaration).name ?? declaration) ?? 'as it is';
    const name = this.#declare(declaration);
    if (name === undefined || name === one.text) return name && 'as it is';
    return ts.isShorthandPropertyAssignment(one.parent) ? `${one.text}: ${name}` : name;
  }

  /** A module that is loaded, and what depends on where it stands. */
  #special(node: ts.Node): string | undefined {
    if (isOwnUrl(node))
      return `new URL('${this.#relative(node.getSourceFile().fileName)}', import.meta.url).href`;
    if (!ts.isCallExpression(node)) return undefined;
    const specifier = requiredSpecifier(node);
    const path = requiredPath(node);
    if (path === undefined && specifier === undefined) return 'as it is';
    if (!this.to.hasRequire || node.expression.kind === ts.SyntaxKind.ImportKeyword) return undefined;
    if (path === undefined) return 'as it is';
    return this.#mayLoad(node.getSourceFile(), specifier, path)
      ? `require('${this.#relative(path)}')`
      : undefined;
  }

  /** Declares in the other file what a declaration of this one does; the name that it has there. */
  #declare(declaration: ts.Declaration): string | undefined {
    const known = this.#names.get(declaration);
    if (known !== undefined || this.#names.has(declaration)) return known;
    // A declaration that needs itself has no value to carry.
    this.#names.set(declaration, undefined);
    const name = (declaration as ts.NamedDeclaration).name;
    if (name === undefined || !ts.isIdentifier(name)) return undefined;
    const fresh = this.#fresh(name.text);
    const statement = this.#import(declaration, fresh) ?? this.#constant(declaration, name, fresh);
    if (statement === undefined) return undefined;
    this.#used.add(fresh);
    this.statements.push(statement);
    this.#names.set(declaration, fresh);
    return fresh;
  }

  #fresh(name: string): string {
    let fresh = name;
    for (let at = 2; this.#used.has(fresh); at += 1) fresh = `${name}${at}`;
    return fresh;
  }

  #import(declaration: ts.Declaration, name: string): string | undefined {
    const isImport =
      ts.isImportClause(declaration) ||
      ts.isNamespaceImport(declaration) ||
      ts.isImportSpecifier(declaration);
    if (!isImport || this.to.hasRequire) return undefined;
    const whole = importOf(declaration);
    const file = whole.getSourceFile();
    const specifier = (whole.moduleSpecifier as ts.StringLiteral).text;
    const path = pathOf(this.project, file, specifier);
    if (path !== undefined && !this.#mayLoad(file, specifier, path)) return undefined;
    const from = path === undefined || !specifier.startsWith('.') ? specifier : this.#relative(path);
    const attributes = whole.attributes === undefined ? '' : ` ${whole.attributes.getText()}`;
    const type = whole.importClause?.isTypeOnly === true ? 'type ' : '';
    return `import ${type}${importedAs(declaration, name)} from '${from}'${attributes};`;
  }

  /** `const x = …` at the level of the file, that nothing changes later. */
  #constant(declaration: ts.Declaration, name: ts.Identifier, fresh: string): string | undefined {
    if (ts.isFunctionDeclaration(declaration) && ts.isSourceFile(declaration.parent))
      return this.#text(declaration, new Map([[name, fresh]]))?.replace(/^export\s+(default\s+)?/, '');
    const holder = ts.isBindingElement(declaration) ? declaration.parent.parent : declaration;
    if (!ts.isVariableDeclaration(holder) || !ts.isVariableStatement(holder.parent.parent)) return undefined;
    if (!ts.isSourceFile(holder.parent.parent.parent) || holder.initializer === undefined) return undefined;
    if (isChanged(name)) return undefined;
    if (!ts.isBindingElement(declaration)) {
      if (assignedTo(holder).length > 0) return undefined;
      const text = this.#text(holder, new Map([[name, fresh]]));
      return text && `const ${text};`;
    }
    const key = (declaration.propertyName ?? name).getText();
    if (declaration.dotDotDotToken !== undefined || declaration.initializer !== undefined) return undefined;
    const value = ts.isObjectBindingPattern(declaration.parent) ? this.#text(holder.initializer) : undefined;
    return value && `const { ${key === fresh ? key : `${key}: ${fresh}`} } = ${value};`;
  }

  /** A file that may be loaded: it, and what it loads, makes no connection of its own. */
  #mayLoad(from: ts.SourceFile, specifier: string | undefined, path: string): boolean {
    const file =
      (specifier === undefined ? undefined : resolveModule(this.project, from, specifier)) ??
      ['', '.js', '.ts', '/index.js'].map((end) => this.project.file(path + end)).find((one) => one);
    if (file === undefined) return /\.json$/.test(path) || !/\.[cm]?[jt]s$/.test(path);
    return !connects(this.project, file, new Set());
  }

  /** `require('dotenv').config()` of the file, without which its `process.env` would be read too early. */
  #environment(file: ts.SourceFile): void {
    for (const statement of file.statements) {
      const isRead = /^(import\s+['"]dotenv\/config['"]|(require\(['"]dotenv['"]\)|dotenv)\.config\()/;
      if (!isRead.test(statement.getText())) continue;
      const text = ts.isExpressionStatement(statement) ? this.#text(statement.expression) : undefined;
      const line = text === undefined ? !this.to.hasRequire && statement.getText() : `${text};`;
      if (line && !this.statements.includes(line)) this.statements.push(line);
    }
  }

  #relative(path: string): string {
    const relative = posix.relative(this.to.folder, path);
    return (relative.startsWith('.') ? relative : `./${relative}`).replace(/['\\]/g, '\\$&');
  }
}

/** Identifiers, and what means something else in another place or at another time. */
function isTelling(node: ts.Node): node is ts.Node {
  return (
    ts.isIdentifier(node) ||
    isOwnUrl(node) ||
    ts.isMetaProperty(node) ||
    ts.isAwaitExpression(node) ||
    ts.isYieldExpression(node) ||
    node.kind === ts.SyntaxKind.ThisKeyword ||
    node.kind === ts.SyntaxKind.SuperKeyword ||
    ts.isCallExpression(node)
  );
}

/** `import.meta.url`. */
function isOwnUrl(node: ts.Node): boolean {
  return (
    ts.isPropertyAccessExpression(node) && ts.isMetaProperty(node.expression) && node.name.text === 'url'
  );
}

/** True for an identifier that means a binding: a value's, or a type's. */
function isMention(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isMetaProperty(parent)) return false;
  if (ts.isTypeReferenceNode(parent) || ts.isTypeQueryNode(parent)) return true;
  return ts.isQualifiedName(parent) ? parent.left === node : isReference(node);
}

function importOf(node: ts.ImportClause | ts.NamespaceImport | ts.ImportSpecifier): ts.ImportDeclaration {
  let at: ts.Node = node;
  while (!ts.isImportDeclaration(at)) at = at.parent;
  return at;
}

function importedAs(node: ts.ImportClause | ts.NamespaceImport | ts.ImportSpecifier, name: string): string {
  if (ts.isImportClause(node)) return name;
  if (ts.isNamespaceImport(node)) return `* as ${name}`;
  const imported = (node.propertyName ?? node.name).text;
  const type = node.isTypeOnly ? 'type ' : '';
  return `{ ${type}${imported === name ? name : `${imported} as ${name}`} }`;
}

function connects(project: AppProject, file: ts.SourceFile, seen: Set<ts.SourceFile>): boolean {
  if (seen.has(file)) return false;
  seen.add(file);
  if (/\bnew\s+(\w+\.)?Sequelize\b/.test(file.text)) return true;
  const specifiers = [
    ...descendants(file, ts.isCallExpression).map(requiredSpecifier),
    ...file.statements.map((one) =>
      (ts.isImportDeclaration(one) || ts.isExportDeclaration(one)) &&
      one.moduleSpecifier !== undefined &&
      ts.isStringLiteral(one.moduleSpecifier)
        ? one.moduleSpecifier.text
        : undefined,
    ),
  ];
  return specifiers.some((specifier) => {
    const next = specifier === undefined ? undefined : resolveModule(project, file, specifier);
    return next !== undefined && connects(project, next, seen);
  });
}

/** The node's own text with parts of it replaced. */
function replaced(node: ts.Node, replacements: readonly Replacement[]): string {
  const file = node.getSourceFile();
  const start = node.getStart(file);
  let text = '';
  let at = start;
  for (const one of [...replacements].sort((a, b) => a.node.pos - b.node.pos)) {
    text += file.text.slice(at, one.node.getStart(file)) + one.text;
    at = one.node.end;
  }
  return text + file.text.slice(at, node.end);
}

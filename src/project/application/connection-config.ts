import { posix } from 'node:path';
import { ts } from 'ts-morph';
import { isChanged } from '../source/changed.js';
import { exportsOf } from '../source/modules.js';
import { descendants, property, unwrap } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { requiredModule } from '../source/required-paths.js';
import { symbolOf } from '../source/symbols.js';

/** The options of a `new Sequelize(…)`. */
export interface GivenOptions {
  /** Undefined where the source does not tell what they are. */
  readonly members: readonly ts.ObjectLiteralElementLike[] | undefined;
  /** The expression that is passed, as it is written. */
  readonly text: string;
}

/** JSON files that the source requires and that are no source: absolute path to text. */
export type JsonTexts = ReadonlyMap<string, string>;

/** Environments of sequelize-cli's configuration; the first that is there says what the connection is to be like. */
const ENVIRONMENTS = ['production', 'development'];

/** The options that the application's connection is made with, written there or in a file of settings; undefined for none. */
export function givenOptions(project: AppProject, json: JsonTexts = new Map()): GivenOptions | undefined {
  const found = connectionCalls(project).flatMap(({ arguments: given = [] }) => {
    const last = given.at(-1);
    if (last === undefined) return [];
    const members = membersOf(new Reader(project, json), last);
    // `new Sequelize(url, options)` and `(database, user, password, options)`
    return members !== undefined || given.length % 2 === 0 ? [{ members, text: last.getText() }] : [];
  });
  return found.find(({ members }) => members !== undefined) ?? found[0];
}

/** The JSON files that may hold those options. */
export function optionsFiles(project: AppProject): string[] {
  const files = new Set(connectionCalls(project).map((node) => node.getSourceFile()));
  return [...files].flatMap((file) =>
    descendants(file, ts.isCallExpression)
      .map(requiredPath)
      .filter((path) => path?.endsWith('.json') === true)
      .map((path) => path ?? ''),
  );
}

/** Every `new Sequelize(…)` of the application. */
export function connectionCalls(project: AppProject): ts.NewExpression[] {
  return project.files
    .filter((file) => file.text.includes('new Sequelize'))
    .flatMap((file) => descendants(file, ts.isNewExpression))
    .filter(({ expression }) => /(^|\.)Sequelize$/.test(expression.getText()));
}

/** The members of an object, those that it spreads put in their place. */
function membersOf(reader: Reader, node: ts.Expression): ts.ObjectLiteralElementLike[] | undefined {
  return reader
    .object(node)
    ?.properties.flatMap((member) =>
      ts.isSpreadAssignment(member) ? (membersOf(reader, member.expression) ?? [member]) : [member],
    );
}

/**
 * The objects that an expression may stand for: several where an environment is chosen while the application runs.
 * Undefined where the source does not tell them all.
 */
export function objectsOf(
  project: AppProject,
  json: JsonTexts,
  node: ts.Expression,
): readonly ts.ObjectLiteralExpression[] | undefined {
  const read = (one: ts.Expression, how: 'outer' | 'object') => {
    const reader = new Reader(project, json);
    const found = reader[how](one);
    return reader.followed.some(isChanged) ? undefined : found;
  };
  const outer = read(node, 'outer');
  if (outer === undefined) {
    const one = new Reader(project, json).outer(node) === undefined ? read(node, 'object') : undefined;
    return one && [one];
  }
  const all = outer.properties.map((member) =>
    ts.isPropertyAssignment(member) ? read(member.initializer, 'object') : undefined,
  );
  return all.every((one) => one !== undefined) ? all : undefined;
}

/** Follows an expression to the object literal that it stands for. */
class Reader {
  readonly #seen = new Set<ts.Node>();
  /** The constants on the way. */
  readonly followed: ts.Identifier[] = [];

  constructor(
    private readonly project: AppProject,
    private readonly json: JsonTexts,
  ) {}

  object(expression: ts.Expression): ts.ObjectLiteralExpression | undefined {
    const node = unwrap(expression);
    if (ts.isObjectLiteralExpression(node)) return node;
    if (this.#seen.has(node)) return undefined;
    this.#seen.add(node);
    if (ts.isIdentifier(node)) return this.#declared(node);
    const path = requiredPath(node);
    if (path !== undefined) return this.#exported(path);
    const isMember = ts.isElementAccessExpression(node) || ts.isPropertyAccessExpression(node);
    const outer = isMember ? this.object(node.expression) : undefined;
    if (outer === undefined || !isMember) return undefined;
    const names = ts.isPropertyAccessExpression(node)
      ? [node.name.text]
      : ts.isStringLiteralLike(node.argumentExpression)
        ? [node.argumentExpression.text]
        : ENVIRONMENTS;
    const [value] = names.flatMap((name) => property(outer, name) ?? []);
    return value && this.object(value);
  }

  /** `settings` of `settings[env]`, through constants. */
  outer(expression: ts.Expression): ts.ObjectLiteralExpression | undefined {
    const node = unwrap(expression);
    if (this.#seen.has(node)) return undefined;
    this.#seen.add(node);
    if (ts.isElementAccessExpression(node) && !ts.isStringLiteralLike(node.argumentExpression))
      return this.object(node.expression);
    const [declaration] = (ts.isIdentifier(node) ? symbolOf(node)?.declarations : undefined) ?? [];
    if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return undefined;
    this.#note(declaration);
    return declaration.initializer && this.outer(declaration.initializer);
  }

  #note({ name }: ts.VariableDeclaration): void {
    if (ts.isIdentifier(name)) this.followed.push(name);
  }

  #declared(name: ts.Identifier): ts.ObjectLiteralExpression | undefined {
    const [declaration] = symbolOf(name)?.declarations ?? [];
    if (declaration === undefined) return undefined;
    if (ts.isVariableDeclaration(declaration)) {
      this.#note(declaration);
      return declaration.initializer && this.object(declaration.initializer);
    }
    if (!ts.isImportClause(declaration)) return undefined;
    const specifier = declaration.parent.moduleSpecifier;
    return ts.isStringLiteral(specifier)
      ? this.#exported(beside(declaration.getSourceFile(), specifier.text))
      : undefined;
  }

  #exported(path: string): ts.ObjectLiteralExpression | undefined {
    const text = this.json.get(path);
    if (text !== undefined) {
      const [statement] = ts.createSourceFile(path, text, ts.ScriptTarget.JSON, true).statements;
      return statement && ts.isExpressionStatement(statement) ? this.object(statement.expression) : undefined;
    }
    const bare = path.replace(/\.js$/, '');
    const [file] = [path, `${bare}.js`, `${bare}.ts`, `${bare}/index.js`].flatMap(
      (one) => this.project.file(one) ?? [],
    );
    const whole = file && exportsOf(file).whole;
    return whole === undefined || ts.isStatement(whole) ? undefined : this.object(whole);
  }
}

/** The absolute path of `require('./x')`, `require(__dirname + '/x')` and `require(path.join(__dirname, 'x'))`. */
export function requiredPath(node: ts.Node): string | undefined {
  const specifier = requiredModule(node);
  if (specifier?.startsWith('/') === true) return specifier;
  return specifier?.startsWith('.') === true ? beside(node.getSourceFile(), specifier) : undefined;
}

function beside(file: ts.SourceFile, path: string): string {
  return posix.join(posix.dirname(file.fileName), path);
}

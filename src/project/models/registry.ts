import { posix } from 'node:path';
import inflection from 'inflection';
import { ts } from 'ts-morph';
import type { AppConfig, Scope } from '../../config/types.js';
import { givenOptions } from '../application/connection-config.js';
import { exportsOf, isRuntime } from '../source/modules.js';
import { descendants, isNamed, locationOf, memberName, property } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import type { Model } from '../types.js';

/** What is known of tables besides the application's source. */
export interface TableFacts {
  /** Table name (bare or `schema.name`) to scope, from the tenancy map or the configuration. */
  readonly scopes: ReadonlyMap<string, Scope>;
  /** The clinic table's name, bare or with its schema. */
  readonly clinicTable: string | undefined;
  /** True where `scopes` has every table, so that a model without one is worth a word. */
  readonly isComplete?: boolean;
}

/** Every model with the node that defines it: a `define` call, a class, or the object of a migrated file. */
export interface ModelRegistry {
  readonly models: readonly Model[];
  readonly byNode: ReadonlyMap<ts.Node, Model>;
  readonly inFile: ReadonlyMap<ts.SourceFile, readonly Model[]>;
  /** By name, and by name with a lower-case first letter. */
  named(name: string): Model | undefined;
}

/**
 * The application's models, in the order of their files. A scope comes from `app.modelScopes`, else from
 * the model's table, else it is `clinic`: a table that a clinic database lacks then fails, and leaks nothing.
 */
export function readModels(project: AppProject, app: AppConfig, facts: TableFacts): Model[] {
  return [...readRegistry(project, app, facts).models];
}

/** As readModels(), with the nodes that define them. */
export function readRegistry(project: AppProject, app: AppConfig, facts: TableFacts): ModelRegistry {
  const byNode = new Map<ts.Node, Model>();
  const inFile = new Map<ts.SourceFile, Model[]>();
  const shared = sharedOptions(project);
  for (const file of project.files) {
    if (isRuntime(app, file.fileName)) continue;
    for (const { node, name, options } of definitions(file)) {
      const found = tableOf(name, options, shared);
      const known = knownTable([found.tableName, ...found.others], facts);
      const model: Model = {
        name,
        file: posix.relative(app.root, file.fileName),
        tableName: known ?? found.tableName,
        scope: app.modelScopes[name] ?? facts.scopes.get(key(known, facts)) ?? 'clinic',
        directory:
          known !== undefined && facts.clinicTable !== undefined && bare(facts.clinicTable) === known,
        location: locationOf(node),
      };
      byNode.set(node, model);
      const base = boundBase(file, node);
      if (base !== undefined) byNode.set(base, model);
      inFile.set(file, [...(inFile.get(file) ?? []), model]);
    }
  }
  const models = [...new Set(byNode.values())];
  const names = new Map(
    models.flatMap((model) => [
      [model.name.charAt(0).toLowerCase() + model.name.slice(1), model] as const,
      [model.name, model] as const,
    ]),
  );
  return { models, byNode, inFile, named: (name) => names.get(name) };
}

interface Definition {
  readonly node: ts.Node;
  readonly name: string;
  /** Options given to `define` or `init`. */
  readonly options: ts.Expression | undefined;
}

/** `x.define('Name', {…})`, `X.init({…}, {…})`, `static init(s) { super.init }`, `@Table class`. */
function definitions(file: ts.SourceFile): Definition[] {
  if (!/define|init|@(\w+\.)?Table\b/.test(file.text)) return [];
  const found: Definition[] = [];
  for (const call of descendants(file, ts.isCallExpression)) {
    const method = memberName(call.expression);
    const [first, second, third] = call.arguments;
    if (method === 'define' && first !== undefined && ts.isStringLiteralLike(first) && second !== undefined)
      found.push({ node: call, name: first.text, options: third });
    if (method !== 'init' || first === undefined || !ts.isPropertyAccessExpression(call.expression)) continue;
    const owner = modelClass(file, call.expression.expression);
    if (owner !== undefined && second !== undefined)
      found.push({ node: owner, name: modelName(owner, second), options: second });
  }
  for (const declaration of descendants(file, ts.isClassDeclaration)) {
    const decorator = ts
      .getDecorators(declaration)
      ?.find((one) => /^@(\w+\.)?Table\b/.test(one.getText(file)));
    if (decorator === undefined || declaration.name === undefined) continue;
    const options = ts.isCallExpression(decorator.expression) ? decorator.expression.arguments[0] : undefined;
    found.push({ node: declaration, name: modelName(declaration, options), options });
  }
  return found;
}

function modelClass(file: ts.SourceFile, receiver: ts.Expression): ts.ClassLikeDeclaration | undefined {
  if (receiver.kind === ts.SyntaxKind.SuperKeyword || receiver.kind === ts.SyntaxKind.ThisKeyword) {
    for (let at: ts.Node = receiver; at !== undefined; at = at.parent)
      if (ts.isClassLike(at) && at.heritageClauses !== undefined) return at;
    return undefined;
  }
  if (!ts.isIdentifier(receiver)) return undefined;
  return descendants(file, ts.isClassDeclaration).find(
    ({ name, heritageClauses }) => name?.text === receiver.text && heritageClauses !== undefined,
  );
}

/** Patient of `class Bound extends Patient {}` in `define`: the class that other files know the model's type by. */
function boundBase(file: ts.SourceFile, node: ts.Node): ts.ClassDeclaration | undefined {
  if (!ts.isClassLike(node) || ts.isSourceFile(node.parent)) return undefined;
  const [base] = node.heritageClauses?.[0]?.types ?? [];
  const name = base?.expression.getText(file);
  return file.statements.find(
    (one): one is ts.ClassDeclaration => ts.isClassDeclaration(one) && one.name?.text === name,
  );
}

function modelName(owner: ts.ClassLikeDeclaration, options: ts.Expression | undefined): string {
  const isWritten = options !== undefined && ts.isObjectLiteralExpression(options);
  const given = isWritten ? property(options, 'modelName') : undefined;
  if (given !== undefined && ts.isStringLiteralLike(given)) return given.text;
  return owner.name?.text ?? '';
}

/** Options that `new Sequelize(…, { define: {…} })` gives to every model. */
function sharedOptions(project: AppProject): ts.ObjectLiteralExpression | undefined {
  const define = givenOptions(project)?.members?.findLast(
    ({ name }) => name !== undefined && isNamed(name, 'define'),
  );
  return define !== undefined &&
    ts.isPropertyAssignment(define) &&
    ts.isObjectLiteralExpression(define.initializer)
    ? define.initializer
    : undefined;
}

/** The table's name by Sequelize's own rules, whose library this is, and other spellings to look for where it is not written down. */
function tableOf(
  name: string,
  options: ts.Expression | undefined,
  shared: ts.ObjectLiteralExpression | undefined,
): { tableName: string; others: string[] } {
  const own = options !== undefined && ts.isObjectLiteralExpression(options) ? options : undefined;
  const given = own && property(own, 'tableName');
  if (given !== undefined && ts.isStringLiteralLike(given)) return { tableName: given.text, others: [] };
  const isOn = (option: string): boolean => {
    const value = (own && property(own, option)) ?? (shared && property(shared, option));
    return value?.kind === ts.SyntaxKind.TrueKeyword;
  };
  const plural = isOn('freezeTableName') ? name : inflection.pluralize(name);
  const snake = inflection.underscore(plural);
  return { tableName: isOn('underscored') ? snake : plural, others: [snake, plural.toLowerCase()] };
}

function bare(table: string): string {
  return table.slice(table.lastIndexOf('.') + 1);
}

/** The first spelling that names a table somebody knows. */
function knownTable(names: readonly string[], { scopes, clinicTable }: TableFacts): string | undefined {
  const tables = new Set([...scopes.keys(), ...(clinicTable === undefined ? [] : [clinicTable])].map(bare));
  return names.find((name) => tables.has(name));
}

function key(table: string | undefined, { scopes }: TableFacts): string {
  if (table === undefined) return '';
  return [...scopes.keys()].find((candidate) => bare(candidate) === table) ?? '';
}

/** True where a file's one export is an object with `define`: the shape that ModelFactory expects. */
export function isMigratedModel(file: ts.SourceFile): boolean {
  const { whole, named } = exportsOf(file);
  if (whole !== undefined && isDecorated(file, whole)) return true;
  // `export const Patient = { define … }` with `export default Patient` is the same under a name.
  const name = whole !== undefined && ts.isIdentifier(whole) ? named.get(whole.text) : undefined;
  const object =
    name !== undefined && ts.isVariableDeclaration(name.parent) ? name.parent.initializer : whole;
  return (
    object !== undefined &&
    ts.isObjectLiteralExpression(object) &&
    object.properties.some((one) => one.name !== undefined && isNamed(one.name, 'define'))
  );
}

/** True for `decorated(Patient)`, which makes that object of a class whose decorators say what the model is. */
function isDecorated(file: ts.SourceFile, node: ts.Node): boolean {
  return (
    ts.isCallExpression(node) &&
    node.expression.getText(file) === 'decorated' &&
    /\bfrom\s+['"][^'"]*\/decorated(\.[jt]s)?['"]/.test(file.text)
  );
}

/** True for a name that a migrated model's file gives; any other that is asked of it means the model, as before. */
export function isOfMigrated(name: string): boolean {
  return name === 'define' || name === 'associate';
}

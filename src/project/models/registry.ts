import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { AppConfig, Scope } from '../../config/types.js';
import { exportsOf } from '../source/modules.js';
import { isNamed, locationOf } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import type { FunctionNode, Model } from '../types.js';
import { type Definition, readDefinitions } from './definitions.js';
import { sharedOptions, tableOf } from './table-names.js';

/** What is known of tables besides the application's source. */
export interface TableFacts {
  /** Table name (bare or `schema.name`) to scope, from the tenancy map or the configuration. */
  readonly scopes: ReadonlyMap<string, Scope>;
  /** The clinic table's name, bare or with its schema. */
  readonly clinicTable: string | undefined;
  /** The attribute by which one clinic is asked for; `id` where nobody says. */
  readonly clinicKey?: string | undefined;
  /** True where `scopes` has every table, so that a model without one is worth a word. */
  readonly isComplete?: boolean;
}

/** Every model with the node that defines it: a `define` call, a class, or the object of a migrated file. */
export interface ModelRegistry {
  readonly models: readonly Model[];
  readonly byNode: ReadonlyMap<ts.Node, Model>;
  readonly inFile: ReadonlyMap<ts.SourceFile, readonly Model[]>;
  /** Places that make a model of which the source does not tell the name. */
  readonly unnamed: readonly ts.Node[];
  /** Functions that make models for whoever calls them, under names that they are given. */
  readonly helpers: ReadonlySet<FunctionNode>;
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
  const { found, unnamed, helpers } = readDefinitions(project);
  const { own, repeated } = tellApart(project, found);
  const shared = sharedOptions(project);
  for (const definition of own) {
    const { node, name } = definition;
    const file = node.getSourceFile();
    const table = tableOf(project, shared, definition);
    const known = knownTable([table.tableName, ...table.others], facts);
    const model: Model = {
      name,
      file: posix.relative(app.root, file.fileName),
      tableName: known ?? table.tableName,
      scope: app.modelScopes[name] ?? facts.scopes.get(key(known, facts)) ?? 'clinic',
      directory: known !== undefined && facts.clinicTable !== undefined && bare(facts.clinicTable) === known,
      location: locationOf(node),
    };
    byNode.set(node, model);
    const base = boundBase(file, node);
    if (base !== undefined) byNode.set(base, model);
    inFile.set(file, [...(inFile.get(file) ?? []), model]);
  }
  const models = [...new Set(byNode.values())];
  for (const { node, name } of repeated) {
    const model = models.find((one) => one.name === name);
    if (model !== undefined) byNode.set(node, model);
  }
  const names = new Map(
    models.flatMap((model) => [
      [model.name.charAt(0).toLowerCase() + model.name.slice(1), model] as const,
      [model.name, model] as const,
    ]),
  );
  return { models, byNode, inFile, unnamed, helpers, named: (name) => names.get(name) };
}

/** The registry without the models of some files. */
export function withoutFiles(registry: ModelRegistry, files: ReadonlySet<ts.SourceFile>): ModelRegistry {
  if (files.size === 0) return registry;
  const inFile = new Map([...registry.inFile].filter(([file]) => !files.has(file)));
  const models = [...inFile.values()].flat();
  return {
    ...registry,
    models,
    byNode: new Map([...registry.byNode].filter(([node]) => !files.has(node.getSourceFile()))),
    inFile,
    unnamed: registry.unnamed.filter((node) => !files.has(node.getSourceFile())),
    named: (name) => models.find((one) => one === registry.named(name)),
  };
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

/**
 * Sets aside what a script defines for itself under the name of a model of the application: a seeder's own User. It is
 * the same table, so it is the same model, used in one more place.
 */
function tellApart(
  { app }: AppProject,
  found: readonly Definition[],
): { readonly own: readonly Definition[]; readonly repeated: readonly Definition[] } {
  const folder = `${posix.join(app.root, app.models)}/`;
  const isPrivate = ({ node }: Definition): boolean => {
    const file = node.getSourceFile();
    const { whole, named } = exportsOf(file);
    return whole === undefined && named.size === 0 && !file.fileName.startsWith(folder);
  };
  const repeated = found.filter(
    (one) => isPrivate(one) && found.some((other) => other.name === one.name && !isPrivate(other)),
  );
  return { own: found.filter((one) => !repeated.includes(one)), repeated };
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

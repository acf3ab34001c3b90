import { ts } from 'ts-morph';
import { isLoader } from '../models/loader.js';
import { isMigratedModel, type ModelRegistry } from '../models/registry.js';
import { isExported } from '../source/exported.js';
import { isRuntime, ownFile } from '../source/modules.js';
import {
  assignment,
  descendants,
  enclosingFunctions,
  memberName,
  property,
  requiredSpecifier,
} from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { symbolOf } from '../source/symbols.js';
import type { Evaluator } from '../values/evaluator.js';
import { isNewConnection } from '../values/late-connections.js';
import { areDifferent, areSame, type DatabaseSource, sourceOf } from './database-source.js';

/** Which of the connections that an application makes are to its own database. */
export interface Connections {
  /** Those that are not, or may not be: another address, and no model on them that is the application's own. */
  readonly others: ReadonlyMap<ts.Node, 'another' | 'perhaps another'>;
  /** The files of models that are defined on those. */
  readonly otherModels: ReadonlySet<ts.SourceFile>;
  /** One connection to each database that has models; empty where there is no more than one. */
  readonly withModels: readonly ts.NewExpression[];
}

/** What one name, property or function holds: `new Sequelize(url)` here and `new Sequelize(name, …)` otherwise. */
interface Group {
  readonly made: ts.NewExpression[];
  readonly sources: DatabaseSource[];
}

/**
 * Tells the application's connection from those to other databases: models are defined on it; without models on any,
 * it is the one that a file exports. Others that are made from the same address are the same database.
 */
export function readConnections(
  project: AppProject,
  registry: ModelRegistry,
  evaluator: Evaluator,
): Connections {
  const files = project.files.filter((file) => !isRuntime(project.app, file.fileName));
  const groups = groupsOf(evaluator, files);
  const defining = definingConnections(registry, evaluator, files);
  const modelsOn = ({ made }: Group): ts.SourceFile[] =>
    made.flatMap((one) => [...(defining.get(one) ?? [])]);
  const isForeign = (group: Group): boolean => {
    const models = modelsOn(group).flatMap((file) => registry.inFile.get(file) ?? []);
    return models.length > 0 && models.every(({ scope }) => scope === 'ignored');
  };
  const modelled = groups.filter(({ made }) => made.some((one) => defining.has(one)));
  const hasOwn = registry.models.some(({ scope }) => scope !== 'ignored');
  const foreign = hasOwn ? modelled.filter(isForeign) : [];
  const own = modelled.filter((one) => !foreign.includes(one));
  const reference =
    own.length > 0
      ? own
      : groups.filter((one) => !foreign.includes(one) && one.made.some((made) => isKept(made)));
  const others = new Map<ts.Node, 'another' | 'perhaps another'>();
  for (const group of groups.filter((one) => !reference.includes(one))) {
    if (!foreign.includes(group)) {
      if (reference.length === 0 && !isAllMigrated(registry, project)) continue;
      if (reference.some((one) => meet(one, group, areSame))) continue;
    }
    const isAnother =
      foreign.includes(group) ||
      (reference.length > 0 && reference.every((one) => meet(one, group, areDifferent)));
    for (const one of group.made) others.set(one, isAnother ? 'another' : 'perhaps another');
  }
  const databases = databasesOf(own).flatMap((made) => made.slice(0, 1));
  return {
    others,
    otherModels: new Set(foreign.flatMap(modelsOn)),
    withModels: databases.length > 1 ? databases : [],
  };
}

/** What makes the connections of each database: groups whose addresses are the same are one. */
function databasesOf(groups: readonly Group[]): ts.NewExpression[][] {
  const found: Group[] = [];
  for (const group of groups) {
    const known = found.find((one) => meet(one, group, areSame));
    known?.made.push(...group.made);
    if (known === undefined) found.push({ ...group, made: [...group.made] });
  }
  return found.map(({ made }) => made);
}

function meet(one: Group, other: Group, test: (a: DatabaseSource, b: DatabaseSource) => boolean): boolean {
  return one.sources.some((a) => other.sources.some((b) => test(a, b)));
}

function groupsOf(evaluator: Evaluator, files: readonly ts.SourceFile[]): Group[] {
  const groups = new Map<ts.Node | ts.Symbol | string, Group>();
  for (const node of files.flatMap((file) => descendants(file, ts.isNewExpression))) {
    if (!isNewConnection(node)) continue;
    const key = holderOf(node);
    const group = groups.get(key) ?? { made: [], sources: [] };
    groups.set(key, group);
    group.made.push(node);
    group.sources.push(sourceOf(evaluator, node));
  }
  return [...groups.values()];
}

/** What holds a connection: the variable it is put in, the property, the function that gives it back; else itself. */
function holderOf(node: ts.Node): ts.Node | ts.Symbol | string {
  let at = node;
  while (
    ts.isParenthesizedExpression(at.parent) ||
    ts.isConditionalExpression(at.parent) ||
    ts.isAsExpression(at.parent) ||
    (ts.isBinaryExpression(at.parent) && assignment(at.parent) === undefined)
  )
    at = at.parent;
  const { parent } = at;
  const name = ts.isVariableDeclaration(parent) ? parent.name : assignment(parent)?.left;
  if (name !== undefined && ts.isIdentifier(name)) return symbolOf(name) ?? name;
  if (name !== undefined) return `${node.getSourceFile().fileName}#${name.getText()}`;
  return ts.isReturnStatement(parent) ? (enclosingFunctions(parent)[0] ?? node) : node;
}

/** True for a connection that its file makes as it loads, and exports. */
function isKept(node: ts.NewExpression): boolean {
  if (enclosingFunctions(node).length > 0) return false;
  const holder = holderOf(node);
  if (typeof holder === 'string') return isExported(node);
  const isSymbol = !('kind' in holder);
  const file = node.getSourceFile();
  return (
    isExported(node) ||
    (isSymbol &&
      descendants(file, ts.isIdentifier).some((one) => one.text === holder.name && isExportOf(one)))
  );
}

function isExportOf(name: ts.Identifier): boolean {
  const statement = ts.isVariableDeclaration(name.parent) ? name.parent.parent.parent : undefined;
  const isDeclared =
    statement !== undefined && ts.isVariableStatement(statement) && (statement.modifiers?.length ?? 0) > 0;
  return isDeclared || isExported(name);
}

/** Every connection on which a model is defined, or that is given to what defines models; with the files that define them. */
function definingConnections(
  registry: ModelRegistry,
  evaluator: Evaluator,
  files: readonly ts.SourceFile[],
): ReadonlyMap<ts.Node, ReadonlySet<ts.SourceFile>> {
  const found = new Map<ts.Node, Set<ts.SourceFile>>();
  const add = (expression: ts.Expression | undefined, file?: ts.SourceFile): void => {
    const value = expression && evaluator.valueOf(expression);
    if (value?.kind !== 'connection' || value.made === undefined) return;
    const defined = found.get(value.made) ?? new Set();
    found.set(value.made, file === undefined ? defined : defined.add(file));
  };
  for (const file of files) {
    for (const call of descendants(file, ts.isCallExpression)) {
      const name = memberName(call.expression);
      if (/^(define|import|addModels)$/.test(name ?? '')) add(receiverOf(call), file);
      const [, options] = call.arguments;
      if (name === 'init' && options !== undefined && ts.isObjectLiteralExpression(options))
        add(property(options, 'sequelize'), file);
      if (definesModels(evaluator, call)) for (const one of call.arguments) add(one);
    }
    for (const node of descendants(file, ts.isNewExpression)) {
      const options = node.arguments?.at(-1);
      const hasModels = options !== undefined && ts.isObjectLiteralExpression(options);
      if (isNewConnection(node) && (isLoader(file) || (hasModels && property(options, 'models')))) add(node);
    }
  }
  for (const file of registry.inFile.keys()) for (const name of importedBy(evaluator, file)) add(name, file);
  return found;
}

function receiverOf({ expression }: ts.CallExpression): ts.Expression | undefined {
  return ts.isPropertyAccessExpression(expression) ? expression.expression : undefined;
}

/** `require('./Patient')(sequelize, DataTypes)`, `Patient.initModel(sequelize)`. */
function definesModels(evaluator: Evaluator, call: ts.CallExpression): boolean {
  if (requiredSpecifier(call) !== undefined) return false;
  const receiver = receiverOf(call);
  const value = evaluator.valueOf(call.expression);
  return (
    value?.kind === 'model' ||
    (receiver !== undefined && evaluator.valueOf(receiver)?.kind === 'model') ||
    call.arguments.some((one) => /\bDataTypes$/.test(one.getText())) ||
    (value?.kind === 'function' && /\.(define|init)\s*\(/.test(value.node.getText()))
  );
}

/** The names that a file imports from the application's own files. */
function importedBy({ project }: Evaluator, file: ts.SourceFile): ts.Identifier[] {
  return descendants(file, ts.isIdentifier).filter((name) => {
    const { parent } = name;
    const statement = ts.isImportClause(parent) ? parent.parent : undefined;
    const given = ts.isVariableDeclaration(parent) && parent.name === name ? parent.initializer : undefined;
    const specifier =
      statement !== undefined && ts.isStringLiteral(statement.moduleSpecifier)
        ? statement.moduleSpecifier.text
        : given && requiredSpecifier(given);
    return specifier !== undefined && ownFile(project, file, specifier) !== undefined;
  });
}

/** True where no model is left on any connection, so that whatever connection there is has none. */
function isAllMigrated({ inFile, models }: ModelRegistry, { app }: AppProject): boolean {
  return (
    models.length > 0 &&
    [...inFile.keys()].every((file) => isRuntime(app, file.fileName) || isMigratedModel(file))
  );
}

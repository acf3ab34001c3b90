import { ts } from 'ts-morph';
import { whileAt } from '../core/file-fault.js';
import { type Connections, readConnections } from './application/connections.js';
import { type CallGraph, readCalls } from './calls/call-graph.js';
import { type FileUses, readUses } from './calls/uses.js';
import { type ModelRegistry, readRegistry, type TableFacts, withoutFiles } from './models/registry.js';
import { Routing } from './routing/routing.js';
import { isRuntime } from './source/modules.js';
import { descendants, isFunctionNode } from './source/nodes.js';
import type { AppProject } from './source/open-project.js';
import type { FunctionNode } from './types.js';
import { givenByConstructor } from './values/class-members.js';
import { Evaluator } from './values/evaluator.js';

/** All that both `codemod` and `verify code` know of an application's source. */
export interface Analysis {
  readonly project: AppProject;
  readonly registry: ModelRegistry;
  readonly evaluator: Evaluator;
  /** Every file of the application's own, scaffolded runtime files left out. */
  readonly uses: ReadonlyMap<ts.SourceFile, FileUses>;
  readonly calls: CallGraph;
  readonly connections: Connections;
  /** Where handlers and routers are mounted; read when it is first asked for. */
  readonly routing: Routing;
}

/** Analyses a parsed application. Pure. */
export function analyse(project: AppProject, facts: TableFacts): Analysis {
  const all = readRegistry(project, project.app, facts);
  const followed = new Evaluator(project, all);
  const connections = readConnections(project, all, followed);
  const registry = withoutFiles(all, connections.otherModels);
  const { others } = connections;
  const evaluator = others.size === 0 ? followed : new Evaluator(project, registry, others);
  const own = project.files.filter((file) => !isRuntime(project.app, file.fileName));
  const calls = readCalls(evaluator);
  const read = (file: ts.SourceFile): FileUses => {
    const uses = readUses(evaluator, file);
    return { ...uses, unknown: uses.unknown.filter((node) => !isNamedByCallers(evaluator, calls, node)) };
  };
  let routing: Routing | undefined;
  return {
    project,
    registry,
    evaluator,
    uses: new Map(own.map((file) => [file, whileAt(file.fileName, () => read(file))])),
    calls,
    connections,
    get routing() {
      routing ??= new Routing(evaluator, calls, own);
      return routing;
    },
  };
}

/**
 * True for `model.findAll()` on a parameter, or `this.model.findAll()` on what a constructor keeps of one, where
 * every caller is seen to give a model.
 */
export function isNamedByCallers(evaluator: Evaluator, calls: CallGraph, node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  return isGivenModels(evaluator, calls, node.expression.expression, new Set());
}

/** True for a parameter that every caller gives a model, or hands on from a parameter of its own that is given one. */
function isGivenModels(
  evaluator: Evaluator,
  calls: CallGraph,
  node: ts.Expression,
  seen: Set<ts.Node>,
): boolean {
  const parameter = parameterBehind(evaluator, node);
  if (parameter === undefined || !isFunctionNode(parameter.parent)) return false;
  if (seen.has(parameter)) return true;
  seen.add(parameter);
  const index = parameter.parent.parameters.indexOf(parameter);
  const callers = callersOf(evaluator, calls, parameter.parent);
  return (
    callers?.every(({ arguments: given }) => {
      const argument = given?.[index];
      const kind = argument && evaluator.valueOf(argument)?.kind;
      if (kind === 'model' || kind === 'migrated') return true;
      return argument !== undefined && kind === undefined && isGivenModels(evaluator, calls, argument, seen);
    }) === true
  );
}

/** The parameter that an identifier, or a property that the constructor fills, stands for. */
function parameterBehind(evaluator: Evaluator, node: ts.Expression): ts.ParameterDeclaration | undefined {
  if (ts.isIdentifier(node)) {
    const declaration = evaluator.declarationOf(node);
    return declaration !== undefined && ts.isParameter(declaration) ? declaration : undefined;
  }
  const isOwn = ts.isPropertyAccessExpression(node) && node.expression.kind === ts.SyntaxKind.ThisKeyword;
  const owner = isOwn ? evaluator.valueOf(node.expression) : undefined;
  if (owner?.kind !== 'instance' || !ts.isPropertyAccessExpression(node)) return undefined;
  const { text } = node.name;
  // TypeScript's `constructor(private readonly model: …)` keeps what it is given under the same name.
  const kept = owner.node.members
    .find(ts.isConstructorDeclaration)
    ?.parameters.find(
      (one) => ts.isParameterPropertyDeclaration(one, one.parent) && one.name.getText() === text,
    );
  if (kept !== undefined) return kept;
  const given = givenByConstructor(owner.node, text);
  return given !== undefined && ts.isIdentifier(given) ? parameterBehind(evaluator, given) : undefined;
}

/** Every call of a function, or `new` of a constructor's class; undefined where not all are known or there is none. */
function callersOf(
  evaluator: Evaluator,
  calls: CallGraph,
  owner: FunctionNode,
): readonly (ts.CallExpression | ts.NewExpression)[] | undefined {
  if (!ts.isConstructorDeclaration(owner)) {
    const callers = calls.get(owner);
    return callers !== undefined && callers.calls.length > 0 && callers.escapes.length === 0
      ? callers.calls
      : undefined;
  }
  const { app, files } = evaluator.project;
  const isExtended = files.some((file) => !isRuntime(app, file.fileName) && /\bsuper\s*\(/.test(file.text));
  const made = files.flatMap((file) =>
    descendants(file, ts.isNewExpression).filter((node) => {
      const value = evaluator.valueOf(node);
      return value?.kind === 'instance' && value.node === owner.parent;
    }),
  );
  return made.length > 0 && !isExtended ? made : undefined;
}

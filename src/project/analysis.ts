import { ts } from 'ts-morph';
import { Evaluator } from './evaluator.js';
import type { AppProject } from './load-project.js';
import { isRuntime } from './modules.js';
import { isFunctionNode } from './nodes.js';
import { type CallGraph, readCalls } from './read-calls.js';
import { type ModelRegistry, readRegistry, type TableFacts } from './read-models.js';
import { type FileUses, readUses } from './read-uses.js';

/** All that both `codemod` and `verify code` know of an application's source. */
export interface Analysis {
  readonly project: AppProject;
  readonly registry: ModelRegistry;
  readonly evaluator: Evaluator;
  /** Every file of the application's own, scaffolded runtime files left out. */
  readonly uses: ReadonlyMap<ts.SourceFile, FileUses>;
  readonly calls: CallGraph;
}

/** Analyses a parsed application. Pure. */
export function analyse(project: AppProject, facts: TableFacts): Analysis {
  const registry = readRegistry(project, project.app, facts);
  const evaluator = new Evaluator(project, registry);
  const own = project.files.filter((file) => !isRuntime(project.app, file.fileName));
  const calls = readCalls(evaluator);
  const read = (file: ts.SourceFile): FileUses => {
    const uses = readUses(evaluator, file);
    return { ...uses, unknown: uses.unknown.filter((node) => !isNamedByCallers(evaluator, calls, node)) };
  };
  return { project, registry, evaluator, uses: new Map(own.map((file) => [file, read(file)])), calls };
}

/** True for `model.findAll()` on a parameter to which every caller is seen to give a model. */
function isNamedByCallers(evaluator: Evaluator, calls: CallGraph, node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  const receiver = node.expression.expression;
  const declaration = ts.isIdentifier(receiver) ? evaluator.declarationOf(receiver) : undefined;
  if (declaration === undefined || !ts.isParameter(declaration) || !isFunctionNode(declaration.parent))
    return false;
  const index = declaration.parent.parameters.indexOf(declaration);
  const callers = calls.get(declaration.parent);
  if (callers === undefined || callers.calls.length === 0 || callers.escapes.length > 0) return false;
  return callers.calls.every((call) => {
    const argument = call.arguments[index];
    const value = argument && evaluator.valueOf(argument);
    return value?.kind === 'model' || value?.kind === 'migrated';
  });
}

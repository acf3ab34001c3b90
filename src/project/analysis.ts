import type { ts } from 'ts-morph';
import { Evaluator } from './evaluator.js';
import type { AppProject } from './load-project.js';
import { isRuntime } from './modules.js';
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
  return {
    project,
    registry,
    evaluator,
    uses: new Map(own.map((file) => [file, readUses(evaluator, file)])),
    calls: readCalls(evaluator),
  };
}

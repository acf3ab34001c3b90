import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { Finding } from '../../core/finding.js';
import type { Analysis } from '../../project/analysis.js';
import { ownerOf } from '../../project/calls/handlers.js';
import type { Use } from '../../project/calls/uses.js';
import { isLoader } from '../../project/models/loader.js';
import { isMigratedModel } from '../../project/models/registry.js';
import { importedBy, loadedFiles } from '../../project/source/loaded.js';
import { descendants, enclosingFunctions } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import type { Drafts } from '../planning/draft.js';
import { isCalledAtOnce, runAtLoad } from './at-load.js';
import { hasSteps, isModelsIndex } from './models-index.js';
import { isAssociating } from './shape.js';

/**
 * Models go together or stay together: those that are associated with each other, since one connection has both or
 * neither. One that has to stay, for its own file or because code that runs while a file loads still uses it, keeps
 * the others of its group as they are.
 */
export function keepGroups(drafts: Drafts): void {
  const roots = rootsOf(drafts);
  for (const group of modelGroups(drafts)) {
    const root = group.map((file) => roots.get(file)).find((one) => one !== undefined);
    if (root === undefined) continue;
    const where = posix.relative(drafts.analysis.project.app.root, root.getSourceFile().fileName);
    for (const file of group)
      if (roots.get(file) !== file) drafts.of(file).leaveFile(root, `left as it is, because of ${where}`);
  }
}

/** Why a file of a group has to stay: itself, if it has a problem, or what uses its model while a file loads. */
function rootsOf(drafts: Drafts): Map<ts.SourceFile, ts.Node> {
  const { analysis, atLoad, left } = drafts;
  const { project, registry, uses } = analysis;
  const roots = new Map<ts.SourceFile, ts.Node>();
  const keep = (file: ts.SourceFile | undefined, root: ts.Node): void => {
    if (file !== undefined && !roots.has(file)) roots.set(file, root);
  };
  for (const { file, problems, blamed, waits } of drafts.all()) {
    const isOfFile = (one: Finding): boolean => registry.inFile.has(file) || !blamed.has(one);
    if (problems.some((one) => !waits.has(one) && isOfFile(one))) keep(file, file);
  }
  const running = runAtLoad(analysis);
  const leftAtLoad = (node: ts.Node): FunctionNode | undefined => {
    const owner = ownerOf(node);
    const isRunning = owner !== undefined && (running.has(owner) || isCalledAtOnce(owner));
    return isRunning && left.has(owner) ? owner : undefined;
  };
  const isLoaded = loadedFiles(project, [...uses.keys()]);
  const keepModel = ({ node, model }: Use, root: ts.Node | undefined): void => {
    if (model !== undefined && root !== undefined && isLoaded(node.getSourceFile()))
      keep(project.file(`${project.app.root}/${model.file}`), root);
  };
  for (const use of atLoad) keepModel(use, use.node);
  for (const use of [...uses.values()].flatMap((one) => one.uses)) keepModel(use, leftAtLoad(use.node));
  for (const [file, { computed }] of uses) {
    const root = computed.find((node) => isComputedAtLoad(drafts, node, leftAtLoad));
    if (root !== undefined && isLoaded(file))
      for (const one of unmigratedFiles(analysis)) keep(one, leftAtLoad(root) ?? root);
  }
  return roots;
}

/** True for `models[name].associate()` while a file loads, in what is not taken out. */
function isComputedAtLoad(
  drafts: Drafts,
  node: ts.Node,
  leftAtLoad: (node: ts.Node) => FunctionNode | undefined,
): boolean {
  const { dropped, file } = drafts.of(node.getSourceFile());
  const isDropped = dropped.some(({ start, end }) => start <= node.getStart() && node.end <= end);
  const isOutside = enclosingFunctions(node).every(isCalledAtOnce);
  const isIndex = isModelsIndex(drafts, file) && hasSteps(file);
  return !isDropped && !isIndex && (isOutside || leftAtLoad(node) !== undefined);
}

function unmigratedFiles({ registry }: Analysis): ts.SourceFile[] {
  return [...registry.inFile.keys()].filter((file) => !isMigratedModel(file));
}

/**
 * The files of models that are associated with each other, by whatever way (names tell, so that none is missed), and
 * the index that takes steps with them.
 */
function modelGroups(drafts: Drafts): ts.SourceFile[][] {
  const { analysis } = drafts;
  const { project, registry, uses } = analysis;
  const unmigrated = unmigratedFiles(analysis);
  const indexes = [...uses.keys()].filter((file) => isModelsIndex(drafts, file) && hasSteps(file));
  const groups = new Map([...unmigrated, ...indexes].map((file) => [file, new Set([file])]));
  const join = (files: readonly (ts.SourceFile | undefined)[]): void => {
    const sets = new Set(files.flatMap((file) => (file && groups.get(file)) ?? []));
    const joined = new Set([...sets].flatMap((set) => [...set]));
    for (const file of joined) groups.set(file, joined);
  };
  for (const index of indexes) join([index, ...gathered(analysis, index)]);
  for (const file of uses.keys()) {
    const own = registry.inFile.has(file) ? [file] : [];
    for (const call of descendants(file, ts.isCallExpression).filter(isAssociating)) {
      const named = descendants(call, ts.isIdentifier).flatMap(({ text }) => registry.named(text) ?? []);
      join([...own, ...named.map((model) => project.file(`${project.app.root}/${model.file}`))]);
    }
  }
  return [...new Set(groups.values())].map((set) => [...set]);
}

/** The models' files that an index reads: those below its folder, or those that it imports. */
function gathered({ project, registry }: Analysis, index: ts.SourceFile): ts.SourceFile[] {
  const folder = `${posix.dirname(index.fileName)}/`;
  const files = [...registry.inFile.keys()];
  if (isLoader(index)) return files.filter(({ fileName }) => fileName.startsWith(folder));
  const imported = importedBy(project, index);
  return files.filter((file) => imported.has(file));
}

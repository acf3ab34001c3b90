import { ts } from 'ts-morph';
import { whileAt } from '../../core/file-fault.js';
import { resolveModule } from '../source/modules.js';
import { exportsPath, isBind, isReference, memberName, nodesOf } from '../source/nodes.js';
import { requiredModule } from '../source/required-paths.js';
import type { FunctionNode, Value } from '../types.js';
import type { Evaluator } from '../values/evaluator.js';
import { fallbackAround, isFollowedPlace } from './followed-places.js';
import { loadedByUnknownPath } from './loaded-files.js';
import { reachableFunctions } from './reachable-functions.js';

/** Who calls a function, and where it is handed on as a value so that its callers are not all known. */
export interface Callers {
  readonly calls: readonly ts.CallExpression[];
  /** Where the function, or something that holds it, leaves what is followed. */
  readonly escapes: readonly ts.Node[];
}

export type CallGraph = ReadonlyMap<FunctionNode, Callers>;

/**
 * The calls of every function of the application that these files make, followed through imports, classes and objects. Closed: a place that is
 * not understood is an escape of all that could be called by what is there.
 */
export function readCalls(
  evaluator: Evaluator,
  files: readonly ts.SourceFile[] = evaluator.project.files,
): CallGraph {
  const graph = new Map<FunctionNode, { calls: ts.CallExpression[]; escapes: ts.Node[] }>();
  const entry = (node: FunctionNode) => {
    const found = graph.get(node) ?? { calls: [], escapes: [] };
    graph.set(node, found);
    return found;
  };
  const markEscape = (value: Value, at: ts.Node): void => {
    for (const inner of reachableFunctions(evaluator, value)) entry(inner).escapes.push(at);
  };
  const visit = (start: ts.Expression): void => {
    const startValue = evaluator.valueOf(start);
    if (startValue === undefined) return;
    const { node, value } = follow(evaluator, start, startValue);
    const { parent } = node;
    if (value.kind === 'function' && ts.isCallExpression(parent) && parent.expression === node) {
      entry(value.node).calls.push(parent);
      visit(parent); // what a factory made is followed like what has a name
      return;
    }
    const isDefinition = node === start && 'node' in value && value.node === node;
    const bound = value.kind === 'function' ? boundTo(node) : undefined;
    const isFollowed =
      (bound !== undefined && isFollowedPlace(evaluator, bound, value)) ||
      isMemberAccess(node, value) ||
      isFollowedPlace(evaluator, node, value);
    if (!isDefinition && !isFollowed) markEscape(value, node);
  };
  for (const file of files)
    whileAt(file.fileName, () => {
      for (const node of nodesOf(file))
        if (ts.isIdentifier(node) ? isReference(node) : isRoot(node)) visit(node as ts.Expression);
    });
  for (const { file, by } of loadedByUnknownPath(evaluator.project)) markEscape({ kind: 'module', file }, by);
  for (const [file, specifiers] of evaluator.project.unread) {
    for (const specifier of specifiers) {
      const loaded = resolveModule(evaluator.project, file, specifier);
      if (loaded !== undefined) markEscape({ kind: 'module', file: loaded }, file);
    }
  }
  return graph;
}

function isRoot(node: ts.Node): boolean {
  return (
    node.kind === ts.SyntaxKind.ThisKeyword ||
    node.kind === ts.SyntaxKind.SuperKeyword ||
    (ts.isPropertyAccessExpression(node) && exportsPath(node)?.length === 0) ||
    requiredModule(node) !== undefined ||
    ts.isNewExpression(node)
  );
}

/** The longest expression around a value that still has one. */
function follow(
  evaluator: Evaluator,
  root: ts.Expression,
  start: Value,
): { node: ts.Expression; value: Value } {
  let node = root;
  let value = start;
  for (;;) {
    const { parent } = node;
    const isAwait = ts.isAwaitExpression(parent);
    if (isAwait && value.kind === 'function') return { node, value };
    if (isAwait || isTransparent(parent) || fallbackAround(node) !== undefined) {
      node = parent as ts.Expression;
      continue;
    }
    const isObject =
      (ts.isPropertyAccessExpression(parent) || ts.isElementAccessExpression(parent)) &&
      parent.expression === node;
    const name = isObject ? memberName(parent) : undefined;
    if (!isObject || name === undefined || value.kind === 'function') return { node, value };
    const isThis = node.kind === ts.SyntaxKind.ThisKeyword;
    const next = isThis ? evaluator.valueOf(parent) : evaluator.member(value, name);
    if (next === undefined) return { node, value };
    node = parent;
    value = next;
  }
}

function isTransparent(node: ts.Node): boolean {
  return (
    ts.isParenthesizedExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node)
  );
}

/**
 * `service.unknown`: nothing of what is followed leaves by it, as it would have left where it was put there. Of a
 * function, `call`, `apply` and `bind` do; and what a promise holds leaves by its `then`.
 */
function isMemberAccess(node: ts.Expression, value: Value): boolean {
  const { parent } = node;
  return (
    value.kind !== 'function' &&
    ts.isPropertyAccessExpression(parent) &&
    parent.expression === node &&
    !/^(then|catch|finally)$/.test(parent.name.text)
  );
}

/** `f.bind(x)` around f: f with its `this`, as long as no argument is bound. */
function boundTo({ parent }: ts.Node): ts.CallExpression | undefined {
  return isBind(parent.parent) && parent.parent.expression === parent ? parent.parent : undefined;
}

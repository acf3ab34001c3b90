import { ts } from 'ts-morph';
import type { Analysis } from '../project/analysis.js';
import { baseOf } from '../project/class-members.js';
import { assignment, descendants, exportsPath, isStatic, memberName } from '../project/nodes.js';
import { ownerOf } from '../project/owners.js';
import type { FunctionNode } from '../project/types.js';
import { addParameter, addToPattern, clinicDbOf, passArgument, takesClinicDb } from './clinic-db.js';
import type { Drafts } from './draft.js';

/**
 * Gives `clinicDb` to functions that need a clinic and never see a request, and lets every caller pass it, up
 * to the handlers. A function whose callers are not all known is a problem, for it and for its callers.
 */
export function passClinicDb(drafts: Drafts, start: Iterable<FunctionNode>): void {
  const { calls, project } = drafts.analysis;
  const queue = [...start];
  const seen = new Set<FunctionNode>(queue);
  const patterned = new Set<FunctionNode>();
  for (let owner = queue.shift(); owner !== undefined; owner = queue.shift()) {
    const file = owner.getSourceFile();
    const draft = drafts.of(file);
    if (!hasName(owner)) {
      draft.problem('CODE_NO_REQUEST', owner, 'this function needs a clinic and runs outside any request');
      continue;
    }
    if (isUncalled(drafts, owner)) {
      draft.problem(
        'CODE_UNCALLED',
        owner,
        `${nameOf(owner)} needs a clinic, and nothing is seen to call it`,
        nameOf(owner),
      );
      continue;
    }
    for (const relative of relatedMethods(drafts, owner)) {
      drafts.link(file, relative.getSourceFile());
      if (seen.has(relative) || takesClinicDb(relative)) continue;
      seen.add(relative);
      queue.push(relative);
    }
    addParameter(draft, owner);
    for (const call of possibleCalls(drafts, owner)) {
      drafts.link(file, call.getSourceFile());
      drafts
        .of(call.getSourceFile())
        .problem(
          'CODE_FUNCTION_ESCAPES',
          call,
          `this may call ${nameOf(owner)}, which needs a clinic`,
          nameOf(owner),
        );
    }
    const callers = calls.get(owner);
    for (const handedOn of callers?.escapes ?? []) {
      drafts.link(file, handedOn.getSourceFile());
      draft.problem(
        'CODE_FUNCTION_ESCAPES',
        handedOn,
        `${nameOf(owner)} needs a clinic and is handed on as a value`,
        nameOf(owner),
      );
    }
    for (const call of callers?.calls ?? []) {
      const caller = ownerOf(call);
      const callerDraft = drafts.of(call.getSourceFile());
      drafts.link(file, call.getSourceFile());
      if (caller === undefined) {
        callerDraft.problem(
          'CODE_NO_REQUEST',
          call,
          `${nameOf(owner)} needs a clinic and is called while the file loads`,
          nameOf(owner),
        );
        continue;
      }
      const { expression, source } = clinicDbOf(project.app, caller);
      passArgument(callerDraft, call, expression);
      if (source === 'pattern' && !patterned.has(caller)) {
        patterned.add(caller);
        addToPattern(callerDraft, caller, expression);
      }
      if (source !== 'parameter' || takesClinicDb(caller) || seen.has(caller)) continue;
      seen.add(caller);
      queue.push(caller);
    }
  }
}

/**
 * True where a framework may be the caller: nothing calls the function, and nothing calls any other function of
 * its file either, or it is no function that a file or a class offers by its name.
 */
function isUncalled({ analysis }: Drafts, owner: FunctionNode): boolean {
  const isCalled = (node: FunctionNode): boolean => (analysis.calls.get(node)?.calls.length ?? 0) > 0;
  if (isCalled(owner)) return false;
  const file = owner.getSourceFile();
  const isOffered = ts.isFunctionDeclaration(owner) || ts.isClassLike(owner.parent) || depthOf(owner) < 2;
  return (
    !isOffered || ![...analysis.calls.keys()].some((node) => node.getSourceFile() === file && isCalled(node))
  );
}

/** How many object literals a function is written into. */
function depthOf(owner: FunctionNode): number {
  let depth = 0;
  for (let at: ts.Node = owner; at !== undefined; at = at.parent)
    if (ts.isObjectLiteralExpression(at)) depth += 1;
  return depth;
}

/** Methods of the same name in classes that extend the method's class, or that it extends: they share callers. */
function relatedMethods({ analysis }: Drafts, owner: FunctionNode): FunctionNode[] {
  if (!ts.isMethodDeclaration(owner) || !ts.isClassLike(owner.parent)) return [];
  const { parent } = owner;
  const name = owner.name.getText();
  const wantStatic = isStatic(owner);
  return [...analysis.uses.keys()]
    .filter((file) => file.text.includes('extends'))
    .flatMap((file) => descendants(file, ts.isClassLike))
    .filter(
      (one) => one !== parent && (extendsClass(analysis, one, parent) || extendsClass(analysis, parent, one)),
    )
    .flatMap((one) => one.members.filter(ts.isMethodDeclaration))
    .filter((method) => method.name.getText() === name && isStatic(method) === wantStatic);
}

function extendsClass(
  analysis: Analysis,
  one: ts.ClassLikeDeclaration,
  base: ts.ClassLikeDeclaration,
): boolean {
  for (
    let at = baseOf((node) => analysis.evaluator.valueOf(node), one), left = 20;
    at !== undefined && left > 0;
    left -= 1
  ) {
    if (at === base) return true;
    at = baseOf((node) => analysis.evaluator.valueOf(node), at);
  }
  return false;
}

/** Calls of a method's name on something unknown that is named like its class: an injected service. */
function possibleCalls({ analysis }: Drafts, owner: FunctionNode): ts.CallExpression[] {
  const { parent } = owner;
  if (!ts.isMethodDeclaration(owner) || !ts.isClassLike(parent) || parent.name === undefined) return [];
  const method = owner.name.getText();
  const name = parent.name.text.toLowerCase();
  return [...analysis.uses.keys()]
    .filter((file) => file.text.includes(`.${method}(`))
    .flatMap((file) => descendants(file, ts.isCallExpression))
    .filter(({ expression }) => {
      if (!ts.isPropertyAccessExpression(expression) || expression.name.text !== method) return false;
      const receiver = memberName(expression.expression) ?? expression.expression.getText();
      const isKnown = analysis.evaluator.valueOf(expression.expression) !== undefined;
      return !isKnown && receiver.toLowerCase().replace(/^_/, '') === name;
    });
}

/** Every caller must wait for a function that becomes async. */
export function requireAwaited(drafts: Drafts, owner: FunctionNode): void {
  const file = owner.getSourceFile();
  const callers = drafts.analysis.calls.get(owner);
  for (const handedOn of callers?.escapes ?? []) {
    drafts.link(file, handedOn.getSourceFile());
    drafts
      .of(file)
      .problem(
        'CODE_FUNCTION_ESCAPES',
        handedOn,
        `${nameOf(owner)} becomes async and is handed on as a value`,
        nameOf(owner),
      );
  }
  for (const call of callers?.calls ?? []) {
    drafts.link(file, call.getSourceFile());
    if (isAwaited(call)) continue;
    drafts
      .of(call.getSourceFile())
      .problem(
        'CODE_RESULT_NOT_AWAITED',
        call,
        `${nameOf(owner)} becomes async, and its result is not awaited here`,
        nameOf(owner),
      );
  }
}

function isAwaited(call: ts.CallExpression): boolean {
  const { parent } = call;
  if (ts.isAwaitExpression(parent) || ts.isReturnStatement(parent) || ts.isArrayLiteralExpression(parent))
    return true;
  if (ts.isArrowFunction(parent)) return parent.body === call;
  return ts.isPropertyAccessExpression(parent) && ['then', 'catch', 'finally'].includes(parent.name.text);
}

/** True for functions that are called by a name, and so through expressions the call graph follows. */
function hasName(owner: FunctionNode): boolean {
  const { parent } = owner;
  if (ts.isFunctionDeclaration(owner) || ts.isMethodDeclaration(owner)) return true;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent))
    return true;
  if (ts.isExportAssignment(parent)) return true;
  const pair = assignment(parent);
  return pair !== undefined && exportsPath(pair.left) !== undefined;
}

function nameOf(owner: FunctionNode): string {
  const { parent } = owner;
  if (owner.name !== undefined) return owner.name.getText();
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  const name = assignment(parent)?.left.getText().replace(/^.*\./, '') ?? 'exports';
  return name === 'exports' ? 'the exported function' : name;
}

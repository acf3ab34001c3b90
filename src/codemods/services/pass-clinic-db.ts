import { basename } from 'node:path';
import { ts } from 'ts-morph';
import { whileAt } from '../../core/file-fault.js';
import type { FindingCode } from '../../core/finding-codes.js';
import { ownerOf } from '../../project/calls/handlers.js';
import { locationOf } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import { clinicDbOfModel } from '../models/connection.js';
import {
  callersOf,
  hasName,
  isUncalled,
  nameOf,
  possibleCalls,
  relatedMethods,
} from '../planning/callers.js';
import type { Drafts } from '../planning/draft.js';
import { reportHandedOn, wrapped } from '../planning/handed-on.js';
import { requireSeen, rootName } from '../planning/names.js';
import { listOf, type Wording } from '../planning/root-causes.js';
import { addToPattern, clinicDbOf, passArgument, takesClinicDb } from './clinic-db.js';
import { giveClinicDb } from './signatures.js';

/**
 * Gives `clinicDb` to functions that need a clinic and never see a request, and lets every caller pass it, up
 * to the handlers. A function whose callers are not all known is a problem, for it and for its callers. A caller that
 * no request reaches has none to pass: its call is named, and is all that stays as it is.
 */
export function passClinicDb(drafts: Drafts, start: Iterable<FunctionNode>): void {
  const needing = new Set(start);
  for (const owner of needing)
    whileAt(owner.getSourceFile().fileName, () => passToOne(drafts, owner, needing));
}

function passToOne(drafts: Drafts, owner: FunctionNode, needing: Set<FunctionNode>): void {
  // One that is handed on may be called by anyone, which is said once.
  const possible = callersOf(drafts, owner).escapes.length > 0 ? [] : possibleCalls(drafts, owner);
  const obstacle = obstacleOf(drafts, owner, possible);
  if (obstacle !== undefined) {
    const { code, node = owner, message } = obstacle;
    const subject = hasName(owner) ? nameOf(owner) : undefined;
    drafts.of(owner.getSourceFile()).problem(code, node, message, subject, owner);
    return;
  }
  joinRelatives(drafts, owner, needing);
  giveClinicDb(drafts, owner);
  reportPossible(drafts, owner, possible);
  passWhereHandedOn(drafts, owner, needing);
  passWhereCalled(drafts, owner, needing);
}

interface Obstacle {
  readonly code: FindingCode;
  /** Where it is said; at the function where there is no better place. */
  readonly node?: ts.Node;
  readonly message: string | Wording;
}

/** Why a function cannot take clinicDb, whoever calls it. */
function obstacleOf(
  drafts: Drafts,
  owner: FunctionNode,
  possible: readonly ts.CallExpression[],
): Obstacle | undefined {
  if (!hasName(owner) && callersOf(drafts, owner).calls.length === 0)
    return { code: 'CODE_NO_REQUEST', message: 'this function needs a clinic and runs outside any request' };
  if (isStart(drafts, owner))
    return { code: 'CODE_NO_REQUEST', message: `${nameOf(owner)} needs a clinic and runs at start-up` };
  if (possible.length === 0 && isUncalled(drafts, owner)) return uncalled(drafts, owner);
  return undefined;
}

/** Said once of a class that nothing uses, whatever methods it has. */
function uncalled(drafts: Drafts, owner: FunctionNode): Obstacle {
  const { parent } = owner;
  const methods = ts.isClassLike(parent) ? parent.members.filter(ts.isMethodDeclaration) : [];
  const name = ts.isClassLike(parent) ? parent.name : undefined;
  if (name === undefined || !methods.every((one) => isUncalled(drafts, one)))
    return {
      code: 'CODE_UNCALLED',
      message: `${nameOf(owner)} needs a clinic, and nothing is seen to call it`,
    };
  return {
    code: 'CODE_UNCALLED',
    node: name,
    message: (names) =>
      `${listOf(names)} of ${name.text} ${names.length === 1 ? 'needs' : 'need'} a clinic, and nothing is seen to use ${name.text}`,
  };
}

/** Methods that are called in the function's place take what it takes. */
function joinRelatives(drafts: Drafts, owner: FunctionNode, needing: Set<FunctionNode>): void {
  const file = owner.getSourceFile();
  for (const relative of relatedMethods(drafts.analysis, owner)) {
    if (drafts.left.has(relative)) leaveWith(drafts, owner, relative, 'shares its callers and');
    else {
      drafts.link(file, relative.getSourceFile());
      if (!takesClinicDb(relative)) needing.add(relative);
    }
  }
}

function reportPossible(drafts: Drafts, owner: FunctionNode, possible: readonly ts.CallExpression[]): void {
  for (const call of possible) {
    drafts.link(owner.getSourceFile(), call.getSourceFile());
    drafts
      .of(call.getSourceFile())
      .problem(
        'CODE_FUNCTION_ESCAPES',
        call,
        `this may call ${nameOf(owner)}, which needs a clinic`,
        nameOf(owner),
        owner,
      );
  }
}

/** What means clinicDb at a place inside a function, which is given it where it needs it; undefined where nothing can. */
export function clinicDbAt(
  drafts: Drafts,
  site: ts.Node,
  caller: FunctionNode,
  needing: Set<FunctionNode>,
): string | undefined {
  if (drafts.analysis.registry.inFile.has(site.getSourceFile()))
    return clinicDbOfModel(drafts.analysis, site);
  const draft = drafts.of(site.getSourceFile());
  const { expression, source } = clinicDbOf(drafts.analysis.project.app, caller);
  requireSeen(draft, site, [rootName(expression)], caller);
  addToPattern(draft, caller, expression);
  if (source === 'parameter' && !takesClinicDb(caller)) needing.add(caller);
  return expression;
}

function passWhereHandedOn(drafts: Drafts, owner: FunctionNode, needing: Set<FunctionNode>): void {
  const file = owner.getSourceFile();
  const lost: ts.Node[] = [];
  for (const handedOn of drafts.analysis.calls.get(owner)?.escapes ?? []) {
    const holder = ownerOf(handedOn);
    if (holder !== undefined && drafts.left.has(holder)) {
      leaveWith(drafts, owner, holder, 'hands it on and');
      continue;
    }
    const site = drafts.of(handedOn.getSourceFile());
    drafts.link(file, site.file);
    const expression =
      holder === undefined || wrapped(owner, handedOn, '') === undefined
        ? undefined
        : clinicDbAt(drafts, handedOn, holder, needing);
    const text = expression && wrapped(owner, handedOn, expression);
    if (text !== undefined) site.replace(handedOn.getStart(site.file), handedOn.end, text);
    else lost.push(handedOn);
  }
  reportHandedOn(drafts, owner, owner, { one: 'needs a clinic', many: 'need a clinic' }, lost);
}

function passWhereCalled(drafts: Drafts, owner: FunctionNode, needing: Set<FunctionNode>): void {
  const { left, analysis } = drafts;
  const calls = analysis.calls.get(owner)?.calls ?? [];
  const without: ts.CallExpression[] = [];
  let isReached = (analysis.calls.get(owner)?.escapes ?? []).length > 0;
  for (const call of calls) {
    const callerDraft = drafts.of(call.getSourceFile());
    const caller = ownerOf(call);
    if (caller === undefined || left.hasNoRequest(caller)) {
      without.push(call);
      continue;
    }
    if (left.has(caller)) {
      leaveWith(drafts, owner, caller, 'calls it and');
      continue;
    }
    const expression = clinicDbAt(drafts, call, caller, needing);
    if (expression === undefined) {
      without.push(call);
      continue;
    }
    isReached ||= caller !== owner;
    drafts.link(owner.getSourceFile(), callerDraft.file);
    passArgument(callerDraft, call, expression);
  }
  for (const call of without) reportWithout(drafts, owner, call, isReached);
}

/** A call where there is no clinic: it is named, and where there is no other the function is left with it. */
function reportWithout(
  drafts: Drafts,
  owner: FunctionNode,
  call: ts.CallExpression,
  isReached: boolean,
): void {
  const draft = drafts.of(call.getSourceFile());
  const caller = ownerOf(call);
  const where =
    caller === undefined
      ? 'while the file loads'
      : drafts.analysis.registry.inFile.has(draft.file)
        ? 'by a model that has no clinic’s connection there'
        : `by ${nameOf(caller)}, which no request reaches`;
  const message = `${nameOf(owner)} needs a clinic and is called ${where}`;
  if (isReached) draft.note('CODE_NO_REQUEST', 'error', call, message, nameOf(owner));
  else draft.problem('CODE_NO_REQUEST', call, message, nameOf(owner), owner);
}

/** True for the function that starts the server: whoever calls it has no clinic to give. */
function isStart(drafts: Drafts, owner: FunctionNode): boolean {
  const { edits, file } = drafts.of(owner.getSourceFile());
  const connects = edits.some(
    ({ start, text }) =>
      owner.pos <= start && start < owner.end && text.includes('initializeCentralConnection'),
  );
  return connects || /\.listen\(|initializeCentralConnection/.test(owner.getText(file));
}

/** A function stays as it is with one that does. */
function leaveWith(drafts: Drafts, owner: FunctionNode, other: FunctionNode, why: string): void {
  const { line } = locationOf(other);
  const place = `line ${line} of ${basename(other.getSourceFile().fileName)}`;
  const message = `${nameOf(owner)} is left as it is, because ${place} ${why} is left`;
  const severity = drafts.left.severityOf(other);
  drafts
    .of(owner.getSourceFile())
    .leave(owner, other, { node: owner, severity, message, subject: nameOf(owner) });
}

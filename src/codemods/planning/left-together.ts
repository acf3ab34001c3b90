import { posix } from 'node:path';
import type { ts } from 'ts-morph';
import { ownerOf } from '../../project/calls/handlers.js';
import type { Use } from '../../project/calls/uses.js';
import { memberName } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import { givenTo } from '../queries/transactions.js';
import { nameOf } from './callers.js';
import type { Drafts } from './draft.js';
import { type Reader, readersOfKept, readersOfMade } from './made-at-load.js';

/**
 * Leaves, with a function that is left, what must speak to the same database as it: those that share its transaction,
 * and whoever calls it where it still reaches the shared database, so that no request writes into both.
 */
export function leaveTogether(drafts: Drafts): void {
  const uses = [...drafts.analysis.uses.values()].flatMap((one) => one.uses);
  for (const use of uses.filter(({ node }) => memberName(node.parent) === 'transaction'))
    leaveTransaction(drafts, use);
  const live = uses.flatMap((use) =>
    use.owner !== undefined && drafts.left.has(use.owner) && isLive(drafts, use) ? [use.owner] : [],
  );
  const readers = leaveReaders(drafts).map(({ node, madeOf }) => [node, madeOf] as const);
  leaveCallers(drafts, new Map([...readers, ...live.map((one) => [one, one] as const)]));
}

/**
 * Leaves the functions that read what code at module scope makes of a model or a connection, and the methods that use
 * a connection their class keeps. Returns those that still reach the shared database by it, in whatever file.
 */
function leaveReaders(drafts: Drafts): Reader[] {
  const { analysis, atLoad, kept, left } = drafts;
  const { evaluator } = analysis;
  const isShared = (use: Use): boolean => isLive(drafts, use);
  const shared = atLoad.filter(isShared);
  const made = readersOfMade(
    analysis,
    shared.map(({ node }) => node),
  );
  const others = atLoad.filter((use) => !isShared(use)).map(({ node }) => node);
  // What is made of a model that is migrated fails wherever it is used; the file's own functions show no other way.
  const own = readersOfMade(analysis, others).filter(({ node }) =>
    others.some((one) => one.getSourceFile() === node.getSourceFile()),
  );
  const ofKept = kept
    .filter(isShared)
    .flatMap(({ node }) => readersOfKept(evaluator, [...analysis.uses.keys()], node));
  const seen = new Set<FunctionNode>();
  for (const { node, name, madeOf } of [...made, ...own, ...ofKept]) {
    if (seen.has(node) || left.has(node) || !hasEdits(drafts, node)) continue;
    seen.add(node);
    const why = `${nameOf(node)} reads ${name.getText()}, which is made before there is a clinic`;
    const subject = nameOf(node);
    drafts
      .of(node.getSourceFile())
      .leave(node, madeOf, { node: name, severity: 'error', message: why, subject });
  }
  return [...made, ...ofKept];
}

function leaveTransaction(drafts: Drafts, use: Use): void {
  const { analysis, left } = drafts;
  const { owner } = use;
  if (owner === undefined || use.model !== undefined) return;
  for (const other of givenTo(analysis, use)) {
    if (left.has(owner) === left.has(other)) continue;
    const [stays, goes] = left.has(owner) ? [owner, other] : [other, owner];
    leave(drafts, goes, stays, 'shares a transaction with');
  }
}

/** True for a query on the global connection, and for a model whose file is left: they still reach the shared database. */
function isLive({ analysis, left }: Drafts, { node, model }: Use): boolean {
  if (model === undefined) return /^(query|transaction)$/.test(memberName(node.parent) ?? 'query');
  const definition = analysis.project.file(posix.join(analysis.project.app.root, model.file));
  return definition !== undefined && left.hasFile(definition);
}

/** `live` are functions that reach the shared database, with what they do so because of. */
function leaveCallers(drafts: Drafts, live: ReadonlyMap<FunctionNode, ts.Node>): void {
  const { analysis, left } = drafts;
  const seen = new Map(live);
  for (const [owner, because] of seen) {
    for (const call of analysis.calls.get(owner)?.calls ?? []) {
      const caller = ownerOf(call);
      if (caller === undefined || seen.has(caller)) continue;
      seen.set(caller, left.has(caller) ? caller : because);
      if (!left.has(caller) && hasEdits(drafts, caller)) leave(drafts, caller, owner, 'calls', because);
    }
  }
}

function hasEdits(drafts: Drafts, node: FunctionNode): boolean {
  return drafts.of(node.getSourceFile()).edits.some(({ start, end }) => node.pos <= start && end <= node.end);
}

function leave(
  drafts: Drafts,
  goes: FunctionNode,
  stays: FunctionNode,
  why: string,
  because: ts.Node = stays,
): void {
  const message = `${nameOf(goes)} ${why} ${nameOf(stays)}, which is left and means the shared database`;
  const severity = drafts.left.severityOf(stays);
  drafts
    .of(goes.getSourceFile())
    .leave(goes, because, { node: goes, severity, message, subject: nameOf(goes) });
}

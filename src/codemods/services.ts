import { basename } from 'node:path';
import type { ts } from 'ts-morph';
import { locationOf } from '../project/nodes.js';
import { ownerOf } from '../project/owners.js';
import type { FunctionNode } from '../project/types.js';
import { callersOf, hasName, isUncalled, nameOf, possibleCalls, relatedMethods } from './callers.js';
import { addToPattern, clinicDbOf, passArgument, takesClinicDb } from './clinic-db.js';
import type { Draft, Drafts } from './draft.js';
import { wrapped } from './handed-on.js';
import { requireSeen, rootName } from './names.js';
import { giveClinicDb } from './signatures.js';

/**
 * Gives `clinicDb` to functions that need a clinic and never see a request, and lets every caller pass it, up
 * to the handlers. A function whose callers are not all known is a problem, for it and for its callers.
 */
export function passClinicDb(drafts: Drafts, start: Iterable<FunctionNode>): void {
  const { calls, project } = drafts.analysis;
  const queue = [...start];
  const seen = new Set<FunctionNode>(queue);
  for (let owner = queue.shift(); owner !== undefined; owner = queue.shift()) {
    const file = owner.getSourceFile();
    const draft = drafts.of(file);
    const callers = callersOf(drafts, owner);
    if (!hasName(owner) && callers.calls.length === 0) {
      draft.problem(
        'CODE_NO_REQUEST',
        owner,
        'this function needs a clinic and runs outside any request',
        undefined,
        owner,
      );
      continue;
    }
    if (isStart(drafts, owner)) {
      draft.problem(
        'CODE_NO_REQUEST',
        owner,
        `${nameOf(owner)} needs a clinic and runs at start-up`,
        nameOf(owner),
        owner,
      );
      continue;
    }
    const possible = possibleCalls(drafts, owner);
    if (possible.length === 0 && isUncalled(drafts, owner)) {
      draft.problem(
        'CODE_UNCALLED',
        owner,
        `${nameOf(owner)} needs a clinic, and nothing is seen to call it`,
        nameOf(owner),
        owner,
      );
      continue;
    }
    for (const relative of relatedMethods(drafts.analysis, owner)) {
      if (drafts.left.has(relative)) {
        leaveWith(drafts, draft, owner, relative, 'shares its callers and');
        continue;
      }
      drafts.link(file, relative.getSourceFile());
      if (seen.has(relative) || takesClinicDb(relative)) continue;
      seen.add(relative);
      queue.push(relative);
    }
    const own = calls.get(owner) ?? { calls: [], escapes: [] };
    giveClinicDb(drafts, owner);
    for (const call of possible) {
      drafts.link(file, call.getSourceFile());
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
    const clinicDbAt = (site: ts.Node): string | undefined => {
      const caller = ownerOf(site);
      if (caller === undefined) return undefined;
      const { expression, source } = clinicDbOf(project.app, caller);
      requireSeen(drafts.of(site.getSourceFile()), site, [rootName(expression)], caller);
      addToPattern(drafts.of(site.getSourceFile()), caller, expression);
      if (source === 'parameter' && !takesClinicDb(caller) && !seen.has(caller)) {
        seen.add(caller);
        queue.push(caller);
      }
      return expression;
    };
    for (const handedOn of own.escapes) {
      const holder = ownerOf(handedOn);
      if (holder !== undefined && drafts.left.has(holder)) {
        leaveWith(drafts, draft, owner, holder, 'hands it on and');
        continue;
      }
      const site = drafts.of(handedOn.getSourceFile());
      drafts.link(file, site.file);
      const expression = wrapped(owner, handedOn, '') === undefined ? undefined : clinicDbAt(handedOn);
      const text = expression && wrapped(owner, handedOn, expression);
      if (text !== undefined) site.replace(handedOn.getStart(site.file), handedOn.end, text);
      else
        draft.problem(
          'CODE_FUNCTION_ESCAPES',
          handedOn,
          `${nameOf(owner)} needs a clinic and is handed on as a value`,
          nameOf(owner),
          owner,
        );
    }
    for (const call of own.calls) {
      const callerDraft = drafts.of(call.getSourceFile());
      const caller = ownerOf(call);
      if (caller !== undefined && drafts.left.has(caller)) {
        leaveWith(drafts, draft, owner, caller, 'calls it and');
        continue;
      }
      // A hook has its model's connection and no request; what it calls cannot be told apart by clinic there.
      const isHook = caller !== undefined && drafts.analysis.registry.inFile.has(callerDraft.file);
      const expression = isHook ? undefined : clinicDbAt(call);
      if (expression !== undefined) {
        drafts.link(file, callerDraft.file);
        passArgument(callerDraft, call, expression);
      } else
        callerDraft.problem(
          'CODE_NO_REQUEST',
          call,
          `${nameOf(owner)} needs a clinic and is called ${caller === undefined ? 'while the file loads' : 'by a model'}`,
          nameOf(owner),
          owner,
        );
    }
  }
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
function leaveWith(
  { left }: Drafts,
  draft: Draft,
  owner: FunctionNode,
  other: FunctionNode,
  why: string,
): void {
  const { line } = locationOf(other);
  const place = `line ${line} of ${basename(other.getSourceFile().fileName)}`;
  const message = `${nameOf(owner)} is left as it is, because ${place} ${why} is left`;
  draft.leave(owner, owner, left.severityOf(other), message, nameOf(owner));
}

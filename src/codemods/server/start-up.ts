import { ts } from 'ts-morph';
import { requestOf } from '../../project/calls/handlers.js';
import type { Use } from '../../project/calls/uses.js';
import {
  descendants,
  enclosingFunctions,
  isAsync,
  isInside,
  memberName,
} from '../../project/source/nodes.js';
import type { Draft, Drafts } from '../planning/draft.js';

import { indentAt } from '../writing/edits.js';

const STARTING = new Set(['authenticate', 'sync']);

/**
 * Turns the start-up's `sequelize.authenticate()` and `sync()` into initializeCentralConnection(), and a
 * shutdown's `close()` into closeConnections(). Returns the uses that are dealt with.
 */
export function claimStart(drafts: Drafts): Use[] {
  const claimed: Use[] = [];
  for (const [file, { uses }] of drafts.analysis.uses) {
    const draft = drafts.of(file);
    const isMigrated = file.text.includes('initializeCentralConnection');
    const started: ts.Node[] = [];
    for (const use of uses) {
      const method = memberName(use.node.parent);
      const call = use.node.parent.parent;
      const isStart = STARTING.has(method ?? '');
      if (use.model !== undefined || !ts.isCallExpression(call) || call.expression !== use.node.parent)
        continue;
      if (!isStart && method !== 'close') continue;
      // What is left still uses the connection that it closes, or the tables that a script makes.
      const isLeft = use.owner !== undefined && drafts.left.has(use.owner);
      if (isLeft && !(isStart && file.text.includes('.listen('))) continue;
      if (use.owner !== undefined && requestOf(use.owner) !== undefined) continue;
      claimed.push(use);
      if (use.root !== undefined) draft.replaced.add(use.root);
      if (method === 'close') {
        draft.needs.add('closeConnections');
        draft.replace(call.getStart(file), call.end, 'closeConnections()');
        continue;
      }
      if (method === 'sync') draft.note('CODE_SYNC_REMOVED', 'info', call, 'sequelize.sync() was taken out');
      const statement = ts.isAwaitExpression(call.parent) ? call.parent.parent : call.parent;
      const isDone = isMigrated || started.some((one) => isAlwaysBefore(one, statement));
      if (isDone && ts.isExpressionStatement(statement)) {
        const whole = aloneIn(statement);
        draft.remove(whole.getStart(file), whole.end);
        continue;
      }
      started.push(statement);
      draft.needs.add('initializeCentralConnection');
      draft.replace(call.getStart(file), call.end, 'initializeCentralConnection()');
    }
  }
  return claimed;
}

/** True where whoever reaches a node has passed the other: it stands earlier in the same block, or in one around. */
function isAlwaysBefore(one: ts.Node, node: ts.Node): boolean {
  return ts.isExpressionStatement(one) && one.pos < node.pos && isInside(node, one.parent);
}

/** The `if` that holds nothing but this statement, else the statement. */
function aloneIn(statement: ts.Statement): ts.Statement {
  const block = statement.parent;
  const isAlone = ts.isBlock(block) && block.statements.length === 1 && !/\/[/*]/.test(block.getText());
  const outer =
    isAlone && ts.isIfStatement(block.parent) && block.parent.elseStatement === undefined
      ? block.parent
      : undefined;
  return outer === undefined || !ts.isBlock(outer.parent) ? statement : outer;
}

/** Where nothing connects at start-up, the server connects before it listens. */
export function startCentral(drafts: Drafts, draft: Draft): void {
  const { file, style } = draft;
  const isDone = (one: ts.SourceFile): boolean =>
    one.text.includes('initializeCentralConnection') ||
    drafts.of(one).needs.has('initializeCentralConnection');
  if ([...drafts.analysis.uses.keys()].some(isDone)) return;
  const listen = descendants(file, ts.isCallExpression).find(
    (call) => memberName(call.expression) === 'listen',
  );
  const statement = listen?.parent;
  const block = statement?.parent;
  const isPlace = block !== undefined && (ts.isSourceFile(block) || ts.isBlock(block));
  if (listen === undefined || statement === undefined || !ts.isExpressionStatement(statement) || !isPlace) {
    draft.note('CODE_NO_START', 'error', listen ?? file, 'where the server starts was not found');
    return;
  }
  draft.needs.add('initializeCentralConnection');
  const start = statement.getStart(file);
  const indent = indentAt(file.text, start);
  const [around] = enclosingFunctions(statement);
  if (around === undefined ? style.isEsModule : isAsync(around)) {
    draft.insert(start, `await initializeCentralConnection()${style.end}\n${indent}`);
    return;
  }
  draft.insert(start, `initializeCentralConnection().then(() => {\n${indent}${style.indent}`);
  for (
    let at = file.text.indexOf('\n', start) + 1;
    at > 0 && at < statement.end;
    at = file.text.indexOf('\n', at) + 1
  )
    draft.insert(at, style.indent);
  draft.insert(statement.end, `\n${indent}})${style.end}`);
}

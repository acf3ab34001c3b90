import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { isRouteCall, requestOf } from '../../project/calls/handlers.js';
import type { FunctionNode } from '../../project/types.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { topLevelNames } from '../writing/import-lines.js';
import { isImport } from '../writing/imports.js';
import { catches } from './rejections.js';

const NAME = 'asyncHandler';
const COMMENT = '// Express 4 does not wait for the promise of a handler: what it rejects with goes to next.';
const PLAIN = `const ${NAME} = (handler) => (req, res, next, ...rest) =>
  Promise.resolve(handler(req, res, next, ...rest)).catch(next)`;
const TYPED = `const ${NAME} =
  <P, A, B, Q>(handler: import('express').RequestHandler<P, A, B, Q>): import('express').RequestHandler<P, A, B, Q> =>
  (req, res, next) =>
    Promise.resolve(handler(req, res, next)).catch(next)`;

/**
 * Wraps an async handler where it is written, or wherever it is mounted, so that `next` hears of what it rejects
 * with. False where that cannot be done: it is called or handed on elsewhere too, or it is no plain handler.
 */
export function wrapHandler(drafts: Drafts, owner: FunctionNode): boolean {
  const request = requestOf(owner);
  const [first, , , ...more] = owner.parameters;
  const isErrorHandler = request?.kind === 'name' && first?.name.getText() !== request.name;
  const isTyped = drafts.of(owner.getSourceFile()).style.isTypeScript;
  if (first === undefined || isErrorHandler || (isTyped && more.length > 0)) return false;
  const places = placesOf(drafts.analysis, owner);
  const wrappers = places.map((place) => wrapperOf(drafts, drafts.of(place.getSourceFile())));
  if (places.length === 0 || wrappers.includes(undefined)) return false;
  for (const [index, place] of places.entries()) {
    const draft = drafts.of(place.getSourceFile());
    const wrapper = wrappers[index];
    if (wrapper === NAME && isMissing(draft)) addWrapper(draft);
    drafts.link(owner.getSourceFile(), draft.file);
    draft.insert(place.getStart(draft.file), `${wrapper}(`);
    draft.append(place.end, ')');
  }
  return true;
}

/** The handler itself, where it is a value; else the arguments of `router.get(…)` and its like that mount it. */
function placesOf({ calls }: Analysis, owner: FunctionNode): ts.Node[] {
  const isValue =
    ts.isArrowFunction(owner) || (ts.isFunctionExpression(owner) && !/\bthis\b/.test(owner.getText()));
  if (isValue) return [owner];
  const { escapes = [], calls: called = [] } = calls.get(owner) ?? {};
  const mounted = escapes.map((node) =>
    /\.bind$/.test(node.parent.getText()) && ts.isCallExpression(node.parent.parent)
      ? node.parent.parent
      : node,
  );
  const isMount = ({ parent }: ts.Node): boolean => ts.isCallExpression(parent) && isRouteCall(parent);
  return called.length === 0 && mounted.every(isMount) ? mounted : [];
}

/** What a file calls its wrapper: one that it has, else ours; undefined where the name means something else there. */
function wrapperOf({ analysis }: Drafts, { file }: Draft): string | undefined {
  for (const name of topLevelNames(file)) {
    if (!/^(asyncHandler|catchAsync|wrapAsync|asyncWrap(per)?)$/.test(name.text)) continue;
    const value = analysis.evaluator.valueOf(name);
    const isPackage = value?.kind === 'package' && value.name === 'express-async-handler';
    if (isPackage || catches(analysis.evaluator, name) === true) return name.text;
    if (name.text === NAME) return undefined;
  }
  return NAME;
}

function isMissing({ file, edits }: Draft): boolean {
  return (
    !topLevelNames(file).some(({ text }) => text === NAME) &&
    !edits.some(({ text }) => text.startsWith(COMMENT))
  );
}

/** Puts the wrapper before the first statement that is no import. */
function addWrapper(draft: Draft): void {
  const { file, style } = draft;
  const index = file.statements.findLastIndex((statement) => isImport(statement)) + 1;
  const statement = file.statements[index];
  if (statement === undefined) return;
  const [comment] = ts.getLeadingCommentRanges(file.text, statement.pos) ?? [];
  const text = (style.isTypeScript ? TYPED : PLAIN)
    .replaceAll('  ', style.indent)
    .replaceAll("'", style.quote);
  draft.insert(comment?.pos ?? statement.getStart(file), `${COMMENT}\n${text}${style.end}\n\n`);
}

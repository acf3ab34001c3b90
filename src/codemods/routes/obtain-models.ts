import { ts } from 'ts-morph';
import type { Use } from '../../project/calls/uses.js';
import { descendants, enclosingFunctions, isInside } from '../../project/source/nodes.js';
import type { Database, FunctionNode, Model } from '../../project/types.js';
import { withComments } from '../models/associations.js';
import type { Draft } from '../planning/draft.js';
import { requireSeen, rootName } from '../planning/names.js';
import { indentAt, lineStart } from '../writing/edits.js';
import { loginBranch, loginGuard } from './login-branch.js';

/** A model that a function needs under a name, from one of the databases. */
export interface Wanted {
  readonly local: string;
  readonly model: Model;
  readonly database: Database;
  readonly uses: readonly Use[];
  /** The expression that has the model's name; undefined where the name is known here. */
  readonly nameIn?: string;
}

/** The expressions by which a function's getModel calls are written. */
export interface Spelling {
  /** `ModelFactory.getModel` or what the file calls it. */
  readonly getModel: string;
  readonly clinicDb: string;
}

/**
 * Lets a function obtain its models at its start; inside the `try` that uses them where there is one, so
 * that the handler's own `catch` still answers, and inside the branch of those who are logged in.
 */
export function obtainModels(
  draft: Draft,
  owner: FunctionNode,
  wanted: readonly Wanted[],
  spelling: Spelling,
): void {
  const places = new Map<ts.Block | undefined, Wanted[]>();
  for (const one of wanted) {
    const blocks = new Set(one.uses.map((use) => placeOf(use.node, owner)));
    for (const block of blocks.has(undefined) ? [undefined] : blocks)
      places.set(block, [...(places.get(block) ?? []), one]);
  }
  for (const [block, here] of places) {
    const target = block ?? owner.body;
    if (target === undefined) continue;
    requireSeen(draft, target, namesIn(here, spelling), owner);
    const atStart = (indent: string): string => statements(draft, here, spelling, indent);
    const first = Math.min(
      ...here.flatMap(({ uses }) => uses.map(({ node }) => node.pos)).filter((pos) => target.pos <= pos),
    );
    const guard = ts.isBlock(target) ? loginGuard(target, first) : undefined;
    if (guard !== undefined) insertAfter(draft, guard, atStart);
    else if (ts.isBlock(target)) insertAtStart(draft, target, atStart);
    else giveBody(draft, owner, target, atStart);
  }
}

/** The `try` that a use is in, or the branch of those who are logged in, whichever is inside the other. */
function placeOf(node: ts.Node, owner: FunctionNode): ts.Block | undefined {
  const [tried, branch] = [tryAround(node, owner), loginBranch(node, owner)];
  return tried === undefined || (branch !== undefined && isInside(branch, tried)) ? branch : tried;
}

/** The names that getModel calls are written with. */
export function namesIn(wanted: readonly Wanted[], { getModel, clinicDb }: Spelling): string[] {
  const databases = new Set(
    wanted.map(({ database }) => (database === 'clinic' ? clinicDb : 'getCentralConnection()')),
  );
  return [getModel, ...databases].map(rootName);
}

/** True where no `try` of the function is around all uses, so that a failing getModel rejects the function. */
export function isUnguarded(owner: FunctionNode, wanted: readonly Wanted[]): boolean {
  return wanted.some(({ uses }) => uses.some((use) => !isTried(tryAround(use.node, owner))));
}

/** True for a block whose failures are caught. */
export function isTried(block: ts.Block | undefined): boolean {
  const { parent } = block ?? {};
  return parent !== undefined && ts.isTryStatement(parent) && parent.tryBlock === block;
}

/**
 * The block of the function's own outermost `try … catch` that the node is in: the `try` block, or that of the `catch`
 * or `finally`, which is no part of what the handler is for and so must not be what makes all of it fail.
 */
export function tryAround(node: ts.Node, owner: FunctionNode): ts.Block | undefined {
  let found: ts.Block | undefined;
  for (let at = node; at !== owner && at !== undefined; at = at.parent) {
    if (!ts.isBlock(at) || enclosingFunctions(at)[0] !== owner) continue;
    const { parent } = at;
    const isPart =
      ts.isTryStatement(parent) && (parent.finallyBlock === at || parent.catchClause !== undefined);
    if (isPart || ts.isCatchClause(parent)) found = at;
  }
  return found;
}

/** `ModelFactory.getModel(req.clinicDb, 'Patient')`. */
export function getModelCall(
  { style }: Draft,
  { model, database, nameIn }: Wanted,
  spelling: Spelling,
): string {
  const connection = database === 'clinic' ? spelling.clinicDb : 'getCentralConnection()';
  return `${spelling.getModel}(${connection}, ${nameIn ?? style.quote + model.name + style.quote})`;
}

function statements(draft: Draft, wanted: readonly Wanted[], spelling: Spelling, indent: string): string {
  const { style } = draft;
  const calls = wanted.map((one) => getModelCall(draft, one, spelling));
  const [only] = wanted;
  if (only !== undefined && wanted.length === 1)
    return `${indent}const ${only.local} = await ${calls[0]}${style.end}`;
  const names = wanted.map(({ local }) => local).join(', ');
  const list = calls.map((call) => `${indent}${style.indent}${call}`).join(',\n');
  return `${indent}const [${names}] = await Promise.all([\n${list}\n${indent}])${style.end}\n`;
}

function insertAtStart(draft: Draft, block: ts.Block, text: (indent: string) => string): void {
  const source = draft.file.text;
  const directives = block.statements.findLast(
    (statement) => ts.isExpressionStatement(statement) && ts.isStringLiteral(statement.expression),
  );
  const at = directives?.end ?? block.getStart(draft.file) + 1;
  const next = block.statements.find((statement) => statement.pos >= at);
  const outer = indentAt(source, block.getStart(draft.file));
  const gap = source.slice(at, next?.getStart(draft.file) ?? block.end - 1);
  if (gap.includes('\n')) {
    const indent =
      next === undefined ? outer + draft.style.indent : indentAt(source, next.getStart(draft.file));
    const isBeforeComment = /^\s*\n[ \t]*\/[/*]/.test(source.slice(at));
    const isBeforeBlank = /^[^\S\n]*\n[^\S\n]*\n/.test(source.slice(at));
    const plain = text(indent).trimEnd();
    const isApart = isBeforeComment || plain.length < text(indent).length;
    draft.insert(at, `\n${plain}${isApart && !isBeforeBlank ? '\n' : ''}`);
    return;
  }
  const inner = outer + draft.style.indent;
  const last = block.statements.at(-1);
  draft.replace(at, at + gap.length, `\n${text(inner)}\n${inner}`);
  if (last !== undefined) draft.replace(last.end, block.end - 1, `\n${outer}`);
}

/** Puts text before the statement that follows another, with the comments above it. */
function insertAfter(draft: Draft, statement: ts.Statement, text: (indent: string) => string): void {
  const { statements } = statement.parent as ts.Block;
  const next = statements[statements.indexOf(statement) + 1];
  if (next === undefined) return;
  const begin = next.getStart(draft.file);
  const indent = indentAt(draft.file.text, begin);
  const start = withComments(draft.file, next);
  const isBeforeComment = start < begin && !text(indent).endsWith('\n');
  draft.insert(start, `${text(indent).trimStart()}${isBeforeComment ? '\n' : ''}\n${indent}`);
}

/** Gives an arrow function whose body is an expression a body in braces. */
function giveBody(
  draft: Draft,
  owner: FunctionNode,
  body: ts.Expression,
  text: (indent: string) => string,
): void {
  if (!ts.isArrowFunction(owner)) return;
  const source = draft.file.text;
  const arrow = owner.equalsGreaterThanToken.end;
  const value = withoutParentheses(body);
  const start = value.getStart(draft.file);
  const outer = indentAt(source, owner.getStart(draft.file));
  const inner = outer + draft.style.indent;
  const startsOnArrowLine = !source.slice(arrow, start).includes('\n');
  draft.replace(arrow, start, ` {\n${text(inner)}\n${inner}return `);
  if (startsOnArrowLine) indentLines(draft, start, value.end, draft.style.indent);
  // What follows on lines of its own stays there, unless the function begins after something else on its line.
  const isFirst =
    indentAt(source, owner.getStart(draft.file)) === lineBefore(source, owner.getStart(draft.file));
  const gap = isFirst ? '' : (/^\s*,?\s*(?=\))/.exec(source.slice(body.end))?.[0] ?? '');
  draft.replace(value.end, body.end + gap.length, `${draft.style.end}\n${outer}}`);
}

/** The object in `() => ({ … })`, which needs no parentheses after `return`; comments between keep them. */
function withoutParentheses(body: ts.Expression): ts.Expression {
  if (!ts.isParenthesizedExpression(body) || !ts.isObjectLiteralExpression(body.expression)) return body;
  const { text } = body.getSourceFile();
  const { expression } = body;
  const around = text.slice(body.getStart(), expression.getStart()) + text.slice(expression.end, body.end);
  return /^\(\s*\)$/.test(around) ? expression : body;
}

function lineBefore(source: string, at: number): string {
  return source.slice(lineStart(source, at), at);
}

/** Indents the lines that begin between two offsets by `unit`, leaving template literals and blank lines alone. */
export function indentLines(
  draft: Draft,
  start: number,
  end: number,
  unit: string,
  except: readonly { readonly start: number; readonly end: number }[] = [],
): void {
  const { text } = draft.file;
  const literals = descendants(draft.file, isMultiLineText)
    .map((node) => ({ start: node.getStart(draft.file), end: node.end }))
    .concat(except, draft.edits); // lines that an edit takes away are none to indent
  for (let at = text.indexOf('\n', start) + 1; at > 0 && at < end; at = text.indexOf('\n', at) + 1) {
    const isInside = literals.some((range) => range.start < at && at < range.end);
    const isExcept = except.some((range) => range.start <= at && at < range.end);
    const isBlank = /^[ \t]*\r?$/.test(text.slice(at, (text.indexOf('\n', at) + 1 || text.length + 1) - 1));
    if (!isInside && !isExcept && !isBlank) draft.insert(at, unit);
  }
}

function isMultiLineText(
  node: ts.Node,
): node is ts.TemplateExpression | ts.NoSubstitutionTemplateLiteral | ts.StringLiteral {
  return (
    ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isStringLiteral(node)
  );
}

/** Makes a function async where it is not. */
export function makeAsync(draft: Draft, owner: FunctionNode): void {
  draft.becomeAsync.add(owner);
  const name = ts.isMethodDeclaration(owner) ? owner.name : undefined;
  const keyword =
    ts.isFunctionDeclaration(owner) || ts.isFunctionExpression(owner)
      ? owner.getChildren(draft.file).find(({ kind }) => kind === ts.SyntaxKind.FunctionKeyword)
      : undefined;
  draft.insert((name ?? keyword ?? owner).getStart(draft.file), 'async ');
}

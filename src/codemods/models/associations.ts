import inflection from 'inflection';
import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import { memberName, property, walk } from '../../project/source/nodes.js';
import { isWherever, type Model, outOfReach } from '../../project/types.js';
import type { Draft } from '../planning/draft.js';
import { indentAt } from '../writing/edits.js';
import { connectionType } from '../writing/type-names.js';
import type { Associate } from './shape.js';

/** One statement of a model's `associate`, written with the models' own names. */
export interface AssociationLine {
  /** Without the indentation of its first line. */
  readonly text: string;
  /** Models it names, in order. */
  readonly models: readonly Model[];
}

/**
 * The lines of a file's own `associate` function. Associations that join two databases are left out and
 * noted; undefined, with a problem, where a statement is not understood.
 */
export function linesOfAssociate(
  draft: Draft,
  analysis: Analysis,
  self: Model,
  local: string | undefined,
  { body, parameter }: Associate,
): AssociationLine[] | undefined {
  const models = parameter !== undefined && ts.isIdentifier(parameter) ? parameter.text : undefined;
  const taken = new Set<string>();
  if (parameter !== undefined && ts.isObjectBindingPattern(parameter)) addNames(parameter, taken);
  const resolve = (node: ts.Node): Model | undefined => {
    if (node.kind === ts.SyntaxKind.ThisKeyword) return self;
    if (
      ts.isPropertyAccessExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === models
    )
      return analysis.registry.named(node.name.text);
    if (!ts.isIdentifier(node)) return undefined;
    if (node.text === local || node.text === self.name) return self;
    return taken.has(node.text) ? analysis.registry.named(node.text) : undefined;
  };
  const lines: AssociationLine[] = [];
  for (const statement of body.statements) {
    if (models !== undefined && isTakingApart(statement, models, taken)) continue;
    const line = renderLine(draft.file, statement, resolve);
    const isWhole = !mentions(statement, models, resolve);
    if (!isWhole) {
      draft.problem(
        'CODE_MODEL_SHAPE',
        statement,
        `the associations of ${self.name} are not understood here`,
        self.name,
      );
      return undefined;
    }
    if (!crosses(draft, self, statement, line)) lines.push(line);
  }
  return lines;
}

/** `const { User, Drug } = models;`: the names become known, and the line goes. */
function isTakingApart(statement: ts.Statement, models: string, taken: Set<string>): boolean {
  if (!ts.isVariableStatement(statement)) return false;
  return statement.declarationList.declarations.every(({ name, initializer }) => {
    const matches = initializer !== undefined && ts.isIdentifier(initializer) && initializer.text === models;
    if (!matches || !ts.isObjectBindingPattern(name)) return false;
    addNames(name, taken);
    return true;
  });
}

function addNames(pattern: ts.ObjectBindingPattern, names: Set<string>): void {
  for (const element of pattern.elements) {
    if (ts.isIdentifier(element.name) && element.propertyName === undefined) names.add(element.name.text);
  }
}

/** True where the models object is still used in a way that was not replaced. */
function mentions(
  statement: ts.Statement,
  models: string | undefined,
  resolve: (node: ts.Node) => Model | undefined,
): boolean {
  let found = false;
  walk(statement, (node) => {
    if (resolve(node) !== undefined) return false;
    if (ts.isIdentifier(node) && node.text === models) found = true;
    return undefined;
  });
  return found;
}

/** Notes an association that joins two databases; true for one. */
export function crosses(draft: Draft, self: Model, statement: ts.Statement, line: AssociationLine): boolean {
  const other = outOfReach(self, line.models);
  if (other === undefined) return false;
  noteSevered(draft, self, other, statement, aliasOf(statement, other.name));
  return true;
}

/** Notes that an association is taken out, and the name that its uses know it by. */
export function noteSevered(draft: Draft, self: Model, other: Model, node: ts.Node, alias: string): void {
  draft.severed.push({ model: self, alias });
  draft.note(
    'CODE_CROSSING_ASSOCIATION',
    'warning',
    node,
    `the association of ${self.name} with ${other.name} was taken out: their tables are in different databases`,
    self.name,
  );
}

/** The name an association goes by in `include` and in accessors: its `as`, else the other model's, plural for many. */
export function aliasOf(statement: ts.Statement, other: string): string {
  const call = ts.isExpressionStatement(statement) ? statement.expression : undefined;
  if (call === undefined || !ts.isCallExpression(call)) return other;
  const options = call.arguments[1];
  const given = options && ts.isObjectLiteralExpression(options) ? property(options, 'as') : undefined;
  if (given !== undefined && ts.isStringLiteralLike(given)) return given.text;
  return /Many$/.test(memberName(call.expression) ?? '') ? inflection.pluralize(other) : other;
}

/** A statement's text with its comments, each model in it under its own name. */
export function renderLine(
  file: ts.SourceFile,
  statement: ts.Statement,
  resolve: (node: ts.Node) => Model | undefined,
): AssociationLine {
  const start = withComments(file, statement);
  const models: Model[] = [];
  let text = '';
  let done = start;
  walk(statement, (node) => {
    const model = resolve(node);
    if (model === undefined) return undefined;
    if (!models.includes(model)) models.push(model);
    text += file.text.slice(done, node.getStart(file)) + model.name;
    done = node.end;
    return false;
  });
  text += file.text.slice(done, statement.end) + trailingComment(file, statement);
  const indent = indentAt(file.text, start);
  return { text: text.replaceAll(`\n${indent}`, '\n'), models };
}

/** Where a statement begins, with the comments above it. */
export function withComments(file: ts.SourceFile, statement: ts.Node): number {
  const [first] = ts.getLeadingCommentRanges(file.text, statement.pos) ?? [];
  return first === undefined || statement.pos === 0 ? statement.getStart(file) : first.pos;
}

/** Takes statements out, from one to another, with the comments above them. */
export function remove(draft: Draft, first: ts.Statement, last: ts.Statement = first): void {
  const start = withComments(draft.file, first);
  draft.dropped.push({ start, end: last.end });
  draft.remove(start, last.end);
}

function trailingComment(file: ts.SourceFile, statement: ts.Statement): string {
  const last = ts.getTrailingCommentRanges(file.text, statement.end)?.at(-1);
  return last === undefined ? '' : file.text.slice(statement.end, last.end);
}

/** The `associate` member of a migrated model, without a comma before it; '' where nothing is to be said. */
export function associateText(
  draft: Draft,
  self: Model,
  lines: readonly AssociationLine[],
  comments: string,
): string {
  if (lines.length === 0) return '';
  const { indent, end } = draft.style;
  const names = [...new Set([self, ...lines.flatMap(({ models }) => models)].map(({ name }) => name))];
  const type = connectionType(draft);
  const body = lines.map(({ text, models }) => {
    const absent = models.find((model) => !isWherever(self, model));
    return indented(absent === undefined ? text : guarded(text, absent.name), indent + indent);
  });
  const head = comments === '' ? '' : `${indented(comments, indent)}\n`;
  return [
    `${head}${indent}associate: (clinicDb${type}) => {`,
    `${indent}${indent}const { ${names.join(', ')} } = clinicDb.models${end}`,
    '',
    ...body,
    `${indent}}`,
  ].join('\n');
}

/** The statement with a condition before it, below its comments. */
function guarded(text: string, name: string): string {
  const [comments = ''] = /^(?:\s*(?:\/\/[^\n]*\n|\/\*[\s\S]*?\*\/))*\s*/.exec(text) ?? [];
  return `${comments}if (${name}) ${text.slice(comments.length)}`;
}

function indented(text: string, indent: string): string {
  return text
    .split('\n')
    .map((line) => (line.trim() === '' ? line : indent + line))
    .join('\n');
}

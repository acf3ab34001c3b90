import { ts } from 'ts-morph';
import { hasWord, wordPattern } from '../../core/words.js';
import { descendants } from '../../project/source/nodes.js';
import type { Model } from '../../project/types.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { indentLines } from '../routes/obtain-models.js';
import { indentAt, lineStart } from '../writing/edits.js';
import { associateText, linesOfAssociate, withComments } from './associations.js';
import { associateIn, type Factory, isSync, shapeOrFault, type Unmigrated } from './shape.js';
import type { TakenAssociations } from './take-associations.js';
import {
  associateTail,
  dropAssociate,
  frame,
  type Going,
  parameterText,
  resultText,
  rewriteClass,
  rewriteInline,
  takeOut,
} from './text.js';
import { rewriteUses } from './uses.js';
import { rewriteDecorated } from './write-decorated.js';

/**
 * Turns a file that defines a model into `{ define, associate }`. `taken` are associations that stood at
 * the top of this and other files. True where the file is or becomes so; else it carries a problem.
 */
export function migrateModel(drafts: Drafts, file: ts.SourceFile, taken: TakenAssociations): boolean {
  const added = taken.lines.get(file) ?? [];
  const draft = drafts.of(file);
  const shape = shapeOrFault(drafts.analysis, file);
  const [model] = drafts.analysis.registry.inFile.get(file) ?? [];
  if (shape === undefined || typeof shape === 'string') {
    const names = (drafts.analysis.registry.inFile.get(file) ?? []).map(({ name }) => name).join(', ');
    draft.problem(
      'CODE_MODEL_SHAPE',
      file.statements[0] ?? file,
      `how ${names} is defined here is not understood${shape === undefined ? '' : `: ${shape}`}`,
      model?.name,
    );
    return false;
  }
  if (shape.kind === 'migrated' || shape.kind === 'decorated') {
    for (const one of added)
      drafts
        .of(one.file)
        .problem(
          'CODE_MODEL_SHAPE',
          one.statement,
          `${shape.model.name} ${shape.kind === 'migrated' ? 'is migrated already' : 'has decorators'}, and this association is not in it`,
          shape.model.name,
        );
    if (shape.kind === 'decorated') {
      rewriteUses(drafts, draft, shape, []);
      rewriteDecorated(drafts.analysis, draft, shape);
    }
    return added.length === 0;
  }
  const statements = shape.kind === 'factory' ? bodyOf(shape) : [...file.statements];
  const own = statements.flatMap((statement) => associateIn(statement) ?? []);
  const lines = own.flatMap(
    (one) => linesOfAssociate(draft, drafts.analysis, shape.model, shape.local, one) ?? [],
  );
  const comments = own.map(({ node }) => commentsAbove(file, node)).join('\n');
  const associate = associateText(draft, shape.model, [...lines, ...added], comments);
  const syncs = statements.filter((statement) => isSync(statement));
  for (const node of syncs) draft.note('CODE_SYNC_REMOVED', 'info', node, 'sync() was taken out');
  const going = [...own, ...[...(taken.statements.get(file) ?? []), ...syncs].map((node) => ({ node }))];
  rewriteUses(drafts, draft, shape, going);
  if (shape.kind === 'inline') rewriteInline(draft, shape, going, associate);
  else if (shape.kind === 'class') rewriteClass(draft, shape, going, associate);
  else if (shape.kind === 'factory') rewriteFactory(draft, shape, going, associate);
  else rewriteGlobal(draft, shape, going, associate);
  return true;
}

/** The comments above a node, without the indentation of its lines. */
function commentsAbove(file: ts.SourceFile, node: ts.Node): string {
  const indent = indentAt(file.text, node.getStart(file));
  return file.text
    .slice(withComments(file, node), node.getStart(file))
    .trim()
    .replaceAll(`\n${indent}`, '\n');
}

function bodyOf({ node }: Extract<Unmigrated, { kind: 'factory' }>): readonly ts.Statement[] {
  return node.body !== undefined && ts.isBlock(node.body) ? node.body.statements : [];
}

function rewriteFactory(
  draft: Draft,
  { node, parameter, local, model, exported }: Extract<Unmigrated, { kind: 'factory' }>,
  own: readonly Going[],
  associate: string,
): void {
  const { file, style } = draft;
  const unit = style.indent;
  importTypes(draft, node, exported === undefined ? unit : '');
  if (exported !== undefined) {
    const [connection, types] = node.parameters;
    if (connection !== undefined && types !== undefined) draft.replace(connection.end, types.end, '');
    takeOut(draft, own);
    draft.insert(exported.getStart(file), `{\n${unit}define: `);
    draft.insert(exported.end, `${associateTail(associate)}\n}`);
    return;
  }
  const tail = `${associateTail(associate)}\n}`;
  const head = `${ts.isFunctionDeclaration(node) ? 'export default ' : ''}{\n${unit}define: ${parameterText(draft, parameter)} => `;
  const { body } = node;
  if (body === undefined) return;
  const start = node.getStart(file);
  const end = ts.isFunctionDeclaration(node) ? `${tail}${style.end}` : tail;
  if (!ts.isBlock(body)) {
    draft.replace(start, body.getStart(file), `${head}{\n${unit}${unit}return `);
    indentLines(draft, body.getStart(file), body.end, unit + unit);
    draft.insert(body.end, `${style.end}\n${unit}}${end}`);
    return;
  }
  draft.replace(start, body.getStart(file) + 1, `${head}{`);
  const last = body.statements.at(-1);
  if (last !== undefined && ts.isExpressionStatement(last) && local === undefined)
    draft.insert(last.getStart(file), 'return ');
  const left = body.statements.filter((statement) => !own.some((one) => one.node === statement));
  const dropped =
    collapse(draft, left, local, body.statements.length !== left.length, model) ??
    own.map((one) => dropAssociate(draft, one));
  indentLines(draft, body.getStart(file), body.end, unit, dropped);
  for (const range of dropped) draft.replace(range.start, range.end, '');
  draft.insert(body.end, end);
}

/** `const X = define(…); return X;` becomes `return define(…);`. Returns what goes away; undefined where nothing does. */
function collapse(
  draft: Draft,
  left: readonly ts.Statement[],
  local: string | undefined,
  hadAssociate: boolean,
  model: Model,
): { start: number; end: number }[] | undefined {
  const { file } = draft;
  const [definition, result, ...more] = left;
  if (
    definition === undefined ||
    result === undefined ||
    more.length > 0 ||
    !ts.isVariableStatement(definition)
  )
    return undefined;
  const [declaration] = definition.declarationList.declarations;
  const initializer = declaration?.initializer;
  if (
    declaration?.name.getText(file) !== local ||
    initializer === undefined ||
    !ts.isCallExpression(initializer)
  )
    return undefined;
  const uses = initializer.getText(file).match(new RegExp(`${wordPattern(model.name)}(?!['"])`, 'gu'));
  const between = file.text.slice(definition.end, result.getStart(file));
  const hasComments = /\/[/*]/.test(
    hadAssociate ? file.text.slice(result.pos, result.getStart(file)) : between,
  );
  if (uses !== null || hasComments || (hadAssociate && /\/[/*]/.test(trailing(file, definition))))
    return undefined;
  draft.replace(definition.getStart(file), initializer.getStart(file), 'return ');
  const range = { start: definition.end, end: result.end };
  draft.dropped.push(range);
  return [range];
}

function trailing(file: ts.SourceFile, statement: ts.Statement): string {
  return file.text.slice(statement.end, file.text.indexOf('\n', statement.end));
}

/** Names that a factory's second parameter has because the package's own export is passed. */
const OFFERED = new Set(['DataTypes', 'Sequelize']);

/** A factory's second parameter becomes an import of DataTypes. */
function importTypes(draft: Draft, node: Factory, unit: string): void {
  const types = node.parameters[1]?.name;
  if (types === undefined || node.body === undefined) return;
  for (const name of descendants(node.parameters[1]?.type ?? types, ts.isIdentifier))
    draft.replaced.add(name);
  if (!ts.isIdentifier(types)) {
    const [first] = ts.isBlock(node.body) ? node.body.statements : [];
    if (first === undefined) {
      draft.problem('CODE_MODEL_SHAPE', types, 'a type is taken apart where there is no place for it');
      return;
    }
    draft.fromSequelize.add('DataTypes');
    const { text } = draft.file;
    const start = withComments(draft.file, first);
    draft.insert(
      start,
      `const ${types.getText(draft.file)} = DataTypes${draft.style.end}\n${indentAt(text, start)}${unit}`,
    );
    return;
  }
  const used = hasWord(node.body.getText(draft.file), types.text);
  if (used) draft.fromSequelize.add(OFFERED.has(types.text) ? types.text : `DataTypes: ${types.text}`);
}

function rewriteGlobal(
  draft: Draft,
  { wrapped, last, parameter, local, model, maker }: Extract<Unmigrated, { kind: 'global' }>,
  own: readonly Going[],
  associate: string,
): void {
  const { file, style } = draft;
  const { open, inner, close } = frame(draft, parameter, associate);
  const [first] = wrapped;
  if (local === undefined || first === undefined) {
    const definition = ts.isExportAssignment(last)
      ? last.expression
      : ts.isExpressionStatement(last) && ts.isBinaryExpression(last.expression)
        ? last.expression.right
        : undefined;
    if (definition === undefined) return;
    draft.replace(last.getStart(file), definition.getStart(file), `${open}return `);
    indentLines(draft, definition.getStart(file), definition.end, inner);
    draft.replace(definition.end, last.end, style.end + close);
    takeOut(draft, own);
    return;
  }
  const start = withComments(file, first);
  draft.insert(start, open);
  const left = wrapped.filter((statement) => !own.some((one) => one.node === statement));
  const later = own.filter(({ node }) => node.pos >= last.end);
  const collapsed = collapse(draft, [...left, last], local, left.length < wrapped.length, model);
  const ranges =
    collapsed ?? own.filter((one) => !later.includes(one)).map((one) => dropAssociate(draft, one));
  indentLines(
    draft,
    start,
    collapsed === undefined ? lineStart(file.text, last.getStart(file)) : (left[0]?.end ?? 0),
    inner,
    ranges,
  );
  for (const { start: from, end } of ranges) draft.replace(from, end, collapsed === undefined ? '' : close);
  takeOut(draft, later);
  if (collapsed === undefined)
    draft.replace(
      lineStart(file.text, last.getStart(file)),
      last.end,
      `${inner}${resultText(draft, local, maker)}${close}`,
    );
}

import type { ts } from 'ts-morph';
import { isInside } from '../../project/source/nodes.js';
import type { Draft } from '../planning/draft.js';
import { indentLines } from '../routes/obtain-models.js';
import { wholeLines } from '../writing/edits.js';
import { connectionType } from '../writing/type-names.js';
import { withComments } from './associations.js';
import type { ClassShape } from './bound-class.js';
import { type InlineShape, isDefaultToo } from './inline-export.js';
import type { Associate } from './shape.js';
import type { StaticInit } from './static-init.js';
import { BOUND, bindStatements, writeClass } from './write-class.js';

/** What leaves a model's file or moves into its `associate`. */
export type Going = Pick<Associate, 'node'>;

/** Lets `define` extend the class for each connection; the class itself stays outside, for its types. */
export function rewriteClass(
  draft: Draft,
  shape: ClassShape,
  going: readonly Going[],
  associate: string,
): void {
  const { file } = draft;
  // The class is exported by its name, whatever the file was before.
  const { open, inner, close } = frame(draft, shape.parameter, associate, 'export default {');
  const [first] = shape.moved;
  const isGoing = (name: ts.Node): boolean => going.some(({ node }) => isInside(name, node));
  writeClass(draft, shape, isGoing);
  bindStatements(draft, shape);
  const head = `${open}class ${BOUND} extends ${shape.local} {}\n\n${inner}`;
  const end = resultText(draft, BOUND, shape.maker) + close;
  const last = shape.moved.at(-1);
  if (first === undefined || last === undefined) draft.insert(shape.node.end, `\n\n${head}${end}`);
  else {
    const start = withComments(file, first);
    draft.insert(start, head);
    indentLines(draft, start, last.end, inner);
    draft.insert(last.end, `\n\n${inner}${end}`);
  }
  takeOut(draft, going);
}

/** What stands before and after the body of `define`, with the file's one export, and how far the body is indented. */
export function frame(
  draft: Draft,
  parameter: string,
  associate: string,
  head = draft.style.isEsModule ? 'export default {' : 'module.exports = {',
): { readonly open: string; readonly inner: string; readonly close: string } {
  const { indent, end } = draft.style;
  const inner = indent + indent;
  return {
    open: `${head}\n${indent}define: ${parameterText(draft, parameter)} => {\n${inner}`,
    inner,
    close: `\n${indent}}${associateTail(associate)}\n}${end}`,
  };
}

/** `associate` behind `define`, where there is one. */
export function associateTail(associate: string): string {
  return associate === '' ? '' : `,\n\n${associate}`;
}

/** Takes out what goes away, with its comments. */
export function takeOut(draft: Draft, going: readonly Going[]): void {
  for (const one of going) {
    const { start, end } = dropAssociate(draft, one);
    draft.replace(start, end, '');
  }
}

/** The range of something that goes away, with its comments. */
export function dropAssociate(draft: Draft, { node }: Going): { start: number; end: number } {
  const range = wholeLines(draft.file.text, withComments(draft.file, node), node.end);
  draft.dropped.push(range);
  return range;
}

/** `(sequelize)`, typed where types are written. */
export function parameterText(draft: Draft, parameter: string): string {
  return `(${parameter}${connectionType(draft)})`;
}

/** `return Patient;`, or the call that binds it. */
export function resultText(draft: Draft, local: string, maker: StaticInit | undefined): string {
  const { end, indent } = draft.style;
  if (maker === undefined) return `return ${local}${end}`;
  if (maker.takesTypes) draft.fromSequelize.add('DataTypes');
  const call = `${local}.${maker.name}(${maker.parameter}${maker.takesTypes ? ', DataTypes' : ''})`;
  return maker.returns ? `return ${call}${end}` : `${call}${end}\n${indent}${indent}return ${local}${end}`;
}

/** A model that is exported where it is defined: the definition goes into `define`, which is the export now. */
export function rewriteInline(
  draft: Draft,
  shape: InlineShape,
  going: readonly Going[],
  associate: string,
): void {
  const { file } = draft;
  const { node, moved, local } = shape;
  const isNamed = shape.given === 'name';
  const isDefault = isDefaultToo(file, local);
  const head = isNamed ? `export const ${local} = {` : undefined;
  const { open, inner, close } = frame(draft, shape.parameter, associate, head);
  const last = moved.at(-1) ?? node;
  const start = withComments(file, node);
  draft.insert(start, open);
  const isOnly = moved.length === 1 && shape.definition !== undefined;
  draft.replace(node.getStart(file), shape.from, isOnly ? 'return ' : shape.keyword);
  const ranges = going.map((one) => dropAssociate(draft, one));
  indentLines(draft, start, last.end, inner, ranges);
  const result = isOnly ? '' : `\n\n${inner}${resultText(draft, local, shape.maker)}`;
  const tail = isNamed && !isDefault ? `\n\nexport default ${local}${draft.style.end}` : '';
  draft.insert(last.end, result + close + tail);
  if (shape.exported !== undefined && !isDefault)
    draft.remove(shape.exported.getStart(file), shape.exported.end);
  for (const range of ranges) draft.replace(range.start, range.end, '');
}

import type { ts } from 'ts-morph';
import { withComments } from './associations.js';
import type { ClassShape } from './bound-class.js';
import type { Draft } from './draft.js';
import { wholeLines } from './edits.js';
import type { InlineShape } from './inline-export.js';
import type { Associate } from './model-shape.js';
import { indentLines } from './obtain-models.js';
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
  const { file, style } = draft;
  const unit = style.indent;
  const inner = unit + unit;
  const [first] = shape.moved;
  const isGoing = (name: ts.Node): boolean =>
    going.some(({ node }) => node.pos <= name.pos && name.end <= node.end);
  writeClass(draft, shape, isGoing);
  bindStatements(draft, shape);
  const head = `export default {\n${unit}define: ${parameterText(draft, shape.parameter)} => {\n${inner}class ${BOUND} extends ${shape.local} {}\n\n${inner}`;
  const end = `${resultText(draft, BOUND, shape.maker)}\n${unit}}${associate === '' ? '' : `,\n\n${associate}`}\n}${style.end}`;
  const last = shape.moved.at(-1);
  if (first === undefined || last === undefined) draft.insert(shape.node.end, `\n\n${head}${end}`);
  else {
    const start = withComments(file, first);
    draft.insert(start, head);
    indentLines(draft, start, last.end, inner);
    draft.insert(last.end, `\n\n${inner}${end}`);
  }
  for (const range of going.map((one) => dropAssociate(draft, one)))
    draft.replace(range.start, range.end, '');
}

/** The range of something that goes away, with its comments. */
export function dropAssociate(draft: Draft, { node }: Going): { start: number; end: number } {
  const range = wholeLines(draft.file.text, withComments(draft.file, node), node.end);
  draft.dropped.push(range);
  return range;
}

/** `(sequelize)`, typed where types are written. */
export function parameterText(draft: Draft, parameter: string): string {
  if (!draft.style.isTypeScript) return `(${parameter})`;
  draft.fromSequelize.add('type Sequelize');
  return `(${parameter}: Sequelize)`;
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
  const { file, style } = draft;
  const unit = style.indent;
  const inner = unit + unit;
  const { node, moved, local } = shape;
  const last = moved.at(-1) ?? node;
  const head = style.isEsModule ? 'export default {' : 'module.exports = {';
  const start = withComments(file, node);
  draft.insert(start, `${head}\n${unit}define: ${parameterText(draft, shape.parameter)} => {\n${inner}`);
  const isOnly = moved.length === 1 && shape.definition !== undefined;
  draft.replace(node.getStart(file), shape.from, isOnly ? 'return ' : shape.keyword);
  indentLines(draft, start, last.end, inner);
  const result = isOnly ? '' : `\n\n${inner}${resultText(draft, local, shape.maker)}`;
  draft.insert(last.end, `${result}\n${unit}}${associate === '' ? '' : `,\n\n${associate}`}\n}${style.end}`);
  if (shape.exported !== undefined) draft.remove(shape.exported.getStart(file), shape.exported.end);
  for (const range of going.map((one) => dropAssociate(draft, one)))
    draft.replace(range.start, range.end, '');
}

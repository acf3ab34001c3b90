import { ts } from 'ts-morph';
import { exportsOf } from '../../project/source/modules.js';
import { isStatic, property, thisMember } from '../../project/source/nodes.js';
import type { Draft } from '../planning/draft.js';
import { type ClassShape, initCall, type NamedClass, options, references } from './bound-class.js';

/** The class that `init` binds to one connection; the file's own class stays what its types mean. */
export const BOUND = 'Bound';

/** Exports the class by its name, and lets it speak of itself by `this`, so that it means the bound one. */
export function writeClass(
  draft: Draft,
  { node, exported, model }: Pick<ClassShape, 'node' | 'exported' | 'model'>,
  isGoing: (node: ts.Node) => boolean,
): void {
  const { file } = draft;
  const keyword = node.getChildren(file).find(({ kind }) => kind === ts.SyntaxKind.ClassKeyword) ?? node;
  // Decorators are not among these.
  const modifiers = ts.getModifiers(node) ?? [];
  const [first] = modifiers;
  const isDefault = modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
  if (isDefault) draft.replace((first ?? keyword).getStart(file), keyword.getStart(file), 'export ');
  else if (!exportsOf(file).named.has(node.name.text))
    draft.insert((first ?? keyword).getStart(file), 'export ');
  if (exported !== undefined) draft.remove(exported.getStart(file), exported.end);
  for (const one of references(node, node).filter((name) => !isGoing(name))) {
    const own = ownClass(one, node);
    if (own === undefined)
      draft.problem(
        'CODE_MODEL_SHAPE',
        one,
        `${model.name} uses itself where this is something else`,
        model.name,
      );
    else draft.replace(one.getStart(file), one.end, own);
  }
}

/** How the class's own code says "the class that I am": `this` in a static method; undefined where it cannot. */
function ownClass(node: ts.Node, around: NamedClass): string | undefined {
  const member = thisMember(node);
  // In a static property `this` is the class that is written, not the one that is bound.
  if (member?.parent !== around || (ts.isPropertyDeclaration(member) && isStatic(member))) return undefined;
  return isStatic(member) ? 'this' : `(this.constructor as typeof ${around.name.text})`;
}

/** How the class's own code says "the connection that I am bound to". */
export function ownConnection(node: ts.Node, around: ts.ClassDeclaration): string | undefined {
  const member = thisMember(node);
  if (member?.parent !== around || !(ts.isMethodDeclaration(member) || ts.isAccessor(member)))
    return undefined;
  return isStatic(member) ? 'this.sequelize!' : 'this.sequelize';
}

/** Lets the statements that move speak of the bound class, under the model's own name. */
export function bindStatements(draft: Draft, { node, moved, model, maker }: ClassShape): void {
  const { file, style } = draft;
  for (const one of moved.flatMap((statement) => references(statement, node))) {
    const isShorthand = ts.isShorthandPropertyAssignment(one.parent);
    draft.replace(one.getStart(file), one.end, isShorthand ? `${one.text}: ${BOUND}` : BOUND);
  }
  const inner = maker === undefined ? style.indent + style.indent : '';
  nameModel(draft, options(maker?.call ?? initCall(moved[0], node)), model.name, inner);
}

/** Sequelize would name the model after the class that is bound. */
function nameModel(
  draft: Draft,
  given: ts.ObjectLiteralExpression | undefined,
  name: string,
  indent: string,
): void {
  const last = given?.properties.at(-1);
  if (given === undefined || last === undefined || property(given, 'modelName') !== undefined) return;
  const { text } = draft.file;
  const [first] = given.properties;
  const line = /\n[ \t]*$/.exec(text.slice(given.properties.pos, first?.getStart(draft.file)))?.[0];
  const { quote } = draft.style;
  draft.insert(last.end, `,${line === undefined ? ' ' : line + indent}modelName: ${quote}${name}${quote}`);
}

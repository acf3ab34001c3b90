import { ts } from 'ts-morph';
import { ownerOf } from '../../project/calls/handlers.js';
import type { FileUses, Use } from '../../project/calls/uses.js';
import { isExported } from '../../project/source/exported.js';
import {
  assignment,
  descendants,
  isInside,
  isReference,
  memberName,
  unwrap,
} from '../../project/source/nodes.js';
import { referencesTo } from '../../project/source/symbols.js';
import type { Model } from '../../project/types.js';
import type { Drafts } from '../planning/draft.js';

/**
 * A constant at the top of a file that holds models: `const withVisits = [{ model: Appointment }]`. It becomes a
 * function of them, and every function that reads it calls it with the models of its own clinic.
 */
export interface SharedOptions {
  readonly declaration: ts.VariableDeclaration;
  readonly literal: ts.Expression;
  /** Uses of models in it. */
  readonly uses: readonly Use[];
  /** References to it, in functions and in other constants. */
  readonly readers: readonly ts.Identifier[];
  /** The models it needs, by the names of its parameters. */
  readonly parameters: Map<string, Model>;
}

/** The constants at the top of a file that hold models. */
export function readConstants({ analysis }: Drafts, { file, uses }: FileUses): SharedOptions[] {
  const open = uses.filter(({ owner, model }) => owner === undefined && model !== undefined);
  if (open.length === 0 || analysis.registry.inFile.has(file)) return [];
  const found = literals(file).map(({ declaration, literal }): SharedOptions => {
    const { name } = declaration;
    return {
      declaration,
      literal,
      uses: open.filter(({ node }) => isInside(node, literal)),
      readers: ts.isIdentifier(name) ? referencesTo(name, file) : [],
      parameters: new Map(),
    };
  });
  // One that holds another needs the other's models as well; each round goes one deeper.
  for (let isGrowing = true; isGrowing; ) {
    isGrowing = false;
    for (const one of found) {
      const size = one.parameters.size;
      for (const [name, model] of modelsIn(one, found)) one.parameters.set(name, model);
      isGrowing ||= one.parameters.size > size;
    }
  }
  return found.filter(({ parameters }) => parameters.size > 0);
}

/** `const X = […]` and `const X = {…}` at the top of a file. */
function literals(file: ts.SourceFile): Pick<SharedOptions, 'declaration' | 'literal'>[] {
  return file.statements.flatMap((statement) => {
    if (!ts.isVariableStatement(statement) || (statement.declarationList.flags & ts.NodeFlags.Const) === 0)
      return [];
    return statement.declarationList.declarations.flatMap((declaration) => {
      const literal = declaration.initializer;
      const value = literal && unwrap(literal);
      const isLiteral =
        value !== undefined && (ts.isArrayLiteralExpression(value) || ts.isObjectLiteralExpression(value));
      return isLiteral && literal !== undefined && ts.isIdentifier(declaration.name)
        ? [{ declaration, literal }]
        : [];
    });
  });
}

/** In the order of the source: by the name the source uses, else the model's own. */
function modelsIn(one: SharedOptions, all: readonly SharedOptions[]): [string, Model][] {
  const own = one.uses.flatMap(({ node, model }) =>
    model === undefined ? [] : [{ at: node.pos, node, model }],
  );
  const held = all.flatMap(({ readers, parameters }) =>
    readers.filter((reader) => isInside(reader, one.literal)).map(({ pos }) => ({ at: pos, parameters })),
  );
  return [...own, ...held]
    .sort((a, b) => a.at - b.at)
    .flatMap((part): [string, Model][] =>
      'parameters' in part
        ? [...part.parameters]
        : [[ts.isIdentifier(part.node) ? part.node.text : part.model.name, part.model]],
    );
}

/** True where only functions and other such constants read it, nobody changes it, and its parameters' names are free. */
export function isSound(one: SharedOptions, all: readonly SharedOptions[]): boolean {
  const { literal, readers, parameters, uses } = one;
  const isRead = (reader: ts.Identifier): boolean =>
    !isChanged(reader) &&
    !isExported(reader) &&
    (ownerOf(reader) !== undefined || holderOf(reader, all) !== undefined);
  const isFree = descendants(literal, ts.isIdentifier).every(
    (identifier) =>
      !isReference(identifier) ||
      !parameters.has(identifier.text) ||
      uses.some(({ node }) => isInside(identifier, node)),
  );
  return readers.every(isRead) && isFree && new Set(parameters.values()).size === parameters.size;
}

/** True for `options.where = …`, `list.push(…)`, `Object.assign(options, …)` and `delete options.where`. */
function isChanged(reader: ts.Identifier): boolean {
  let at: ts.Node = reader;
  while (
    (ts.isPropertyAccessExpression(at.parent) || ts.isElementAccessExpression(at.parent)) &&
    at.parent.expression === at
  )
    at = at.parent;
  const { parent } = at;
  if (assignment(parent)?.left === at || ts.isDeleteExpression(parent)) return true;
  if (!ts.isCallExpression(parent)) return false;
  if (parent.expression === at)
    return /^(push|unshift|splice|pop|shift|sort|reverse|fill)$/.test(memberName(at) ?? '');
  return parent.arguments[0] === at && parent.expression.getText() === 'Object.assign';
}

/** The constant that a node is written into. */
export function holderOf(node: ts.Node, all: readonly SharedOptions[]): SharedOptions | undefined {
  return all.find(({ literal }) => isInside(node, literal));
}

/** What a constant's function calls each of its models. */
export function nameOfModel({ parameters }: SharedOptions): (model: Model) => string {
  return (model) => [...parameters].find(([, one]) => one === model)?.[0] ?? model.name;
}

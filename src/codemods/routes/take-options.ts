import { ts } from 'ts-morph';
import { ownerOf } from '../../project/calls/handlers.js';
import type { Use } from '../../project/calls/uses.js';
import { areApart, type Model } from '../../project/types.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { typeName } from '../writing/type-names.js';
import { holderOf, isSound, nameOfModel, readConstants, type SharedOptions } from './shared-options.js';

/** A place in a function that reads such a constant and so needs one of its models. */
export interface OptionsUse extends Use {
  readonly model: Model;
  readonly options: SharedOptions;
}

/** The uses that are dealt with, and those that take their place, by file. */
export interface TakenOptions {
  readonly claimed: readonly Use[];
  readonly uses: ReadonlyMap<ts.SourceFile, readonly OptionsUse[]>;
}

/** Turns the constants that hold models into functions of them, where nothing but functions of their file reads them. */
export function takeSharedOptions(drafts: Drafts): TakenOptions {
  const claimed: Use[] = [];
  const uses = new Map<ts.SourceFile, OptionsUse[]>();
  for (const [file, fileUses] of drafts.analysis.uses) {
    const constants = readConstants(drafts, fileUses);
    // What a function that is left reads must stay what it is.
    const isLeft = (reader: ts.Node): boolean => {
      const owner = ownerOf(reader);
      return owner !== undefined && drafts.left.has(owner);
    };
    if (!constants.every((one) => isSound(one, constants) && !one.readers.some(isLeft))) continue;
    const draft = drafts.of(file);
    for (const options of constants) {
      writeFunction(draft, options);
      claimed.push(...options.uses);
      for (const reader of options.readers) {
        const around = holderOf(reader, constants);
        if (around !== undefined) callWith(draft, reader, options, nameOfModel(around));
        else
          uses.set(file, [
            ...(uses.get(file) ?? []),
            ...[...options.parameters.values()].map((model) => ({
              node: reader,
              root: undefined,
              model,
              owner: ownerOf(reader),
              options,
            })),
          ]);
      }
    }
  }
  return { claimed, uses };
}

export function isOptionsUse(use: Use): use is OptionsUse {
  return 'options' in use;
}

/** Writes the call `withVisits(Appointment)` in the place of a reference. */
export function callWith(
  draft: Draft,
  reader: ts.Expression,
  { parameters }: SharedOptions,
  nameOf: (model: Model) => string,
): void {
  const call = `(${[...parameters.values()].map(nameOf).join(', ')})`;
  const isShorthand = ts.isShorthandPropertyAssignment(reader.parent);
  draft.insert(reader.end, isShorthand ? `: ${reader.getText(draft.file)}${call}` : call);
}

/** `= [...]` becomes `= (Appointment) => [...]`. */
function writeFunction(draft: Draft, options: SharedOptions): void {
  const { file, style } = draft;
  const { literal, parameters, uses } = options;
  for (const { node, root, model } of uses) {
    if (root !== undefined) draft.replaced.add(root);
    if (model !== undefined && !ts.isIdentifier(node))
      draft.replace(node.getStart(file), node.end, nameOfModel(options)(model));
  }
  const [first, ...rest] = parameters.values();
  const far = rest.find((model) => first !== undefined && areApart(first, model));
  if (far !== undefined)
    draft.problem(
      'CODE_CROSSING_INCLUDE',
      literal,
      `${options.declaration.name.getText(file)} holds ${first?.name} and ${far.name}, which are in different databases`,
      far.name,
    );
  const type = style.isTypeScript ? modelType(draft) : '';
  const list = [...parameters.keys()].map((name) => name + type).join(', ');
  const isObject = literal.getText(file).startsWith('{');
  const head = (result: string): string => `(${list})${result} => ${isObject ? '(' : ''}`;
  const { name, type: result } = options.declaration;
  if (result === undefined) draft.insert(literal.getStart(file), head(''));
  else draft.replace(name.end, literal.getStart(file), ` = ${head(`: ${result.getText(file)}`)}`);
  if (isObject) draft.insert(literal.end, ')');
}

function modelType(draft: Draft): string {
  const model = typeName(draft, 'Model');
  return `: ${typeName(draft, 'ModelStatic')}<${model}>`;
}

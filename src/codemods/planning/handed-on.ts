import { ts } from 'ts-morph';
import { descendants, memberName } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import { nameOf } from './callers.js';
import type { Drafts } from './draft.js';
import { listOf } from './root-causes.js';

/** Methods that call what they are given there and then, and how many arguments they give it at most. */
const CALLERS = new Map([
  ['map', 3],
  ['flatMap', 3],
  ['forEach', 3],
  ['then', 1],
]);

/**
 * What `load` in `ids.map(load)` becomes: `(id) => load(clinicDb, id)`. Undefined where it is handed on otherwise, so
 * that not all of its calls are known, or where not all of its arguments have names.
 */
export function wrapped(owner: FunctionNode, handedOn: ts.Node, clinicDb: string): string | undefined {
  const call = handedOn.parent;
  if (!ts.isCallExpression(call) || call.arguments.length !== 1 || call.arguments[0] !== handedOn)
    return undefined;
  const most = CALLERS.get(memberName(call.expression) ?? '');
  const { parameters } = owner;
  if (most === undefined || parameters.length > most) return undefined;
  const taken = new Set([
    clinicDb.split('.')[0],
    ...descendants(handedOn, ts.isIdentifier).map(({ text }) => text),
  ]);
  const names = parameters.map(({ name, dotDotDotToken }) =>
    ts.isIdentifier(name) && dotDotDotToken === undefined && !taken.has(name.text) ? name.text : undefined,
  );
  if (names.includes(undefined)) return undefined;
  return `(${names.join(', ')}) => ${handedOn.getText()}(${[clinicDb, ...names].join(', ')})`;
}

/** Leaves `origin`, because a function is handed on where its callers are not seen. Said once, however often that is. */
export function reportHandedOn(
  drafts: Drafts,
  owner: FunctionNode,
  origin: FunctionNode,
  why: { readonly one: string; readonly many: string },
  [first, ...more]: readonly ts.Node[],
): void {
  if (first === undefined) return;
  const also =
    more.length === 0 ? '' : `, and in ${more.length} more ${more.length === 1 ? 'place' : 'places'}`;
  drafts
    .of(owner.getSourceFile())
    .problem(
      'CODE_FUNCTION_ESCAPES',
      first,
      (names) =>
        names.length === 1
          ? `${names[0]} ${why.one} and is handed on as a value${also}`
          : `${listOf(names)} ${why.many} and are handed on together${also}`,
      nameOf(owner),
      origin,
    );
}

import { ts } from 'ts-morph';
import { requestOf } from '../../project/calls/handlers.js';
import { descendants, isInside } from '../../project/source/nodes.js';
import { symbolAt, symbolOf } from '../../project/source/symbols.js';
import type { FunctionNode } from '../../project/types.js';
import type { Draft } from './draft.js';

/** The first name of an expression: `req` of `req.clinicDb`. */
export function rootName(expression: string): string {
  return /^[\w$]*/.exec(expression)?.[0] ?? '';
}

/** True where a name means something that the function itself declares, its parameters aside: what we write there would mean it too. */
export function isHidden(node: ts.Node, name: string, owner: FunctionNode): boolean {
  const [declaration] = symbolAt(node, name)?.declarations ?? [];
  if (declaration === undefined) return false;
  return (
    isInside(declaration, owner) &&
    declaration !== owner &&
    !owner.parameters.some((one) => isInside(declaration, one))
  );
}

/** Reports names that are hidden where a node stands. */
export function requireSeen(
  draft: Draft,
  node: ts.Node,
  names: readonly string[],
  owner: FunctionNode,
): void {
  // Of a function that is to take clinicDb as a parameter, giveClinicDb() reports that the name is not free.
  const isGiven = requestOf(owner) === undefined;
  const hidden = names.find((name) => !(isGiven && name === 'clinicDb') && isHidden(node, name, owner));
  if (hidden !== undefined) reportTaken(draft, node, hidden);
}

/** Reports a function in which a name of the file's would be hidden by a parameter of that name. */
export function requireUnused(draft: Draft, owner: FunctionNode, name: string): void {
  if (!owner.getText().includes(name)) return;
  const used = descendants(owner, ts.isIdentifier).find((identifier) => {
    if (identifier.text !== name) return false;
    const [declaration] = symbolOf(identifier)?.declarations ?? [];
    return declaration !== undefined && (declaration.pos < owner.pos || owner.end < declaration.end);
  });
  if (used !== undefined) reportTaken(draft, used, name);
}

export function reportTaken(draft: Draft, node: ts.Node, name: string): void {
  draft.problem('CODE_NAME_TAKEN', node, `${name} means something else here`);
}

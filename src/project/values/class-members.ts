import { ts } from 'ts-morph';
import { assignment, descendants, isAssignment, isNamed, isStatic } from '../source/nodes.js';
import type { Value } from '../types.js';
import { madeInClass } from './late-connections.js';

/** Says what an expression stands for: Evaluator.valueOf. */
type Look = (expression: ts.Expression) => Value | undefined;

/** What `Class.name` is: a static method or property, its own or inherited, or what the class gives it later. */
export function classMember(look: Look, node: ts.ClassLikeDeclaration, name: string): Value | undefined {
  return (
    own(look, node, name, true) ??
    givenLater(look, node, name) ??
    inherited(look, node, (parent) => classMember(look, parent, name))
  );
}

/** What `instance.name` is: a method, a property, or what the constructor puts on `this`. */
export function instanceMember(look: Look, node: ts.ClassLikeDeclaration, name: string): Value | undefined {
  return (
    own(look, node, name, false) ??
    putByConstructor(look, node, name) ??
    inherited(look, node, (parent) => instanceMember(look, parent, name))
  );
}

/** The ways to a value that types need. */
export interface Types {
  readonly look: Look;
  readonly ofDeclaration: (declaration: ts.Declaration) => Value | undefined;
  readonly ofType: (type: ts.TypeNode) => Value | undefined;
}

/** What a class's property is by its type: `private static instance: Store`, `constructor(private store: Store)`. */
export function typedMember(
  types: Types,
  node: ts.ClassLikeDeclaration,
  name: string,
  wantStatic: boolean,
): Value | undefined {
  const maker = wantStatic ? undefined : node.members.find(ts.isConstructorDeclaration);
  const kept = maker?.parameters.find(
    (one) => ts.isIdentifier(one.name) && one.name.text === name && (one.modifiers?.length ?? 0) > 0,
  );
  if (kept !== undefined) return types.ofDeclaration(kept);
  const own = node.members.find(
    (one): one is ts.PropertyDeclaration =>
      ts.isPropertyDeclaration(one) && isNamed(one.name, name) && isStatic(one) === wantStatic,
  );
  if (own?.type !== undefined) return types.ofType(own.type);
  return inherited(types.look, node, (parent) => typedMember(types, parent, name, wantStatic));
}

function own(
  look: Look,
  node: ts.ClassLikeDeclaration,
  name: string,
  wantStatic: boolean,
): Value | undefined {
  const named = node.members.filter(
    (member) => member.name !== undefined && isNamed(member.name, name) && isStatic(member) === wantStatic,
  );
  for (const member of named) {
    const isSignature =
      ts.isMethodDeclaration(member) && member.body === undefined && member !== named.at(-1);
    if (isSignature) continue;
    if (ts.isMethodDeclaration(member)) return { kind: 'function', node: member };
    if (ts.isPropertyDeclaration(member) && member.initializer !== undefined) return look(member.initializer);
    const got = gotten(member);
    const value = got && look(got);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** What the constructor gives to `this.name`. */
export function givenByConstructor(node: ts.ClassLikeDeclaration, name: string): ts.Expression | undefined {
  const maker = node.members.find(ts.isConstructorDeclaration);
  if (maker?.body === undefined) return undefined;
  for (const binary of descendants(maker.body, ts.isBinaryExpression)) {
    const pair = assignment(binary);
    if (pair === undefined || !ts.isPropertyAccessExpression(pair.left)) continue;
    if (pair.left.expression.kind === ts.SyntaxKind.ThisKeyword && pair.left.name.text === name)
      return pair.right;
  }
  return undefined;
}

function putByConstructor(look: Look, node: ts.ClassLikeDeclaration, name: string): Value | undefined {
  const given = givenByConstructor(node, name);
  const made = madeInClass(node, name);
  return (given && look(given)) ?? (made && look(made));
}

/** `Store.instance = new Store()` somewhere in the class, by its name. */
function givenLater(look: Look, node: ts.ClassLikeDeclaration, name: string): Value | undefined {
  for (const { left, right } of descendants(node, isAssignment)) {
    if (!ts.isPropertyAccessExpression(left)) continue;
    if (left.name.text !== name || left.expression.getText() !== node.name?.text) continue;
    const value = look(right);
    if (value !== undefined) return value;
  }
  return undefined;
}

function inherited(
  look: Look,
  node: ts.ClassLikeDeclaration,
  inBase: (parent: ts.ClassLikeDeclaration) => Value | undefined,
): Value | undefined {
  const base = baseOf(look, node);
  return base && inBase(base);
}

/** The application's own class that a class extends; undefined for one whose bases lead back to it. */
export function baseOf(look: Look, node: ts.ClassLikeDeclaration): ts.ClassLikeDeclaration | undefined {
  const base = extended(look, node);
  const seen = new Set([node]);
  for (let at = base; at !== undefined; at = extended(look, at)) {
    if (seen.has(at)) return undefined;
    seen.add(at);
  }
  return base;
}

function extended(look: Look, node: ts.ClassLikeDeclaration): ts.ClassLikeDeclaration | undefined {
  const [base] =
    node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types ?? [];
  const value = base && look(base.expression);
  return value?.kind === 'class' ? value.node : undefined;
}

/** What `get name() { return … }` gives; undefined where it does more than return. */
export function gotten(node: ts.ClassElement): ts.Expression | undefined {
  if (!ts.isGetAccessor(node)) return undefined;
  const [only, ...more] = node.body?.statements ?? [];
  return only !== undefined && more.length === 0 && ts.isReturnStatement(only) ? only.expression : undefined;
}

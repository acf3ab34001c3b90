import { ts } from 'ts-morph';
import { assignment, descendants, isNamed, isStatic } from './nodes.js';
import type { Value } from './types.js';

/** Says what an expression stands for: Evaluator.valueOf. */
type Look = (expression: ts.Expression) => Value | undefined;

/** What `Class.name` is: a static method or property, its own or inherited. */
export function classMember(look: Look, node: ts.ClassLikeDeclaration, name: string): Value | undefined {
  return own(look, node, name, true) ?? inherited(look, node, (parent) => classMember(look, parent, name));
}

/** What `instance.name` is: a method, a property, or what the constructor puts on `this`. */
export function instanceMember(look: Look, node: ts.ClassLikeDeclaration, name: string): Value | undefined {
  return (
    own(look, node, name, false) ??
    putByConstructor(look, node, name) ??
    inherited(look, node, (parent) => instanceMember(look, parent, name))
  );
}

function own(
  look: Look,
  node: ts.ClassLikeDeclaration,
  name: string,
  wantStatic: boolean,
): Value | undefined {
  for (const member of node.members) {
    if (member.name === undefined || !isNamed(member.name, name)) continue;
    if (isStatic(member) !== wantStatic) continue;
    if (ts.isMethodDeclaration(member)) return { kind: 'function', node: member };
    if (ts.isPropertyDeclaration(member) && member.initializer !== undefined) return look(member.initializer);
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
  return given && look(given);
}

function inherited(
  look: Look,
  node: ts.ClassLikeDeclaration,
  inBase: (parent: ts.ClassLikeDeclaration) => Value | undefined,
): Value | undefined {
  const base = baseOf(look, node);
  return base && inBase(base);
}

/** The application's own class that a class extends. */
export function baseOf(look: Look, node: ts.ClassLikeDeclaration): ts.ClassLikeDeclaration | undefined {
  const [base] =
    node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types ?? [];
  const value = base && look(base.expression);
  return value?.kind === 'class' && value.node !== node ? value.node : undefined;
}

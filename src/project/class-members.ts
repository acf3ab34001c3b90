import { ts } from 'ts-morph';
import type { Evaluator } from './evaluator.js';
import { assignment, descendants, isNamed } from './nodes.js';
import type { Value } from './types.js';

/** What `Class.name` is: a static method or property, its own or inherited. */
export function classMember(
  evaluator: Evaluator,
  node: ts.ClassLikeDeclaration,
  name: string,
): Value | undefined {
  return (
    own(evaluator, node, name, true) ??
    inherited(evaluator, node, (parent) => classMember(evaluator, parent, name))
  );
}

/** What `instance.name` is: a method, a property, or what the constructor puts on `this`. */
export function instanceMember(
  evaluator: Evaluator,
  node: ts.ClassLikeDeclaration,
  name: string,
): Value | undefined {
  return (
    own(evaluator, node, name, false) ??
    putByConstructor(evaluator, node, name) ??
    inherited(evaluator, node, (parent) => instanceMember(evaluator, parent, name))
  );
}

function own(
  evaluator: Evaluator,
  node: ts.ClassLikeDeclaration,
  name: string,
  wantStatic: boolean,
): Value | undefined {
  for (const member of node.members) {
    if (member.name === undefined || !isNamed(member.name, name)) continue;
    const isStatic =
      ts.canHaveModifiers(member) &&
      ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) === true;
    if (isStatic !== wantStatic) continue;
    if (ts.isMethodDeclaration(member)) return { kind: 'function', node: member };
    if (ts.isPropertyDeclaration(member) && member.initializer !== undefined)
      return evaluator.valueOf(member.initializer);
  }
  return undefined;
}

function putByConstructor(
  evaluator: Evaluator,
  node: ts.ClassLikeDeclaration,
  name: string,
): Value | undefined {
  const maker = node.members.find(ts.isConstructorDeclaration);
  if (maker?.body === undefined) return undefined;
  for (const binary of descendants(maker.body, ts.isBinaryExpression)) {
    const pair = assignment(binary);
    if (pair === undefined || !ts.isPropertyAccessExpression(pair.left)) continue;
    if (pair.left.expression.kind === ts.SyntaxKind.ThisKeyword && pair.left.name.text === name)
      return evaluator.valueOf(pair.right);
  }
  return undefined;
}

function inherited(
  evaluator: Evaluator,
  node: ts.ClassLikeDeclaration,
  look: (parent: ts.ClassLikeDeclaration) => Value | undefined,
): Value | undefined {
  const base = baseOf(evaluator, node);
  return base && look(base);
}

/** The application's own class that a class extends. */
export function baseOf(
  evaluator: Evaluator,
  node: ts.ClassLikeDeclaration,
): ts.ClassLikeDeclaration | undefined {
  const [base] =
    node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types ?? [];
  const value = base && evaluator.valueOf(base.expression);
  return value?.kind === 'class' && value.node !== node ? value.node : undefined;
}

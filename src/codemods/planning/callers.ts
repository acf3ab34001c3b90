import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { Analysis } from '../../project/analysis.js';
import type { Callers } from '../../project/calls/call-graph.js';
import { isRuntime } from '../../project/source/modules.js';
import {
  assignment,
  descendants,
  exportsPath,
  isFunctionNode,
  isStatic,
  memberName,
} from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import { baseOf } from '../../project/values/class-members.js';
import { implementersOf } from '../../project/values/declared-types.js';
import type { Evaluator } from '../../project/values/evaluator.js';
import { declaringTypes } from '../services/signatures.js';
import type { Drafts } from './draft.js';

/** True for functions that are called by a name, and so through expressions the call graph follows. */
export function hasName(owner: FunctionNode): boolean {
  const { parent } = owner;
  if (ts.isFunctionDeclaration(owner) || ts.isMethodDeclaration(owner)) return true;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent))
    return true;
  if (ts.isExportAssignment(parent)) return true;
  const pair = assignment(parent);
  return pair !== undefined && exportsPath(pair.left) !== undefined;
}

/** What a function is called in a finding. */
export function nameOf(owner: FunctionNode): string {
  const { parent } = owner;
  if (owner.name !== undefined) return owner.name.getText();
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent))
    return parent.name.getText();
  const pair = assignment(parent);
  if (pair === undefined) return ts.isExportAssignment(parent) ? 'the exported function' : 'this function';
  const name = pair.left.getText().replace(/^.*\./, '');
  return name === 'exports' ? 'the exported function' : name;
}

/** The callers of a function, and of the methods that are called in its place or it in theirs. */
export function callersOf({ analysis }: Drafts, owner: FunctionNode): Callers {
  const all = [owner, ...relatedMethods(analysis, owner)].flatMap((one) => analysis.calls.get(one) ?? []);
  return { calls: all.flatMap(({ calls }) => calls), escapes: all.flatMap(({ escapes }) => escapes) };
}

/**
 * True where a framework may be the caller: nothing calls the function or takes it, and nothing calls any other
 * function of its file either, or it is no function that a file or a class offers by its name.
 */
export function isUncalled(drafts: Drafts, owner: FunctionNode): boolean {
  const isCalled = (node: FunctionNode): boolean => {
    const { calls, escapes } = callersOf(drafts, node);
    return calls.length > 0 || escapes.length > 0;
  };
  if (isCalled(owner)) return false;
  const file = owner.getSourceFile();
  const isOffered = ts.isFunctionDeclaration(owner) || ts.isClassLike(owner.parent) || depthOf(owner) < 2;
  const others = [...drafts.analysis.calls.keys()].filter((node) => node.getSourceFile() === file);
  return !isOffered || !others.some(isCalled);
}

/** How many object literals a function is written into. */
function depthOf(owner: FunctionNode): number {
  let depth = 0;
  for (let at: ts.Node = owner; at !== undefined; at = at.parent)
    if (ts.isObjectLiteralExpression(at)) depth += 1;
  return depth;
}

/** Methods of the same name in classes that extend the method's, that it extends, or that share an interface. */
export function relatedMethods(analysis: Analysis, owner: FunctionNode): FunctionNode[] {
  const holder = ts.isPropertyDeclaration(owner.parent) ? owner.parent.parent : owner.parent;
  const name = nameOf(owner);
  const shared = declaringTypes(analysis, owner).flatMap((type) => implementersOf(analysis.project, type));
  const inFamily = ts.isMethodDeclaration(owner) && ts.isClassLike(holder) ? familyOf(analysis, holder) : [];
  const found = [...inFamily, ...shared]
    .filter((one) => one !== holder)
    .flatMap((one) => membersOf(one).filter((member) => member.name?.getText() === name))
    .filter((member) => isStatic(member) === isStatic(owner))
    .flatMap((member) => functionOf(member) ?? []);
  return [...new Set(found)];
}

function membersOf(
  node: ts.ClassLikeDeclaration | ts.ObjectLiteralExpression,
): readonly (ts.ClassElement | ts.ObjectLiteralElementLike)[] {
  return ts.isObjectLiteralExpression(node) ? node.properties : node.members;
}

function functionOf(member: ts.ClassElement | ts.ObjectLiteralElementLike): FunctionNode | undefined {
  if (ts.isMethodDeclaration(member)) return member;
  const value =
    ts.isPropertyAssignment(member) || ts.isPropertyDeclaration(member) ? member.initializer : undefined;
  return value !== undefined && isFunctionNode(value) ? value : undefined;
}

/** The classes that a class extends, and those that extend it. */
function familyOf(analysis: Analysis, node: ts.ClassLikeDeclaration): readonly ts.ClassLikeDeclaration[] {
  const known = families.get(analysis) ?? readFamilies(analysis);
  families.set(analysis, known);
  return known.get(node) ?? [];
}

type Families = ReadonlyMap<ts.ClassLikeDeclaration, readonly ts.ClassLikeDeclaration[]>;

/** Read once, since it takes every class of the application. */
const families = new WeakMap<Analysis, Families>();

function readFamilies({ evaluator, uses }: Analysis): Families {
  const found = new Map<ts.ClassLikeDeclaration, ts.ClassLikeDeclaration[]>();
  const relate = (one: ts.ClassLikeDeclaration, other: ts.ClassLikeDeclaration): void => {
    const known = found.get(one);
    if (known === undefined) found.set(one, [other]);
    else known.push(other);
  };
  const derived = [...uses.keys()]
    .filter((file) => file.text.includes('extends'))
    .flatMap((file) => descendants(file, ts.isClassLike));
  for (const one of derived) {
    for (const base of basesOf(evaluator, one)) {
      relate(one, base);
      relate(base, one);
    }
  }
  return found;
}

/** The application's own classes that a class extends, nearest first. */
export function basesOf(evaluator: Evaluator, node: ts.ClassLikeDeclaration): ts.ClassLikeDeclaration[] {
  const found: ts.ClassLikeDeclaration[] = [];
  const next = (one: ts.ClassLikeDeclaration) => baseOf((at) => evaluator.valueOf(at), one);
  for (let at = next(node); at !== undefined; at = next(at)) found.push(at);
  return found;
}

/**
 * Calls of a function's name on something unknown that is named like its class or its file, as an injected service is.
 * The call graph knows every way by which a function leaves, so this is for holders that no source puts together.
 */
export function possibleCalls({ analysis }: Drafts, owner: FunctionNode): ts.CallExpression[] {
  const holders = holderNames(analysis, owner);
  return analysis.evaluator.callsNamed(nameOf(owner)).filter(({ expression }) => {
    const isOurs = isRuntime(analysis.project.app, expression.getSourceFile().fileName);
    if (isOurs || !ts.isPropertyAccessExpression(expression)) return false;
    const receiver = expression.expression;
    if (analysis.evaluator.valueOf(receiver) !== undefined) return false;
    return holders.has(plain(memberName(receiver) ?? receiver.getText()));
  });
}

/** What an injected holder of the function may be called: its class, or its file; never what a model is called. */
function holderNames({ registry }: Analysis, owner: FunctionNode): ReadonlySet<string> {
  const path = owner.getSourceFile().fileName;
  const folder = plain(posix.basename(posix.dirname(path)))
    .replace(/ies$/, 'y')
    .replace(/s$/, '');
  const file = plain(posix.basename(path).replace(/\.[cm]?[jt]s$/, ''));
  const own = file === 'index' ? folder : file;
  const inClass = ts.isClassLike(owner.parent) ? plain(owner.parent.name?.text ?? '') : '';
  const names = [inClass, own, own + folder, own.replace(/s$/, '') + folder].filter((one) => one.length > 2);
  const models = new Set(registry.models.map((model) => plain(model.name)));
  return new Set(names.filter((one) => !models.has(one)));
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z]/g, '');
}

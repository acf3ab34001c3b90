import { ts } from 'ts-morph';
import { isRuntime } from '../source/modules.js';
import { descendants, enclosingFunctions, memberName, property } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { symbolOf } from '../source/symbols.js';
import type { FunctionNode } from '../types.js';
import { constantText, originOf } from '../values/constants.js';
import { isNewConnection } from '../values/late-connections.js';
import { Helpers, parameterBehind } from './helpers.js';

/** A place that makes a model: a `define` call, a class, or the call of a helper that does so. */
export interface Definition {
  readonly node: ts.Node;
  readonly name: string;
  /** Options given to `define` or `init`. */
  readonly options: ts.Expression | undefined;
}

export interface Definitions {
  readonly found: readonly Definition[];
  /** Places that make a model of which the source does not tell the name. */
  readonly unnamed: readonly ts.Node[];
  /** Functions that make a model under a name that they are given. */
  readonly helpers: ReadonlySet<FunctionNode>;
}

/** `x.define('Name', {…})`, `X.init({…}, {…})`, `static init(s) { super.init }`, `@Table class`, by whatever helper. */
export function readDefinitions(project: AppProject): Definitions {
  const found: Definition[] = [];
  const unnamed: ts.Node[] = [];
  const helpers = new Helpers(project);
  const add = (node: ts.Node, name: ts.Expression, options: ts.Expression | undefined): void => {
    for (const made of helpers.made({ node, name, options })) {
      const text = made.name && constantText(project, made.name);
      if (text === undefined) unnamed.push(made.node);
      else found.push({ node: made.node, name: text, options: made.options });
    }
  };
  for (const file of project.files) {
    if (isRuntime(project.app, file.fileName) || !/define|init|@(\w+\.)?Table\b/.test(file.text)) continue;
    for (const call of descendants(file, ts.isCallExpression)) {
      const [first, second, third] = call.arguments;
      if (first === undefined || second === undefined) continue;
      if (isDefine(project, call)) add(call, first, third);
      const owner = initialised(project, call);
      if (owner === undefined) continue;
      const name = givenName(project, second);
      if (name === undefined) found.push({ node: owner, name: owner.name?.text ?? '', options: second });
      else add(parameterBehind(project, name) === undefined ? owner : call, name, second);
    }
    found.push(...decorated(file));
  }
  const known = new Set([...found, ...unnamed.map((node) => ({ node }))].map(({ node }) => node));
  unnamed.push(...uninitialised(project, known, helpers.seen));
  const order = new Map(project.files.map((file, at) => [file, at]));
  const placeOf = ({ node }: Definition): number => order.get(node.getSourceFile()) ?? 0;
  return {
    found: found.sort((one, other) => placeOf(one) - placeOf(other)),
    unnamed,
    helpers: helpers.seen,
  };
}

/** True for `sequelize.define(…)`; a queue's `agenda.define('job', work)` has a function and makes no model. */
function isDefine(project: AppProject, call: ts.CallExpression): boolean {
  if (memberName(call.expression) !== 'define' || !ts.isPropertyAccessExpression(call.expression))
    return false;
  const receiver = originOf(project, call.expression.expression);
  const isOther = ts.isNewExpression(receiver) && !isNewConnection(receiver);
  const isWork = (one: ts.Expression): boolean => ts.isFunctionLike(originOf(project, one));
  return !isOther && receiver.getText() !== 'customElements' && !call.arguments.some(isWork);
}

/** The class that a call of `init` makes a model, in whatever file it stands. */
function initialised(
  project: AppProject,
  { expression }: ts.CallExpression,
): ts.ClassLikeDeclaration | undefined {
  if (memberName(expression) !== 'init' || !ts.isPropertyAccessExpression(expression)) return undefined;
  const receiver = expression.expression;
  if (receiver.kind === ts.SyntaxKind.SuperKeyword || receiver.kind === ts.SyntaxKind.ThisKeyword) {
    for (let at: ts.Node = receiver; at !== undefined; at = at.parent)
      if (ts.isClassLike(at) && at.heritageClauses !== undefined) return at;
    return undefined;
  }
  const owner = originOf(project, receiver);
  return ts.isClassLike(owner) && owner.heritageClauses !== undefined ? owner : undefined;
}

/** What the options of `init` call the model; undefined where its class does. */
function givenName(project: AppProject, options: ts.Expression): ts.Expression | undefined {
  const object = originOf(project, options);
  return ts.isObjectLiteralExpression(object) ? property(object, 'modelName') : undefined;
}

/** Classes of Sequelize's that no `init` was seen of, those aside that others extend or that a helper makes. */
function uninitialised(
  project: AppProject,
  known: ReadonlySet<ts.Node>,
  helpers: ReadonlySet<FunctionNode>,
): ts.Node[] {
  const classes = project.files
    .filter(({ fileName, text }) => text.includes('extends') && !isRuntime(project.app, fileName))
    .flatMap((file) => descendants(file, ts.isClassLike));
  const bases = new Set(classes.flatMap((one) => baseOf(one) ?? []).map((base) => originOf(project, base)));
  return classes.filter(
    (one) =>
      isOfSequelize(project, one) &&
      !known.has(one) &&
      !bases.has(one) &&
      !enclosingFunctions(one).some((around) => helpers.has(around)),
  );
}

function baseOf({ heritageClauses }: ts.ClassLikeDeclaration): ts.Expression | undefined {
  return heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0]?.expression;
}

/** True for a class that extends Sequelize's own Model, through whatever classes, unless these lead back to it. */
function isOfSequelize(
  project: AppProject,
  node: ts.ClassLikeDeclaration,
  seen: ReadonlySet<ts.Node> = new Set(),
): boolean {
  const base = baseOf(node);
  if (base === undefined || seen.has(node)) return false;
  const origin = originOf(project, base);
  if (ts.isClassLike(origin)) return isOfSequelize(project, origin, new Set([...seen, node]));
  const name = ts.isPropertyAccessExpression(base) ? base.expression : base;
  const [declaration] = (ts.isIdentifier(name) ? symbolOf(name)?.declarations : undefined) ?? [];
  let at: ts.Node | undefined = declaration;
  while (at !== undefined && !ts.isImportDeclaration(at) && !ts.isVariableDeclaration(at)) at = at.parent;
  return /(^|\.)Model$/.test(base.getText()) && at !== undefined && /['"]sequelize['"]/.test(at.getText());
}

function decorated(file: ts.SourceFile): Definition[] {
  return descendants(file, ts.isClassDeclaration).flatMap((node) => {
    const decorator = ts.getDecorators(node)?.find((one) => /^@(\w+\.)?Table\b/.test(one.getText(file)));
    if (decorator === undefined || node.name === undefined) return [];
    const options = ts.isCallExpression(decorator.expression) ? decorator.expression.arguments[0] : undefined;
    const written = options !== undefined && ts.isObjectLiteralExpression(options) ? options : undefined;
    const given = written && property(written, 'modelName');
    const name = given !== undefined && ts.isStringLiteralLike(given) ? given.text : node.name.text;
    return [{ node, name, options }];
  });
}

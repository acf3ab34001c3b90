import { ts } from 'ts-morph';
import { assignment, descendants, memberName } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { symbolOf } from '../source/symbols.js';
import type { Value } from '../types.js';
import { returnedExpression } from './returned.js';

type Look = (expression: ts.Expression) => Value | undefined;

/** What Express hands from place to place, by the name it goes under; undefined where that is not one thing. */
export type Settings = ReadonlyMap<string, Value | undefined>;

/** Reads what the application puts into `app.set('models', …)`, `app.locals.db` and `req.db`. */
export function readSettings(project: AppProject, look: Look): Settings {
  const found = new Map<string, Value | undefined>();
  const put = (name: string, given: ts.Expression): void => {
    const value = look(given) ?? madeBy(look, given);
    const isFirst = !found.has(name);
    const known = found.get(name);
    const isSame = known !== undefined && value !== undefined && isOne(known, value);
    found.set(name, isFirst || isSame ? value : undefined);
  };
  for (const file of project.files) {
    if (!/\bapp\b|\breq(?:uest)?\b/.test(file.text)) continue;
    for (const call of descendants(file, ts.isCallExpression)) {
      const [name, given] = call.arguments;
      if (given !== undefined && name !== undefined && isOfApp(call, 'set') && ts.isStringLiteralLike(name))
        put(`set ${name.text}`, given);
    }
    for (const binary of descendants(file, ts.isBinaryExpression)) {
      const pair = assignment(binary);
      const name = pair && settingName(pair.left);
      if (pair !== undefined && name !== undefined) put(name, pair.right);
    }
  }
  // The clinic's own connection is put on the request by a name of the same kind, and is no other's.
  found.delete(project.app.clinicDb.replace('.', ' '));
  return new Map([...found].filter(([, value]) => /^(connection|module|object)$/.test(value?.kind ?? '')));
}

/** The name of what `req.app.get('sequelize')`, `app.locals.db` and `req.models` give; undefined for anything else. */
export function settingName(node: ts.Node): string | undefined {
  if (ts.isCallExpression(node)) {
    const [name, ...more] = node.arguments;
    const isRead = name !== undefined && ts.isStringLiteralLike(name) && more.length === 0;
    return isRead && isOfApp(node, 'get') ? `set ${name.text}` : undefined;
  }
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const { expression, name } = node;
  if (ts.isIdentifier(expression))
    return /^(req|request)$/.test(expression.text) ? `req ${name.text}` : undefined;
  const isLocal =
    ts.isPropertyAccessExpression(expression) &&
    expression.name.text === 'locals' &&
    isApp(expression.expression);
  return isLocal ? `locals ${name.text}` : undefined;
}

/** True for what is put under such a name: whoever asks for it is followed from there. */
export function isSetting(node: ts.Node): boolean {
  const { parent } = node;
  const pair = assignment(parent);
  if (pair !== undefined) return pair.right === node && settingName(pair.left) !== undefined;
  return ts.isCallExpression(parent) && isOfApp(parent, 'set');
}

/** True for a call of a method of `app`, be it the request's or the server's own. */
function isOfApp({ expression }: ts.CallExpression, method: string): boolean {
  return (
    ts.isPropertyAccessExpression(expression) &&
    expression.name.text === method &&
    isApp(expression.expression)
  );
}

function isApp(node: ts.Expression): boolean {
  return ts.isIdentifier(node) ? node.text === 'app' : memberName(node) === 'app';
}

function isOne(one: Value, other: Value): boolean {
  if (one.kind === 'module') return other.kind === 'module' && one.file === other.file;
  if (one.kind === 'object') return other.kind === 'object' && one.node === other.node;
  return one.kind === other.kind && one.kind === 'connection';
}

/** The connection that a function of the application makes and gives back. */
function madeBy(look: Look, given: ts.Expression): Value | undefined {
  const call = ts.isIdentifier(given) ? constantOf(given) : given;
  const callee = call !== undefined && ts.isCallExpression(call) ? look(call.expression) : undefined;
  const result = callee?.kind === 'function' ? returnedExpression(callee.node) : undefined;
  const value = result && look(result);
  return value?.kind === 'connection' ? value : undefined;
}

/** What the one declaration of a name is made with. */
function constantOf(name: ts.Identifier): ts.Expression | undefined {
  const [only, ...more] = symbolOf(name)?.declarations ?? [];
  return only !== undefined && more.length === 0 && ts.isVariableDeclaration(only)
    ? only.initializer
    : undefined;
}

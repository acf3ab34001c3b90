import { ts } from 'ts-morph';
import { isChanged } from '../source/changed.js';
import { unwrap } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import { shown } from '../source/shown.js';
import { symbolOf } from '../source/symbols.js';
import { Carrier, type Destination } from './carry.js';
import { connectionCalls, type JsonTexts, objectsOf } from './connection-config.js';

/** What leads to the one database, or is for another tool than Sequelize: no connection of a clinic has it. */
export const ELSEWHERE = [
  'dialect',
  'host',
  'port',
  'username',
  'password',
  'database',
  'protocol',
  'url',
  'use_env_variable',
  // sequelize-cli's own
  'seederStorage',
  'migrationStorage',
  'seederStorageTableName',
  'migrationStorageTableName',
  // sequelize-typescript's ways to models, which ModelFactory knows
  'models',
  'modelPaths',
  'modelMatch',
  'repositoryMode',
] as const;
const isElsewhere = (name: string): boolean => (ELSEWHERE as readonly string[]).includes(name);

/** Options of `new Sequelize(…)` as source text. */
export interface ConnectionOptions {
  /** An expression: an object. */
  readonly text: string;
  /** Statements that the expression needs before it. */
  readonly statements: readonly string[];
  /** True where the expression also has what leads to the application's own database. */
  readonly isWhole: boolean;
  /** What could not be taken over, as it may be shown. */
  readonly left: readonly string[];
}

const NONE: ConnectionOptions = { text: '{ logging: false }', statements: [], isWhole: false, left: [] };

/**
 * Reads the options that the application's one connection is made with, as text for another file: what is chosen while
 * the application runs is chosen there by the same expression. Connections to `others`, other databases, are passed over.
 * Without `logging`, Sequelize would print.
 */
export function readConnectionOptions(
  project: AppProject,
  to: Destination,
  json: JsonTexts = new Map(),
  others: { has(node: ts.Node): boolean } = new Set<ts.Node>(),
): ConnectionOptions {
  const calls = connectionCalls(project).filter((call) => !others.has(call));
  const given = calls.flatMap(({ arguments: all = [] }) => {
    const last = all.at(-1);
    return last === undefined || (all.length % 2 === 1 && isAddress(last)) ? [] : [last];
  });
  const [options] = given.filter((one) => objectsOf(project, json, one) !== undefined).concat(given);
  if (options === undefined) return NONE;
  const fixed = fixedMembers(project, json, options);
  if (fixed !== undefined) return { ...NONE, text: objectText([...fixed].map(memberText)) };
  const carrier = new Carrier(project, to);
  const literal = writtenHere(options);
  if (literal !== undefined) return carryMembers(carrier, literal, (one) => fixedMembers(project, json, one));
  const text = carrier.carry(options);
  if (text === undefined) return { ...NONE, left: [shown(options)] };
  return { text, statements: carrier.statements, isWhole: true, left: [] };
}

/** True for what is an address and no object, as far as the source tells. */
function isAddress(node: ts.Expression): boolean {
  const at = unwrap(node);
  if (ts.isStringLiteralLike(at) || ts.isTemplateExpression(at)) return true;
  if (/^process\.env\b/.test(at.getText()) || /(ur[il]|dsn|connection_?string)\W*$/i.test(at.getText()))
    return true;
  const value = constantBehind(at);
  return value !== undefined && isAddress(value);
}

function constantBehind(node: ts.Expression): ts.Expression | undefined {
  const [declaration] = (ts.isIdentifier(node) ? symbolOf(node)?.declarations : undefined) ?? [];
  return declaration !== undefined && ts.isVariableDeclaration(declaration)
    ? declaration.initializer
    : undefined;
}

/** Names and texts of options that are the same literals in every environment; undefined where any is not. */
function fixedMembers(
  project: AppProject,
  json: JsonTexts,
  node: ts.Expression,
  around: readonly ts.Node[] = [],
): ReadonlyMap<string, string> | undefined {
  if (around.includes(node)) return undefined;
  const all = objectsOf(project, json, node)?.map((one) => {
    const members = new Map<string, string>();
    for (const member of one.properties) {
      const more = ts.isSpreadAssignment(member)
        ? fixedMembers(project, json, member.expression, [...around, node])
        : fixedMember(member);
      if (more === undefined) return undefined;
      for (const [name, text] of more) {
        members.delete(name);
        members.set(name, text);
      }
    }
    return members;
  });
  const [first, ...others] = all ?? [];
  const isSame = others.every(
    (one) => JSON.stringify([...(one ?? [])]) === JSON.stringify([...(first ?? [])]),
  );
  return first !== undefined && isSame ? first : undefined;
}

function fixedMember(member: ts.ObjectLiteralElementLike): ReadonlyMap<string, string> | undefined {
  const name = nameOf(member);
  if (name === undefined) return undefined;
  if (isElsewhere(name)) return new Map();
  if (!ts.isPropertyAssignment(member) || !isLiteral(member.initializer)) return undefined;
  const text = name === 'pool' ? poolText(member.initializer) : literalText(member.initializer);
  return text === undefined ? new Map() : new Map([[name, text]]);
}

/** Each member of an object by itself, so that one that cannot be carried leaves the others. */
function carryMembers(
  carrier: Carrier,
  literal: ts.ObjectLiteralExpression,
  fixed: (node: ts.Expression) => ReadonlyMap<string, string> | undefined,
): ConnectionOptions {
  const texts: string[] = [];
  const left: string[] = [];
  let isWhole = false;
  for (const member of literal.properties) {
    const name = nameOf(member);
    if (name !== undefined && isElsewhere(name)) continue;
    const known = ts.isSpreadAssignment(member) ? fixed(member.expression) : fixedMember(member);
    if (known !== undefined) {
      texts.push(...[...known].map(memberText));
      continue;
    }
    const value = givenValue(member);
    const text = value && carrier.carry(value);
    if (text === undefined) left.push(name ?? shown(member));
    else if (name === undefined) {
      texts.push(`...${text}`);
      isWhole = true;
    } else texts.push(memberText([name, text]));
  }
  return { text: objectText(texts), statements: carrier.statements, isWhole, left };
}

/** The value of `a: value`, `a` and `...value`. */
function givenValue(member: ts.ObjectLiteralElementLike): ts.Expression | undefined {
  if (ts.isPropertyAssignment(member)) return member.initializer;
  if (ts.isShorthandPropertyAssignment(member)) return member.name;
  return ts.isSpreadAssignment(member) ? member.expression : undefined;
}

function nameOf({ name }: ts.ObjectLiteralElementLike): string | undefined {
  return name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name)) ? name.text : undefined;
}

/** The object literal that is written in the call, or in a constant beside it that nothing changes. */
function writtenHere(node: ts.Expression): ts.ObjectLiteralExpression | undefined {
  const at = unwrap(node);
  if (ts.isObjectLiteralExpression(at)) return at;
  const [declaration] = (ts.isIdentifier(at) ? symbolOf(at)?.declarations : undefined) ?? [];
  const name = declaration && ts.isVariableDeclaration(declaration) ? declaration.name : undefined;
  const value = constantBehind(at);
  return name !== undefined &&
    ts.isIdentifier(name) &&
    !isChanged(name) &&
    value &&
    ts.isObjectLiteralExpression(unwrap(value))
    ? (unwrap(value) as ts.ObjectLiteralExpression)
    : undefined;
}

function memberText([name, text]: readonly [string, string]): string {
  return `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)}: ${text}`;
}

const WIDTH = 100;

/** On one line where that is short and has no line end, which a comment may need; else a member a line. */
function objectText(members: readonly string[]): string {
  if (members.length === 0) return '{}';
  const line = `{ ${members.join(', ')} }`;
  return line.length <= WIDTH && !line.includes('\n')
    ? line
    : `{\n${members.map((one) => `  ${one},\n`).join('')}}`;
}

/** A literal as it is written, its lines moved to where they come to stand; one without comments on one line if that is short. */
function literalText(node: ts.Expression): string {
  const text = node.getText();
  if (!text.includes('\n') || hasLongText(node)) return text;
  const joined = text.replace(/\s*\n\s*/g, ' ').replace(/, ([}\]])/g, ' $1');
  if (!/\/[/*]/.test(text) && joined.length <= WIDTH) return joined;
  const lines = text.split('\n');
  const indent = /^\s*/.exec(lines.at(-1) ?? '')?.[0] ?? '';
  return lines
    .map((line, at) => (at > 0 && line.startsWith(indent) ? `  ${line.slice(indent.length)}` : line))
    .join('\n');
}

/** True where a text of several lines is inside, whose blanks count. */
function hasLongText(node: ts.Node): boolean {
  return (
    (ts.isNoSubstitutionTemplateLiteral(node) && node.getText().includes('\n')) ||
    node.forEachChild((child) => hasLongText(child) || undefined) === true
  );
}

/** What a pool is besides its size, which connectionManager decides. */
function poolText(node: ts.Expression): string | undefined {
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  const members = node.properties.filter((one) => !/^(min|max)$/.test(nameOf(one) ?? ''));
  return members.length === 0 ? undefined : `{ ${members.map((one) => one.getText()).join(', ')} }`;
}

function isLiteral(node: ts.Expression): boolean {
  if (ts.isObjectLiteralExpression(node))
    return node.properties.every(
      (one) =>
        ts.isPropertyAssignment(one) && !ts.isComputedPropertyName(one.name) && isLiteral(one.initializer),
    );
  if (ts.isArrayLiteralExpression(node)) return node.elements.every(isLiteral);
  if (ts.isPrefixUnaryExpression(node)) return isLiteral(node.operand);
  return (
    ts.isStringLiteralLike(node) ||
    ts.isNumericLiteral(node) ||
    [ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword, ts.SyntaxKind.NullKeyword].includes(node.kind)
  );
}

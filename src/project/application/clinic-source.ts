import { ts } from 'ts-morph';
import type { Analysis } from '../analysis.js';
import { descendants, isAssignment, memberName, unwrap } from '../source/nodes.js';
import { type Shape, ShapeReader, type Shapes } from './shapes.js';

/** Whether something gives the requests what a path such as `req.user.companyId` reads. */
export interface ClinicSource {
  readonly is: 'set' | 'not set' | 'unknown';
  /** Where it is set, where it should be, or where the trail is lost; undefined where nothing sets even its owner. */
  readonly node: ts.Node | undefined;
  /** The names that the owner has instead, as far as they are known. */
  readonly others: readonly string[];
}

/** What may be called a request. */
const REQUEST = /^(req|request|_req)$/;

/** Follows what the application puts on its requests: literals, rows of models, payloads of tokens. */
export function clinicSource(analysis: Analysis, path: string): ClinicSource {
  const names = path.split('.').slice(1);
  const reader = new ShapeReader(analysis);
  const given = givenToRequests(analysis, names);
  const direct = given.find(({ depth }) => depth === names.length);
  if (direct !== undefined) return { is: 'set', node: direct.node, others: [] };
  const judged = given.map(({ depth, value, node }) => ({
    node,
    ...judge(reader, reader.of(value), names.slice(depth)),
  }));
  const found =
    judged.find(({ is }) => is === 'set') ??
    judged.find(({ is }) => is === 'unknown') ??
    judged.find(({ is }) => is === 'not set');
  return found ?? { is: 'unknown', node: undefined, others: [] };
}

/** The members that requests are seen to be given below a path: those of req.user. */
export function membersGiven(analysis: Analysis, path: string): string[] {
  const names = path.split('.').slice(1);
  const reader = new ShapeReader(analysis);
  return givenToRequests(analysis, [...names, '']).flatMap(({ depth, value }) =>
    depth === names.length ? reader.of(value).known.flatMap((shape) => [...shape.keys()]) : [],
  );
}

function judge(
  reader: ShapeReader,
  { known, lost }: Shapes,
  [name = '', ...more]: readonly string[],
): Pick<ClinicSource, 'is' | 'others'> {
  const others = [...new Set(known.flatMap((shape) => [...shape.keys()]))];
  const having = known.filter((shape) => shape.has(name));
  const verdicts = having.map((shape) => judgeValue(reader, shape, name, more));
  if (verdicts.includes('set')) return { is: 'set', others };
  if (verdicts.includes('unknown') || lost.length > 0) return { is: 'unknown', others };
  return { is: known.length === 0 ? 'unknown' : 'not set', others };
}

/** A member that is given the member of an object that has none of that name is not set. */
function judgeValue(
  reader: ShapeReader,
  shape: Shape,
  name: string,
  more: readonly string[],
): ClinicSource['is'] {
  const value = shape.get(name);
  if (more.length > 0) return value === undefined ? 'unknown' : judge(reader, reader.of(value), more).is;
  const read = value && unwrap(value);
  if (read === undefined || !ts.isPropertyAccessExpression(read)) return 'set';
  const { known, lost } = reader.of(read.expression);
  const isMissing = known.length > 0 && lost.length === 0 && known.every((one) => !one.has(read.name.text));
  return isMissing ? 'not set' : 'set';
}

interface Given {
  readonly node: ts.Node;
  readonly value: ts.Expression;
  /** How many names of the path its left side has. */
  readonly depth: number;
}

/** `req.user = …`, `req.user.companyId = …`, `Object.assign(req, { user })`, and what passport is told: `done(null, user)`. */
function givenToRequests({ uses }: Analysis, names: readonly string[]): Given[] {
  return [...uses.keys()].flatMap((file) => [
    ...descendants(file, isAssignment).flatMap(({ left, right }) => {
      const depth = depthOf(left, names);
      return depth > 0 ? [{ node: left, value: right, depth }] : [];
    }),
    ...descendants(file, ts.isCallExpression).flatMap((call) => [
      ...assigned(call, names),
      ...(names[0] === 'user' ? passed(call) : []),
    ]),
  ]);
}

/** How many names of a path an expression reads of a request; 0 where it is none. */
function depthOf(expression: ts.Expression, names: readonly string[]): number {
  const read: string[] = [];
  let at = unwrap(expression);
  for (let name = memberName(at); name !== undefined; name = memberName(at)) {
    read.unshift(name);
    at = unwrap((at as ts.PropertyAccessExpression).expression);
    if (ts.isIdentifier(at) && REQUEST.test(at.text)) break;
    // `this.req`, `ctx.req`
    if (REQUEST.test(memberName(at) ?? '')) break;
  }
  const isRequest = (ts.isIdentifier(at) && REQUEST.test(at.text)) || REQUEST.test(memberName(at) ?? '');
  return isRequest && read.every((name, i) => names[i] === name) ? read.length : 0;
}

function assigned(call: ts.CallExpression, names: readonly string[]): Given[] {
  const [target, ...rest] = call.arguments;
  if (target === undefined || call.expression.getText() !== 'Object.assign') return [];
  const isRequest = ts.isIdentifier(target) && REQUEST.test(target.text);
  const depth = isRequest ? 0 : depthOf(target, names);
  return isRequest || depth > 0 ? rest.map((value) => ({ node: call, value, depth })) : [];
}

/** `done(null, user)` in a strategy, and in `deserializeUser`. */
function passed(call: ts.CallExpression): Given[] {
  const [error, value] = call.arguments;
  const isDone =
    ts.isIdentifier(call.expression) && /^(done|cb|callback|verified)$/.test(call.expression.text);
  if (!isDone || value === undefined || error?.kind !== ts.SyntaxKind.NullKeyword) return [];
  if (!/passport|Strategy/.test(call.getSourceFile().text) || isInSerializer(call)) return [];
  return [{ node: call, value, depth: 1 }];
}

function isInSerializer(node: ts.Node): boolean {
  for (let at = node; at !== undefined; at = at.parent)
    if (ts.isCallExpression(at) && memberName(at.expression) === 'serializeUser') return true;
  return false;
}

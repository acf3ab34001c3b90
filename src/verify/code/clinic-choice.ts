import { ts } from 'ts-morph';
import { hasWord } from '../../core/words.js';
import type { Analysis } from '../../project/analysis.js';
import { requestOf } from '../../project/calls/handlers.js';
import {
  descendants,
  enclosingFunctions,
  isFunctionNode,
  memberName,
  unwrap,
} from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import { runtimeName } from '../../project/values/runtime-names.js';
import type { ConnectionSources } from './connection-source.js';
import { type Problem, problem } from './words.js';

const CLIENT =
  /^(params|query|body|headers|cookies|signedCookies|hostname|subdomains|ip|url|originalUrl|path)$/;
const CONVERTING = /^(Number|String|parseInt|BigInt|get|header|param|trim|toLowerCase|toString)$/;

/** Every place that decides which clinic a request belongs to, besides clinicRoutingMiddleware. */
export function choiceProblems(analysis: Analysis, sources: ConnectionSources): Problem[] {
  const chosen = [...analysis.uses.keys()].flatMap((file) =>
    descendants(file, ts.isCallExpression).flatMap((call) => [
      ...connected(analysis, sources, call),
      ...putByObject(analysis, sources, call),
    ]),
  );
  const assigned = sources.assignments.all.flatMap(({ node, left, right }) => [
    ...replaced(analysis, sources, node, left, right),
    ...identity(analysis, sources, node, left, right),
  ]);
  return [...chosen, ...assigned];
}

/** `getClinicConnection(…)` by anything but the verified token, through any number of calls. */
function connected(analysis: Analysis, sources: ConnectionSources, call: ts.CallExpression): Problem[] {
  const { expression } = call;
  const called = ts.isIdentifier(expression) ? expression.text : memberName(expression);
  // By its name as well: whoever calls something of their own so means the same.
  const name = runtimeName(analysis.evaluator, expression)?.name ?? called;
  if (name !== 'getClinicConnection') return [];
  const [key] = call.arguments;
  return choosers(analysis, sources, key ?? call, new Set()).map(({ node, isClient }) =>
    problem(
      'ISOLATION_CLINIC_SOURCE',
      node,
      isClient
        ? `the clinic is chosen by ${shown(node)}, and the client may choose that`
        : `the clinic is chosen by ${shown(node)}, not by the request's token`,
    ),
  );
}

interface Chooser {
  readonly node: ts.Node;
  readonly isClient: boolean;
}

/** What else than the verified token decides on a clinic's key. */
function choosers(
  analysis: Analysis,
  sources: ConnectionSources,
  from: ts.Node,
  seen: Set<ts.Node>,
): Chooser[] {
  const node = ts.isExpression(from) ? unwrap(from) : from;
  if (seen.has(node)) return [];
  seen.add(node);
  if (isToken(analysis, sources, node)) return [];
  const declaration = ts.isIdentifier(node) ? analysis.evaluator.declarationOf(node) : undefined;
  if (
    declaration !== undefined &&
    ts.isVariableDeclaration(declaration) &&
    declaration.initializer !== undefined
  )
    if (sources.assignments.to(declaration.name).length === 0)
      return choosers(analysis, sources, declaration.initializer, seen);
  if (declaration !== undefined && ts.isParameter(declaration) && isFunctionNode(declaration.parent)) {
    const index = declaration.parent.parameters.indexOf(declaration);
    const callers = analysis.calls.get(declaration.parent)?.calls ?? [];
    if (callers.length > 0)
      return callers.flatMap((one) => choosers(analysis, sources, one.arguments[index] ?? one, seen));
  }
  return [{ node, isClient: isFromClient(sources, node) }];
}

function isToken({ project }: Analysis, sources: ConnectionSources, node: ts.Node): boolean {
  const names = project.app.clinicId.split('.').slice(1).reverse();
  let at = node;
  for (const name of names) {
    if (!ts.isPropertyAccessExpression(at) || at.name.text !== name) return false;
    at = unwrap(at.expression);
  }
  return ts.isIdentifier(at) && sources.requests.is(at);
}

/** True where a part of the expression is read from what the client sends, however it is converted. */
function isFromClient(sources: ConnectionSources, node: ts.Node): boolean {
  if (
    ts.isPropertyAccessExpression(node) &&
    CLIENT.test(node.name.text) &&
    sources.requests.is(node.expression)
  )
    return true;
  if (ts.isCallExpression(node)) {
    const callee = ts.isIdentifier(node.expression) ? node.expression.text : memberName(node.expression);
    if (!CONVERTING.test(callee ?? '')) return false;
    const receiver = ts.isPropertyAccessExpression(node.expression) ? node.expression.expression : undefined;
    if (receiver !== undefined && sources.requests.is(receiver)) return true;
  }
  return node.forEachChild((child) => isFromClient(sources, child) || undefined) === true;
}

/** `req.clinicDb = …` outside clinicRoutingMiddleware. */
function replaced(
  { project }: Analysis,
  sources: ConnectionSources,
  node: ts.Node,
  left: ts.Expression,
  right: ts.Expression,
): Problem[] {
  const name = project.app.clinicDb.split('.').at(-1);
  if (memberName(left) !== name || name === undefined) return [];
  const holder = (left as ts.PropertyAccessExpression).expression;
  const isOwn = holder.kind === ts.SyntaxKind.ThisKeyword;
  const isRequest = sources.requests.isClinicDb(left);
  if (!isRequest && (isOwn || sources.of(right).every(({ home }) => home === 'clinic'))) return [];
  return [problem('ISOLATION_CLINIC_SOURCE', node, `${shown(left)} is set outside clinicRoutingMiddleware`)];
}

/** `Object.assign(req, { clinicDb })`, `Object.defineProperty(req, 'clinicDb', …)`. */
function putByObject({ project }: Analysis, sources: ConnectionSources, call: ts.CallExpression): Problem[] {
  if (!/^(Object|Reflect)\.(assign|define\w+|set)$/.test(call.expression.getText())) return [];
  const [target, ...rest] = call.arguments;
  const name = project.app.clinicDb.split('.').at(-1) ?? '';
  const isNamed = rest.some((one) => hasWord(one.getText(), name));
  if (target === undefined || !isNamed || !sources.requests.is(target)) return [];
  return [
    problem(
      'ISOLATION_CLINIC_SOURCE',
      call,
      `${shown(target)}.${name} is set outside clinicRoutingMiddleware`,
    ),
  ];
}

/** `req.user.companyId = req.headers.clinic`: clinicRoutingMiddleware would believe it. */
function identity(
  { project }: Analysis,
  sources: ConnectionSources,
  node: ts.Node,
  left: ts.Expression,
  right: ts.Expression,
): Problem[] {
  const [request] = enclosingFunctions(node).flatMap((one) => {
    const access = requestOf(one);
    return access?.kind === 'name' ? [access.name] : [];
  });
  if (request === undefined) return [];
  const path = project.app.clinicId.replace(/^req\b/, request);
  const text = left.getText().replaceAll('?.', '.');
  const property = path.slice(path.lastIndexOf('.') + 1);
  const given =
    text === path
      ? [right]
      : text === path.slice(0, -property.length - 1)
        ? descendants(right, ts.isPropertyAssignment).flatMap((one) =>
            one.name.getText() === property ? [one.initializer] : [],
          )
        : [];
  return given
    .filter((one) => isFromClient(sources, one))
    .map((one) =>
      problem(
        'ISOLATION_CLINIC_SOURCE',
        one,
        `${path} is taken from ${shown(one)}, and the client may choose that`,
      ),
    );
}

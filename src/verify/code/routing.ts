import { ts } from 'ts-morph';
import type { Finding } from '../../core/finding.js';
import type { Analysis } from '../../project/analysis.js';
import { descendants, isFunctionNode, memberName } from '../../project/nodes.js';
import { isRouteCall, ownerOf, requestOf } from '../../project/owners.js';
import type { FunctionNode } from '../../project/types.js';
import { problem } from './words.js';

const ROUTING = 'clinicRoutingMiddleware';

/** `router.get(…)` or `app.use(…)`, and whether the clinic is known to what it mounts. */
interface Mount {
  readonly call: ts.CallExpression;
  readonly file: ts.SourceFile;
  readonly isRouted: boolean;
  readonly handlers: readonly FunctionNode[];
  readonly routers: readonly ts.SourceFile[];
}

/** Every handler that uses its clinic's connection must stand behind the routing, and that behind authentication. */
export function routingFindings(analysis: Analysis): Finding[] {
  const mounts = [...analysis.uses.keys()].flatMap((file) => mountsIn(analysis, file));
  const mountedAt = (file: ts.SourceFile): Mount[] => mounts.filter(({ routers }) => routers.includes(file));
  const isCovered = (file: ts.SourceFile, through: readonly ts.SourceFile[] = []): boolean => {
    const places = mountedAt(file).filter((place) => !through.includes(place.file));
    return (
      places.length > 0 &&
      places.every((place) => place.isRouted || isCovered(place.file, [...through, file]))
    );
  };
  const findings = orderFindings(analysis, mounts);
  for (const [owner, node] of handlersWithClinic(analysis)) {
    const places = mounts.filter(({ handlers }) => handlers.includes(owner));
    const isHelper = places.length === 0 && (analysis.calls.get(owner)?.calls.length ?? 0) > 0;
    if (isHelper) continue;
    if (places.length === 0)
      findings.push(
        problem(
          'ISOLATION_ROUTING',
          node,
          `no route is seen to lead here, so nothing says whether ${node.getText()} is set`,
        ),
      );
    for (const place of places)
      if (!place.isRouted && !isCovered(place.file))
        findings.push(
          problem(
            'ISOLATION_ROUTING',
            place.call,
            `this route uses ${node.getText()} and is not mounted after ${ROUTING}`,
          ),
        );
  }
  return findings;
}

/** Functions that see the request and use its connection, with the first place where they do. */
function handlersWithClinic({ project, uses }: Analysis): Map<FunctionNode, ts.Node> {
  const [, property = 'clinicDb'] = project.app.clinicDb.split('.');
  const found = new Map<FunctionNode, ts.Node>();
  for (const file of uses.keys()) {
    if (!file.text.includes(property)) continue;
    for (const node of descendants(file, ts.isPropertyAccessExpression)) {
      if (node.name.text !== property) continue;
      const owner = ownerOf(node);
      if (owner !== undefined && requestOf(owner) !== undefined && !found.has(owner)) found.set(owner, node);
    }
  }
  return found;
}

function mountsIn(analysis: Analysis, file: ts.SourceFile): Mount[] {
  const routed = new Set<string>();
  return descendants(file, ts.isCallExpression)
    .filter(isRouteCall)
    .sort((a, b) => a.end - b.end)
    .map((call) => {
      const receiver = ts.isPropertyAccessExpression(call.expression)
        ? call.expression.expression.getText(file)
        : '';
      const isHere = call.arguments.some((argument) => argument.getText(file) === ROUTING);
      const [first] = call.arguments;
      const isForAll =
        memberName(call.expression) === 'use' && (first === undefined || !ts.isStringLiteralLike(first));
      const isRouted = isHere || routed.has(rootOf(receiver));
      if (isHere && isForAll) routed.add(receiver);
      const targets = call.arguments.flatMap((argument) => targetsOf(analysis, argument));
      return {
        call,
        file,
        isRouted,
        handlers: targets.filter((target): target is FunctionNode => isFunctionNode(target)),
        routers: targets.filter((target): target is ts.SourceFile => ts.isSourceFile(target)),
      };
    });
}

/** `router.route('/x')` stands behind what `router` stands behind. */
function rootOf(receiver: string): string {
  return receiver.replace(/\.route\s*\([\s\S]*$/, '');
}

/** The functions and router files that an argument of a route call brings in, through wrappers and arrays. */
function targetsOf(analysis: Analysis, argument: ts.Expression): (FunctionNode | ts.SourceFile)[] {
  if (isFunctionNode(argument)) return [argument];
  const value = analysis.evaluator.valueOf(argument);
  if (value?.kind === 'function') return [value.node];
  if (value?.kind === 'module') return [value.file];
  if (ts.isArrayLiteralExpression(argument))
    return argument.elements.flatMap((one) => targetsOf(analysis, one));
  if (ts.isCallExpression(argument)) {
    const file = requiredFile(analysis, argument);
    return file === undefined ? argument.arguments.flatMap((one) => targetsOf(analysis, one)) : [file];
  }
  const file = ts.isIdentifier(argument) ? importedFile(analysis, argument) : undefined;
  return file === undefined ? [] : [file];
}

function requiredFile({ evaluator }: Analysis, call: ts.CallExpression): ts.SourceFile | undefined {
  const [specifier] = call.arguments;
  const isRequire = ts.isIdentifier(call.expression) && call.expression.text === 'require';
  return isRequire && specifier !== undefined && ts.isStringLiteralLike(specifier)
    ? evaluator.fileOf(call.getSourceFile(), specifier.text)
    : undefined;
}

/** The file that `const router = require('./x')` or `import router from './x'` names. */
function importedFile(analysis: Analysis, name: ts.Identifier): ts.SourceFile | undefined {
  const declaration = analysis.evaluator.declarationOf(name);
  if (declaration === undefined) return undefined;
  if (ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined)
    return ts.isCallExpression(declaration.initializer)
      ? requiredFile(analysis, declaration.initializer)
      : undefined;
  const clause = ts.isImportClause(declaration)
    ? declaration.parent
    : ts.isImportSpecifier(declaration)
      ? declaration.parent.parent.parent
      : undefined;
  return clause !== undefined &&
    ts.isImportDeclaration(clause) &&
    ts.isStringLiteralLike(clause.moduleSpecifier)
    ? analysis.evaluator.fileOf(name.getSourceFile(), clause.moduleSpecifier.text)
    : undefined;
}

/** The routing mounted before authentication, or without it, would never know a clinic. */
function orderFindings({ project }: Analysis, mounts: readonly Mount[]): Finding[] {
  const auth = project.app.authMiddleware;
  const isAuth = (argument: ts.Expression): boolean => new RegExp(`\\b${auth}\\b`).test(argument.getText());
  const positions = mounts.filter(({ call }) => call.arguments.some(isAuth));
  return mounts.flatMap(({ call, file }) => {
    const at = call.arguments.findIndex((argument) => argument.getText(file) === ROUTING);
    if (at === -1 || call.arguments.slice(0, at).some(isAuth)) return [];
    const here = positions.filter((place) => place.file === file);
    const isBefore = here.some((place) => place.call.end < call.getStart(file));
    const isElsewhere = here.length === 0 && positions.length > 0;
    return isBefore || isElsewhere
      ? []
      : [problem('ISOLATION_ROUTING', call, `${ROUTING} is mounted before ${auth}, so it knows no clinic`)];
  });
}

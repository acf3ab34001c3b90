import { posix } from 'node:path';
import { ts } from 'ts-morph';
import type { Analysis } from '../analysis.js';
import { descendants, locationOf, memberName, requiredSpecifier, unwrap } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import type { AppGuess } from './app-guess.js';
import { type ClinicSource, clinicSource, membersGiven } from './clinic-source.js';

/** A name as the source has it, and the places where. */
type Places = Map<string, ts.Node[]>;

const AUTH =
  /auth|jwt|passport|protect|logged_?in|require_?(login|user)|verify_?(token|user)|check_?(token|user)/i;
const NO_AUTH = /rout|controller|limit|author(?!i[sz])/i;
const ROUTE_METHODS = new Set(['use', 'all', 'get', 'post', 'put', 'patch', 'delete']);

/** What is mounted before the routes and looks like authentication. */
export function inferAuthentication(project: AppProject): AppGuess {
  const places: Places = new Map();
  for (const file of project.files) {
    if (!AUTH.test(file.text)) continue;
    const routers = routersIn(file);
    for (const call of descendants(file, ts.isCallExpression)) {
      if (!ROUTE_METHODS.has(memberName(call.expression) ?? '')) continue;
      for (const argument of call.arguments.flatMap((one) =>
        ts.isArrayLiteralExpression(one) ? [...one.elements] : [one],
      )) {
        const name = middlewareName(argument);
        if (name !== undefined && AUTH.test(name) && !NO_AUTH.test(name) && !routers.has(name))
          add(places, name, argument);
      }
    }
  }
  return guess(
    project,
    'authMiddleware',
    places,
    'mounted',
    'No middleware that looks like authentication was found.',
  );
}

/** `auth`, `auth.required`, and what is called in `auth()`. */
function middlewareName(argument: ts.Expression): string | undefined {
  const node = ts.isCallExpression(argument) ? argument.expression : argument;
  if (requiredSpecifier(argument) !== undefined) return undefined;
  return ts.isIdentifier(node) || ts.isPropertyAccessExpression(node) ? node.getText() : undefined;
}

/** Names of routers: made by Router(), or loaded from a file that is called so. */
function routersIn(file: ts.SourceFile): Set<string> {
  const names = descendants(file, ts.isVariableDeclaration).flatMap(({ name, initializer }) => {
    if (initializer === undefined || !ts.isIdentifier(name)) return [];
    const value = unwrap(initializer);
    const isMade = ts.isCallExpression(value) && /(^|\.)Router$/.test(value.expression.getText());
    return isMade || NO_AUTH.test(requiredSpecifier(value) ?? '') ? [name.text] : [];
  });
  const imported = descendants(file, ts.isImportDeclaration).flatMap(({ importClause, moduleSpecifier }) =>
    importClause?.name !== undefined && NO_AUTH.test(moduleSpecifier.getText())
      ? [importClause.name.text]
      : [],
  );
  return new Set([...names, ...imported]);
}

const REQUEST = /^(req|request|_req)$/;
const FROM_CLIENT = /\.(body|params|query|headers|cookies|files?|path|url)\b/;

/**
 * Where a request has its clinic: `req.user.companyId`, read or taken apart, and never from what the client sends. Of
 * those that authentication is seen to set, the one that stands in most places; one that nothing sets is no answer.
 */
export function inferClinicId(analysis: Analysis, clinicWords: readonly string[]): AppGuess {
  const { project } = analysis;
  const endings = ['', 'id', 'key', 'uuid'];
  const names = new Set(clinicWords.flatMap((word) => endings.map((ending) => word + ending)));
  const isClinic = (name: string): boolean => names.has(name.toLowerCase().replaceAll('_', ''));
  const places: Places = new Map();
  for (const file of project.files) {
    for (const node of descendants(file, ts.isPropertyAccessExpression)) {
      if (isClinic(node.name.text)) addPath(places, pathOf(node), node);
    }
    for (const { name, initializer } of descendants(file, ts.isVariableDeclaration)) {
      if (initializer === undefined || !ts.isObjectBindingPattern(name)) continue;
      for (const element of name.elements) {
        const taken = (element.propertyName ?? element.name).getText();
        const owner = pathOf(unwrap(initializer));
        if (isClinic(taken) && owner !== undefined) addPath(places, `${owner}.${taken}`, element);
      }
    }
  }
  const sources = new Map([...places.keys()].map((path) => [path, clinicSource(analysis, path)]));
  const of = (is: ClinicSource['is']) =>
    new Map([...places].filter(([path]) => sources.get(path)?.is === is));
  const [set, unknown] = [of('set'), of('unknown')];
  if (set.size > 0) return readGuess(project, set, 'Authentication sets it.');
  if (unknown.size > 0)
    return readGuess(project, unknown, 'What sets it is not seen: check that something does.');
  const unread = membersGiven(analysis, 'req.user').find(isClinic);
  if (unread !== undefined)
    return {
      key: 'clinicId',
      value: `req.user.${unread}`,
      why: 'Authentication sets it, and nothing reads it yet.',
    };
  return { key: 'clinicId', value: undefined, isOpen: true, why: whyOpen(project, sources) };
}

function readGuess(project: AppProject, places: Places, more: string): AppGuess {
  const found = guess(project, 'clinicId', places, 'read', '');
  return { ...found, why: `${found.why} ${more}` };
}

/** Says what is missing where authentication gives no request its clinic. */
function whyOpen(project: AppProject, sources: ReadonlyMap<string, ClinicSource>): string {
  const [first] = sources;
  if (first === undefined)
    return 'No property of req.user looks like the key of a clinic. Name the one that authentication sets.';
  const [path, { node, others }] = first;
  const place = node === undefined ? '' : ` in ${placeOf(project, node)}`;
  const has = others.length === 0 ? '' : `: it has ${others.join(', ')}`;
  return `${path} is read, and authentication does not set it${place}${has}. Have it set the clinic, and name that here.`;
}

function placeOf(project: AppProject, node: ts.Node): string {
  const { file, line } = locationOf(node);
  return `${posix.relative(project.app.root, file)}:${line}`;
}

/** `req.user.companyId`, whatever the request is called; undefined for what does not begin at one. */
function pathOf(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return REQUEST.test(node.text) ? 'req' : undefined;
  if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.name)) return undefined;
  const owner = pathOf(unwrap(node.expression));
  return owner && `${owner}.${node.name.text}`;
}

/** The clinic stands on what authentication put there: two steps below the request at least. */
function addPath(places: Places, path: string | undefined, node: ts.Node): void {
  if (path !== undefined && path.split('.').length > 2 && !FROM_CLIENT.test(path)) add(places, path, node);
}

function add(places: Places, name: string, node: ts.Node): void {
  const known = places.get(name);
  if (known === undefined) places.set(name, [node]);
  else known.push(node);
}

/** The name that stands in most places. */
function guess(
  project: AppProject,
  key: AppGuess['key'],
  places: Places,
  verb: string,
  none: string,
): AppGuess {
  const [best, ...others] = [...places].sort(([, a], [, b]) => b.length - a.length);
  const [first] = best?.[1] ?? [];
  if (best === undefined || first === undefined) return { key, value: undefined, why: none };
  const count = best[1].length === 1 ? 'once' : `${best[1].length} times`;
  const also = others.length === 0 ? '' : ` It could also be ${others.map(([name]) => name).join(', ')}.`;
  return {
    key,
    value: best[0],
    why: `A guess: ${verb} ${count}, first in ${placeOf(project, first)}.${also}`,
  };
}

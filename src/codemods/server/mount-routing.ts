import { posix } from 'node:path';
import { ts } from 'ts-morph';
import { isRouteCall } from '../../project/calls/handlers.js';
import { descendants, memberName } from '../../project/source/nodes.js';
import { shown } from '../../project/source/shown.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { gapBefore } from '../services/clinic-db.js';
import { indentAt } from '../writing/edits.js';
import { startCentral } from './start-up.js';

/** Mounts clinicRoutingMiddleware after authentication, and connects to the central database before listening. */
export function migrateServer(drafts: Drafts): void {
  const { project, uses } = drafts.analysis;
  const { app } = project;
  const calls = [...uses.keys()].flatMap((file) =>
    descendants(file, ts.isCallExpression).filter((call) => isRouteCall(call)),
  );
  const mounted = calls.filter((call) => mountAfterAuth(drafts, drafts.of(call.getSourceFile()), call));
  if (mounted.length > 0 && mounted.every((call) => memberName(call.expression) !== 'use'))
    reportUnrouted(drafts, calls, mounted);
  const server = project.file(posix.join(app.root, app.server));
  if (server === undefined) {
    drafts.notes.push({
      code: 'CODE_NO_START',
      severity: 'warning',
      message: `${app.server} is not a file of the application: where the server starts was not looked at`,
      hint: 'Set app.server to the file that starts the server.',
    });
    return;
  }
  const draft = drafts.of(server);
  if (mounted.length === 0 && !server.text.includes('clinicRoutingMiddleware'))
    draft.note('CODE_NO_AUTH', 'error', server, `${app.authMiddleware} is mounted nowhere`);
  startCentral(drafts, draft);
}

/**
 * Where each route has its own authentication: names those that need a clinic and have none, and `router.param`, which is
 * called before what the routes of the router mount themselves.
 */
function reportUnrouted(
  drafts: Drafts,
  calls: readonly ts.CallExpression[],
  mounted: readonly ts.CallExpression[],
): void {
  const auth = drafts.analysis.project.app.authMiddleware;
  const open = calls.filter((call) => memberName(call.expression) !== 'use' && !mounted.includes(call));
  for (const call of open.filter((one) => one.arguments.some((argument) => needsClinic(drafts, argument)))) {
    const draft = drafts.of(call.getSourceFile());
    const [path] = call.arguments;
    const name = `${shown(call.expression)}(${path === undefined ? '' : `${shown(path)}, `}…)`;
    if (memberName(call.expression) === 'param')
      draft.note(
        'CODE_BEFORE_CLINIC',
        'error',
        call,
        `${name} is called before the routes' own clinicRoutingMiddleware`,
      );
    else
      draft.note('CODE_NO_AUTH', 'error', call, `${name} needs its clinic, and ${auth} is not mounted on it`);
  }
}

/** True for a call that mounts the authentication, with or without the routing after it. */
function mountAfterAuth(drafts: Drafts, draft: Draft, call: ts.CallExpression): boolean {
  const { file } = draft;
  const auth = drafts.analysis.project.app.authMiddleware;
  const index = call.arguments.findIndex((argument) => isAuth(argument, auth));
  const argument = call.arguments[index];
  if (argument === undefined) return false;
  reportEarlyUse(drafts, argument);
  const next = call.arguments[index + 1];
  const { parent } = call;
  if (next === undefined && memberName(call.expression) === 'use' && ts.isExpressionStatement(parent)) {
    const after = nextStatement(parent);
    if (after?.getText(file).includes('clinicRoutingMiddleware') === true) return true;
    const [first] = call.arguments;
    const path = index > 0 && first !== undefined ? `${first.getText(file)}, ` : '';
    const indent = indentAt(file.text, parent.getStart(file));
    const target = call.expression.getText(file);
    draft.insert(parent.end, `\n${indent}${target}(${path}clinicRoutingMiddleware)${draft.style.end}`);
  } else if (next?.getText(file) !== 'clinicRoutingMiddleware') {
    if (memberName(call.expression) !== 'use' && !call.arguments.some((one) => needsClinic(drafts, one)))
      return false;
    draft.insert(argument.end, `,${gapBefore(draft, argument)}clinicRoutingMiddleware`);
  } else return true;
  draft.needs.add('clinicRoutingMiddleware');
  return true;
}

/** Authentication runs before the routing: a clinic's connection is not there yet. */
function reportEarlyUse(drafts: Drafts, argument: ts.Expression): void {
  const value = drafts.analysis.evaluator.valueOf(argument);
  if (value?.kind !== 'function') return;
  const { node } = value;
  const draft = drafts.of(node.getSourceFile());
  const isEarly = draft.edits.some(
    ({ start, text }) => node.pos <= start && start < node.end && /\bclinicDb\b/.test(text),
  );
  if (isEarly && draft.problems.every(({ code }) => code !== 'CODE_BEFORE_CLINIC'))
    draft.problem(
      'CODE_BEFORE_CLINIC',
      node,
      'authentication uses a clinic’s model, before the clinic is known',
      undefined,
      node,
    );
}

/** True where what is mounted uses a clinic's connection, or where that cannot be told. */
function needsClinic(drafts: Drafts, argument: ts.Expression): boolean {
  const value = drafts.analysis.evaluator.valueOf(argument);
  const node = value?.kind === 'function' ? value.node : argument;
  const { edits, file } = drafts.of(node.getSourceFile());
  const isInside = edits.some(
    ({ start, text }) => node.pos <= start && start < node.end && /clinicDb/.test(text),
  );
  return isInside || /clinicDb/.test(node.getText(file));
}

/** `auth`, `auth()`, `auth.required` where the configuration names it so. */
function isAuth(node: ts.Expression, auth: string): boolean {
  const text = node.getText();
  return text === auth || (ts.isCallExpression(node) && node.expression.getText() === auth);
}

function nextStatement(statement: ts.Statement): ts.Statement | undefined {
  const { parent } = statement;
  if (!ts.isSourceFile(parent) && !ts.isBlock(parent)) return undefined;
  return parent.statements[parent.statements.indexOf(statement) + 1];
}

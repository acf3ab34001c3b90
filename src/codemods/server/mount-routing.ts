import { posix } from 'node:path';
import type { Guarded } from '../../project/routing/order.js';
import { memberName } from '../../project/source/nodes.js';
import type { FunctionNode } from '../../project/types.js';
import type { Draft, Drafts } from '../planning/draft.js';
import { ClinicNeeds } from './clinic-needs.js';
import { routeName } from './mixed-mounts.js';
import { placeRouting } from './place-routing.js';
import { startCentral } from './start-up.js';

/** Mounts clinicRoutingMiddleware after authentication, and connects to the central database before listening. */
export function migrateServer(drafts: Drafts): void {
  const { project, routing } = drafts.analysis;
  const { app } = project;
  const needs = new ClinicNeeds(drafts);
  const guarded = placeRouting(drafts, needs);
  const guards = new Set(routing.mounts.map(({ guard }) => guard));
  for (const handler of authenticating(drafts)) reportEarlyUse(drafts, handler);
  if (guards.has('authentication')) reportUnrouted(drafts, needs, guarded);
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
  if (!guards.has('authentication') && !guards.has('routing'))
    draft.note('CODE_NO_AUTH', 'error', server, `${app.authMiddleware} is mounted nowhere`);
  startCentral(drafts, draft);
}

function authenticating({ analysis }: Drafts): ReadonlySet<FunctionNode> {
  const guards = analysis.routing.mounts.filter(({ guard }) => guard === 'authentication');
  return new Set(guards.flatMap(({ handlers }) => handlers));
}

/** Names each route that needs a clinic where there is none yet: before authentication, or in `router.param`. */
function reportUnrouted(drafts: Drafts, needs: ClinicNeeds, guarded: Guarded): void {
  const { routing, project } = drafts.analysis;
  const seen = new Set<unknown>();
  for (const mount of routing.mounts) {
    const { call, guard, handlers } = mount;
    const isOpen =
      guard === undefined && handlers.some((one) => needs.of(one)) && !guarded.is(mount, 'routing');
    if (!isOpen || seen.has(call)) continue;
    seen.add(call);
    const draft = drafts.of(call.getSourceFile());
    const name = routeName(mount);
    if (memberName(call.expression) === 'param')
      draft.note(
        'CODE_BEFORE_CLINIC',
        'error',
        call,
        `${name} is called before the routes' own clinicRoutingMiddleware`,
      );
    else {
      const { authMiddleware } = project.app;
      draft.note(
        'CODE_NO_AUTH',
        'error',
        call,
        `${name} needs a clinic, and ${authMiddleware} does not stand before it`,
      );
    }
  }
}

/** Authentication runs before the routing: a clinic's connection is not there yet. */
function reportEarlyUse(drafts: Drafts, node: FunctionNode): void {
  const draft: Draft = drafts.of(node.getSourceFile());
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

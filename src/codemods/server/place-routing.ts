import { ts } from 'ts-morph';
import type { Mount } from '../../project/routing/mounts.js';
import { coversPath, Guarded, isBehind } from '../../project/routing/order.js';
import type { RouterKey } from '../../project/routing/routers.js';
import type { Routing } from '../../project/routing/routing.js';
import { isInside, memberName } from '../../project/source/nodes.js';
import type { Drafts } from '../planning/draft.js';
import { gapBefore } from '../services/clinic-db.js';
import { indentAt } from '../writing/edits.js';
import type { ClinicNeeds } from './clinic-needs.js';
import { byCall, leavesOf } from './leaves.js';
import { noteMixed } from './mixed-mounts.js';

const ROUTING = 'clinicRoutingMiddleware';

/**
 * Puts clinicRoutingMiddleware behind each authentication: right after it where all routes behind it need a clinic,
 * else before each that does, so that staff without a clinic still get at the others. Returns what stands behind
 * what once that is done.
 */
export function placeRouting(drafts: Drafts, needs: ClinicNeeds): Guarded {
  const placement = new Placement(drafts, needs);
  const authentications = drafts.analysis.routing.mounts.filter(({ guard }) => guard === 'authentication');
  const isForAll = ({ call }: Mount): boolean => memberName(call.expression) === 'use';
  // What stands on a whole router first: a route behind it needs no routing of its own.
  for (const one of [...authentications.filter(isForAll), ...authentications.filter((one) => !isForAll(one))])
    placement.behind(one);
  return placement.guarded;
}

class Placement {
  readonly guarded: Guarded;
  readonly #routing: Routing;
  readonly #done = new Set<string>();

  constructor(
    private readonly drafts: Drafts,
    private readonly needs: ClinicNeeds,
  ) {
    this.#routing = drafts.analysis.routing;
    this.guarded = new Guarded(this.#routing.mounts);
  }

  behind(authentication: Mount): void {
    const mounts = new Set(authentication.on.flatMap((key) => this.#routing.on(key)));
    const behind = [...mounts].filter((one) => one !== authentication && isBehind(one, authentication));
    const leaves = leavesOf(this.#routing, this.needs, behind);
    const isRouted = behind.some(({ guard }) => guard === 'routing');
    const isForAll = memberName(authentication.call.expression) === 'use';
    if (leaves.length === 0) {
      // Nothing is seen behind it, and nobody authenticates for nothing.
      if (isForAll && !isRouted) this.#after(authentication);
      return;
    }
    const open = leaves.filter((one) => one.needsClinic && !this.guarded.is(one.mount, 'routing'));
    const free = leaves.filter(({ needsClinic }) => !needsClinic);
    if (open.length === 0) return;
    if (free.length === 0) {
      this.#after(authentication);
      return;
    }
    noteMixed(
      this.drafts,
      authentication,
      open.length,
      free.map(({ mount }) => mount),
    );
    this.#within(behind, false, new Set());
  }

  /** Puts the routing before what needs it; `isExposed` where requests for others pass here too. */
  #within(mounts: readonly Mount[], isExposed: boolean, seen: ReadonlySet<RouterKey>): void {
    const calls = [...byCall(mounts).values()];
    for (const [index, all] of calls.entries()) {
      const own = all.filter(({ guard }) => guard === undefined);
      const leaves = leavesOf(this.#routing, this.needs, own);
      const needing = own.find((one) =>
        leavesOf(this.#routing, this.needs, [one]).some(({ needsClinic }) => needsClinic),
      );
      if (needing === undefined || leaves.every(({ mount }) => this.guarded.is(mount, 'routing'))) continue;
      const isPassed =
        isExposed ||
        (isUse(needing) && calls.slice(index + 1).some((others) => this.#isFree(others, needing)));
      const isOnlyForClinics = leaves.every(({ needsClinic }) => needsClinic);
      if (this.needs.ofMount(needing) || (isOnlyForClinics && !isPassed)) this.#before(needing, all);
      else
        for (const key of own.flatMap(({ routers }) => routers).filter((one) => !seen.has(one)))
          this.#within(this.#routing.on(key), isPassed, new Set([...seen, key]));
    }
  }

  /** True where a request that a mount lets through may end at a route that needs no clinic. */
  #isFree(others: readonly Mount[], mount: Mount): boolean {
    return (
      others.some(({ path }) => coversPath(mount.path, path)) &&
      leavesOf(this.#routing, this.needs, others).some(({ needsClinic }) => !needsClinic)
    );
  }

  #after(authentication: Mount): void {
    const { call, argument, given, path } = authentication;
    const at = isInside(argument, call) ? argument : given;
    if (!this.#isFirst(at)) return;
    const { parent } = call;
    const draft = this.drafts.of(call.getSourceFile());
    const isStatement =
      ts.isExpressionStatement(parent) && (ts.isSourceFile(parent.parent) || ts.isBlock(parent.parent));
    if (
      isStatement &&
      memberName(call.expression) === 'use' &&
      given === call.arguments.at(-1) &&
      at === given
    ) {
      const indent = indentAt(draft.file.text, parent.getStart(draft.file));
      const target = call.expression.getText(draft.file);
      const where = path === undefined ? '' : `${path.getText(draft.file)}, `;
      draft.insert(parent.end, `\n${indent}${target}(${where}${ROUTING})${draft.style.end}`);
    } else draft.insert(at.end, `,${gapBefore(draft, at)}${ROUTING}`);
    draft.needs.add(ROUTING);
    this.guarded.add({ ...routingAt(authentication), order: [...authentication.order, 0] });
  }

  /** Before a mount, or after the authentication in the same call. */
  #before(mount: Mount, all: readonly Mount[]): void {
    const authentication = all.findLast(
      ({ guard, order }) => guard === 'authentication' && isLess(order, mount.order),
    );
    if (authentication !== undefined) {
      this.#after(authentication);
      return;
    }
    const { argument, given, call, order } = mount;
    const at = isInside(argument, given) ? argument : given;
    if (!this.#isFirst(at)) return;
    const draft = this.drafts.of(call.getSourceFile());
    draft.insert(at.getStart(draft.file), `${ROUTING},${gapBefore(draft, at)}`);
    draft.needs.add(ROUTING);
    this.guarded.add({ ...routingAt(mount), order: [...order.slice(0, -1), (order.at(-1) ?? 0) - 0.5] });
  }

  #isFirst(at: ts.Node): boolean {
    const key = `${at.getSourceFile().fileName}:${at.pos}`;
    const isFirst = !this.#done.has(key);
    this.#done.add(key);
    return isFirst;
  }
}

/** A mount's place, taken by the routing. */
function routingAt(mount: Mount): Mount {
  return { ...mount, guard: 'routing', handlers: [], routers: [], isUnknown: false };
}

function isUse({ call }: Mount): boolean {
  return memberName(call.expression) === 'use';
}

function isLess(one: readonly number[], other: readonly number[]): boolean {
  return (one.at(-1) ?? 0) < (other.at(-1) ?? 0);
}

import type { ts } from 'ts-morph';
import type { Mount } from '../../project/routing/mounts.js';
import type { RouterKey } from '../../project/routing/routers.js';
import type { Routing } from '../../project/routing/routing.js';
import { memberName } from '../../project/source/nodes.js';
import type { ClinicNeeds } from './clinic-needs.js';

/** A route, or a middleware that needs a clinic, and whether it does. */
export interface Leaf {
  readonly mount: Mount;
  readonly needsClinic: boolean;
}

/** The routes that mounts lead to, over the routers among them. Middleware that needs no clinic is no end of a request. */
export function leavesOf(
  routing: Routing,
  needs: ClinicNeeds,
  mounts: readonly Mount[],
  seen: ReadonlySet<RouterKey> = new Set(),
): Leaf[] {
  return [...byCall(mounts).values()].flatMap((all) => {
    const own = all.filter(({ guard }) => guard === undefined);
    const inside = own.flatMap((mount) =>
      mount.routers.flatMap((key) => {
        if (seen.has(key)) return [];
        const on = routing.on(key);
        // A router on which nothing is seen has routes that are not seen.
        if (on.length === 0) return [{ mount, needsClinic: true }];
        const leaves = leavesOf(routing, needs, on, new Set([...seen, key]));
        // Express calls `router.param` before all that a route mounts: the routing has to stand before the router.
        const isWhole = on.some((one) => isParam(one) && needs.ofMount(one));
        return isWhole ? leaves.map((leaf) => ({ ...leaf, needsClinic: true })) : leaves;
      }),
    );
    const needing = own.find((mount) => needs.ofMount(mount));
    const last = own.at(-1);
    if (needing !== undefined) return [{ mount: needing, needsClinic: true }, ...inside];
    const isRoute = last !== undefined && inside.length === 0 && isEnd(last);
    return isRoute ? [{ mount: last, needsClinic: false }] : inside;
  });
}

/** The mounts of each call, in the order of the source. */
export function byCall(mounts: readonly Mount[]): ReadonlyMap<ts.CallExpression, readonly Mount[]> {
  const found = new Map<ts.CallExpression, Mount[]>();
  for (const mount of mounts) found.set(mount.call, [...(found.get(mount.call) ?? []), mount]);
  return found;
}

function isParam({ call }: Mount): boolean {
  return memberName(call.expression) === 'param';
}

function isEnd({ call }: Mount): boolean {
  return !/^(use|param)$/.test(memberName(call.expression) ?? '');
}

import { ts } from 'ts-morph';
import { isInside, memberName } from '../source/nodes.js';
import type { Guard } from './guards.js';
import type { Mount } from './mounts.js';
import type { RouterKey } from './routers.js';

/** Says whether a mount stands behind a middleware, on its own router or on those that it is mounted on. */
export class Guarded {
  readonly #guards: Record<Guard, Mount[]>;
  readonly #places = new Map<RouterKey, Mount[]>();

  constructor(mounts: readonly Mount[]) {
    const of = (guard: Guard) => mounts.filter((mount) => mount.guard === guard);
    this.#guards = { authentication: of('authentication'), routing: of('routing') };
    for (const mount of mounts)
      for (const key of mount.routers) this.#places.set(key, [...(this.#places.get(key) ?? []), mount]);
  }

  /** Takes a middleware into account that is not in the source yet. */
  add(guard: Mount): void {
    if (guard.guard !== undefined) this.#guards[guard.guard].push(guard);
  }

  is(mount: Mount, guard: Guard, through: readonly RouterKey[] = []): boolean {
    if (this.#guards[guard].some((one) => isBehind(mount, one))) return true;
    return mount.on.every((key) => {
      if (through.includes(key)) return false;
      const places = this.#places.get(key) ?? [];
      return places.length > 0 && places.every((place) => this.is(place, guard, [...through, key]));
    });
  }
}

/** True where whoever reaches one mount has passed the other one, which stands on the same router. */
export function isBehind(mount: Mount, guard: Mount): boolean {
  if (mount.call === guard.call) return before(guard.order, mount.order);
  const isForAll = memberName(guard.call.expression) === 'use';
  const isHere = guard.condition === undefined || isInside(mount.call, guard.condition);
  const isSame = guard.on.some((one) => mount.on.includes(one));
  return (
    isForAll && isHere && isSame && before(guard.order, mount.order) && coversPath(guard.path, mount.path)
  );
}

function before(one: readonly number[], other: readonly number[]): boolean {
  for (let index = 0; index < Math.min(one.length, other.length); index += 1) {
    const [a = 0, b = 0] = [one[index], other[index]];
    if (a !== b) return a < b;
  }
  return one.length < other.length;
}

/** True where every request for one path is one for the other, too. */
export function coversPath(guard: ts.Expression | undefined, mount: ts.Expression | undefined): boolean {
  if (guard === undefined || (ts.isStringLiteralLike(guard) && guard.text === '/')) return true;
  if (mount === undefined) return false;
  if (!ts.isStringLiteralLike(guard) || !ts.isStringLiteralLike(mount)) {
    const [prefix, path] = [guard.getText(), mount.getText()];
    return path === prefix || path.startsWith(`\`\${${prefix}}/`);
  }
  const prefix = guard.text.replace(/\/$/, '');
  return mount.text === prefix || mount.text.startsWith(`${prefix}/`);
}

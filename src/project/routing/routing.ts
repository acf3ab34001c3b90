import type { ts } from 'ts-morph';
import type { CallGraph } from '../calls/call-graph.js';
import type { FunctionNode } from '../types.js';
import type { Evaluator } from '../values/evaluator.js';
import { Definitions } from './definitions.js';
import { type Mount, readMounts } from './mounts.js';
import { Guarded } from './order.js';
import type { RouterKey } from './routers.js';

/** Where the application's handlers and routers are mounted, and behind what. */
export class Routing {
  readonly mounts: readonly Mount[];
  readonly guarded: Guarded;
  readonly #byHandler = new Map<FunctionNode, Mount[]>();
  readonly #byRouter = new Map<RouterKey, Mount[]>();
  readonly #byCall: ReadonlyMap<ts.CallExpression, readonly Mount[]>;

  constructor(evaluator: Evaluator, calls: CallGraph, files: Iterable<ts.SourceFile>) {
    this.mounts = readMounts(new Definitions(evaluator), calls, files);
    this.guarded = new Guarded(this.mounts);
    const byCall = new Map<ts.CallExpression, Mount[]>();
    for (const mount of this.mounts) {
      add(byCall, mount.call, mount);
      for (const handler of mount.handlers) add(this.#byHandler, handler, mount);
      for (const key of mount.on) add(this.#byRouter, key, mount);
    }
    this.#byCall = byCall;
  }

  /** Where a handler is mounted. */
  placesOf(handler: FunctionNode): readonly Mount[] {
    return this.#byHandler.get(handler) ?? [];
  }

  /** What is mounted on a router, in the order of the source. */
  on(router: RouterKey): readonly Mount[] {
    return this.#byRouter.get(router) ?? [];
  }

  /** What a call mounts. */
  by(call: ts.CallExpression): readonly Mount[] {
    return this.#byCall.get(call) ?? [];
  }

  /** True for a handler that a request reaches before anybody asked who sends it: it has no clinic there. */
  isPublic(handler: FunctionNode): boolean {
    const { guarded } = this;
    return this.placesOf(handler).some(
      (place) => !guarded.is(place, 'authentication') && !guarded.is(place, 'routing'),
    );
  }
}

function add<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

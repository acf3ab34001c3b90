import type { Analysis } from '../../project/analysis.js';
import { ownerOf, requestOf } from '../../project/calls/handlers.js';
import type { FunctionNode } from '../../project/types.js';

/** The functions that a request may reach: handlers, what is handed on, which anyone may call, and what these call. */
export class Reached {
  readonly #functions = new Set<FunctionNode>();
  readonly #callees = new Map<FunctionNode, FunctionNode[]>();

  constructor({ calls }: Analysis) {
    const callers = new Set<FunctionNode>();
    for (const [node, { calls: sites }] of calls) {
      for (const caller of sites.flatMap((site) => ownerOf(site) ?? [])) {
        callers.add(caller);
        this.#callees.set(caller, [...(this.#callees.get(caller) ?? []), node]);
      }
    }
    for (const node of [...calls.keys(), ...callers])
      if (requestOf(node) !== undefined || (calls.get(node)?.escapes.length ?? 0) > 0) this.add(node);
  }

  has(node: FunctionNode): boolean {
    return this.#functions.has(node);
  }

  /** Adds a function and all that it calls. */
  add(start: FunctionNode): void {
    const queue = [start];
    for (const node of queue) {
      if (this.#functions.has(node)) continue;
      this.#functions.add(node);
      queue.push(...(this.#callees.get(node) ?? []));
    }
  }
}

import { hasWord } from '../../core/words.js';
import type { Mount } from '../../project/routing/mounts.js';
import { enclosingFunctions, isInside } from '../../project/source/nodes.js';
import { databasesOf, type FunctionNode } from '../../project/types.js';
import type { Drafts } from '../planning/draft.js';

/** Says what needs a clinic once all edits are made: functions, and what is mounted. What cannot be told does. */
export class ClinicNeeds {
  readonly #callees = new Map<FunctionNode, FunctionNode[]>();
  readonly #known = new Map<FunctionNode, boolean>();

  constructor(private readonly drafts: Drafts) {
    for (const [callee, { calls }] of drafts.analysis.calls)
      for (const caller of calls.flatMap(enclosingFunctions))
        this.#callees.set(caller, [...(this.#callees.get(caller) ?? []), callee]);
  }

  ofMount({ handlers, isUnknown }: Mount): boolean {
    return isUnknown || handlers.some((one) => this.of(one));
  }

  /** True where a function, or one that it calls, uses a clinic's connection. */
  of(start: FunctionNode): boolean {
    const known = this.#known.get(start);
    if (known !== undefined) return known;
    const reached = new Set([start]);
    for (const node of reached) for (const callee of this.#callees.get(node) ?? []) reached.add(callee);
    const needs = [...reached].some((one) => this.#usesClinic(one));
    this.#known.set(start, needs);
    return needs;
  }

  #usesClinic(node: FunctionNode): boolean {
    const { analysis, left } = this.drafts;
    const file = node.getSourceFile();
    const names = ['clinicDb', analysis.project.app.clinicDb.split('.').at(-1) ?? 'clinicDb'];
    const isNamedIn = (text: string): boolean => names.some((name) => hasWord(text, name));
    const { edits } = this.drafts.of(file);
    if (isNamedIn(node.getText(file))) return true;
    if (edits.some(({ start, text }) => node.pos <= start && start < node.end && isNamedIn(text)))
      return true;
    const found = analysis.uses.get(file);
    if (found === undefined) return false;
    if ([...found.computed, ...found.unknown].some((one) => isInside(one, node))) return true;
    return found.uses.some(
      ({ node: use, model, owner }) =>
        isInside(use, node) &&
        owner !== undefined &&
        left.has(owner) &&
        (model === undefined || databasesOf(model).includes('clinic')),
    );
  }
}

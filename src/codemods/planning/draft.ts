import type { ts } from 'ts-morph';
import type { Finding, Severity } from '../../core/finding.js';
import type { FindingCode } from '../../core/finding-codes.js';
import { FINDINGS } from '../../core/finding-codes.js';
import type { Analysis } from '../../project/analysis.js';
import { ownerOf } from '../../project/calls/handlers.js';
import type { Use } from '../../project/calls/uses.js';
import { locationOf } from '../../project/source/nodes.js';
import type { FunctionNode, Model } from '../../project/types.js';
import { type Edit, wholeLines } from '../writing/edits.js';
import { type Style, styleOf } from '../writing/style.js';
import type { Left } from './left.js';
import type { Wording } from './root-causes.js';

/** Names that a file may import from the runtime files. */
export type RuntimeName =
  | 'ModelFactory'
  | 'decorated'
  | 'getCentralConnection'
  | 'initializeCentralConnection'
  | 'closeConnections'
  | 'clinicRoutingMiddleware';

/** An association whose two ends are now in different databases. */
export interface Severed {
  readonly model: Model;
  readonly alias: string;
}

/** What is to become of one file: all of its edits, or, with a problem, none. */
export class Draft {
  readonly style: Style;
  readonly edits: Edit[] = [];
  /** Statements that go away whole, with their comments. */
  readonly removals: { readonly start: number; readonly end: number }[] = [];
  /** Signatures in types that take clinicDb by now. */
  readonly widened = new Set<ts.Node>();
  /** References that no longer mean the file's import. */
  readonly replaced = new Set<ts.Identifier>();
  /** Runtime names the result needs. */
  readonly needs = new Set<RuntimeName>();
  /** Names the result needs from the package sequelize; `type ` before those that are types. */
  readonly fromSequelize = new Set<string>();
  /** Default imports of classes that are imported by their names from now on, if only as types. */
  readonly byName = new Map<ts.ImportClause, { readonly name: string; readonly isNeeded: boolean }>();
  /** Ranges that go away on purpose, with their comments. */
  readonly dropped: { readonly start: number; readonly end: number }[] = [];
  /** Associations that were taken out, by the model they belonged to. */
  readonly severed: Severed[] = [];
  /** Handlers whose parameter list has been seen to; several of a handler's needs ask for it. */
  readonly patterned = new Set<FunctionNode>();
  /** Functions that get clinicDb as a parameter. */
  readonly threaded = new Set<FunctionNode>();
  /** Why the file, or a function in it, is left as it is. */
  readonly problems: Finding[] = [];
  /** The functions that problems are about; the others are about the file. */
  readonly blamed = new Map<Finding, FunctionNode>();
  /** How a problem is worded for all that have it at the same place. */
  readonly worded = new Map<Finding, Wording>();
  /** What problems wait for that are no root causes. */
  readonly waits = new Map<Finding, ts.Node>();
  /** What to know of the result. */
  readonly notes: Finding[] = [];
  /** Functions of the file that are not async, and become so. */
  readonly becomeAsync = new Set<FunctionNode>();
  /** Files that must be migrated together with this one. */
  readonly linked = new Set<ts.SourceFile>();
  /** Files that must be sound for this one to be migrated; they do not depend on it. */
  readonly required = new Set<ts.SourceFile>();

  constructor(readonly file: ts.SourceFile) {
    this.style = styleOf(file);
  }

  replace(start: number, end: number, text: string): void {
    this.edits.push({ start, end, text });
  }

  insert(at: number, text: string): void {
    this.edits.push({ start: at, end: at, text });
  }

  /** Inserts text behind whatever the last edit at this place puts there. */
  append(at: number, text: string): void {
    const index = this.edits.findLastIndex(({ start }) => start === at);
    const last = this.edits[index];
    if (last === undefined) this.insert(at, text);
    else this.edits[index] = { ...last, text: last.text + text };
  }

  /** Takes a statement out, with the lines it stands on. */
  remove(start: number, end: number): void {
    this.removals.push({ start, end });
  }

  /** True where the file would change. */
  hasEdits(): boolean {
    const isNamed = [...this.byName.values()].some(({ isNeeded }) => isNeeded);
    return this.edits.length > 0 || this.removals.length > 0 || isNamed;
  }

  /** Every edit, neighbouring removals made one so that no heap of blank lines is left. */
  allEdits(): Edit[] {
    const merged: { start: number; end: number }[] = [];
    for (const { start, end } of [...this.removals].sort((a, b) => a.start - b.start)) {
      const last = merged.at(-1);
      if (last !== undefined && this.file.text.slice(last.end, start).trim() === '')
        last.end = Math.max(last.end, end);
      else merged.push({ start, end });
    }
    const removals = merged.map(({ start, end }) => ({
      ...wholeLines(this.file.text, start, end),
      text: '',
    }));
    const isGone = ({ start, end }: Edit): boolean =>
      removals.some((removal) => removal.start <= start && end < removal.end);
    return [...this.edits.filter((edit) => !isGone(edit)), ...removals];
  }

  /** `owner` is the function that must stay as it is, where that is not the one around the node. */
  problem(
    code: FindingCode,
    node: ts.Node,
    message: string | Wording,
    subject?: string,
    owner: FunctionNode | undefined = ownerOf(node),
  ): void {
    const text = typeof message === 'string' ? message : message([subject ?? '']);
    const finding = findingAt(code, 'error', node, text, subject);
    if (typeof message !== 'string') this.worded.set(finding, message);
    this.problems.push(finding);
    if (owner !== undefined) this.blamed.set(finding, owner);
  }

  /**
   * Leaves a function because of what it depends on: a function, a file, or the place of a finding. Of that one's
   * severity, since it may just not have been asked for.
   */
  leave(owner: FunctionNode, because: ts.Node, { node, severity, message, subject }: LeftAt): void {
    const finding = findingAt('CODE_GROUP_LEFT', severity, node, message, subject);
    this.problems.push(finding);
    this.waits.set(finding, because);
    this.blamed.set(finding, owner);
  }

  /** Leaves the whole file because of another file that is left, or of the place of a finding. */
  leaveFile(because: ts.Node, message: string): void {
    const finding = findingAt('CODE_GROUP_LEFT', 'error', this.file, message);
    this.problems.push(finding);
    this.waits.set(finding, because);
  }

  note(code: FindingCode, severity: Severity, node: ts.Node, message: string, subject?: string): void {
    this.notes.push(findingAt(code, severity, node, message, subject));
  }
}

/** Where a function is seen to depend on something that is left, and what to say. */
export interface LeftAt {
  readonly node: ts.Node;
  readonly severity: Severity;
  readonly message: string;
  readonly subject?: string | undefined;
}

/** A finding at a node, with the mend of its code as the hint. */
export function findingAt(
  code: FindingCode,
  severity: Severity,
  node: ts.Node,
  message: string,
  subject?: string,
): Finding {
  return {
    code,
    severity,
    message,
    location: locationOf(node),
    hint: FINDINGS[code].mend,
    ...(subject === undefined ? {} : { subject }),
  };
}

/** The drafts of one run over one analysed application. */
export class Drafts {
  readonly #drafts = new Map<ts.SourceFile, Draft>();

  /** What belongs to no file. */
  readonly notes: Finding[] = [];

  /** Uses that stay what they are, since no function could ask for anything in their place. */
  readonly atLoad: Use[] = [];

  /** Uses of the connection that are kept in a class or a variable beyond the call. */
  readonly kept: Use[] = [];

  /** Calls of functions that become async which do not wait for the result: the function's name, and the one to leave. */
  readonly unawaited = new Map<ts.CallExpression, { readonly name: string; readonly origin: FunctionNode }>();

  constructor(
    readonly analysis: Analysis,
    /** What earlier drawings found must stay as it is. */
    readonly left: Left,
    /** True where handlers that nobody answers for on Express 4 are to be wrapped. */
    readonly wrapHandlers = false,
  ) {}

  of(file: ts.SourceFile): Draft {
    const found = this.#drafts.get(file) ?? new Draft(file);
    this.#drafts.set(file, found);
    return found;
  }

  all(): Draft[] {
    return [...this.#drafts.values()];
  }

  /** Every association taken out so far. */
  severed(): Severed[] {
    return this.all().flatMap((draft) => draft.severed);
  }

  /** Both files are migrated, or neither. */
  link(one: ts.SourceFile, other: ts.SourceFile): void {
    if (one === other) return;
    this.of(one).linked.add(other);
    this.of(other).linked.add(one);
  }
}

import type { ts } from 'ts-morph';
import type { Finding, Severity } from '../../core/finding.js';
import type { FindingCode } from '../../core/finding-codes.js';
import type { ModelRegistry } from '../../project/models/registry.js';
import type { FunctionNode } from '../../project/types.js';
import type { Reached } from './reached.js';
import type { Told, Wording } from './root-causes.js';

const NO_REQUEST: ReadonlySet<FindingCode> = new Set(['CODE_NO_REQUEST', 'CODE_UNCALLED']);

/**
 * What a plan leaves as it is. A problem inside a function leaves that function, and then those that share clinicDb
 * with it, and not the rest of the file; so the edits are drawn up again around what is left until nothing is added.
 */
export class Left {
  readonly #functions = new Map<
    FunctionNode,
    { readonly severity: Severity; readonly codes: Set<FindingCode> }
  >();
  readonly #files = new Map<ts.SourceFile, Severity>();
  readonly #waiting = new Set<ts.SourceFile>();
  /** Why, in the order of the drawings. */
  readonly told: Told[] = [];

  constructor(readonly reached: Reached) {}

  has(node: FunctionNode): boolean {
    return this.#functions.has(node) || this.#files.has(node.getSourceFile());
  }

  hasFile(file: ts.SourceFile): boolean {
    return this.#files.has(file);
  }

  /** True for a file that nothing is wrong with, and that is left because of another one. */
  isWaiting(file: ts.SourceFile): boolean {
    return this.#waiting.has(file);
  }

  /** True for a left function that no request reaches, or that is left for nothing but having no clinic. */
  hasNoRequest(node: FunctionNode): boolean {
    const found = this.#functions.get(node);
    if (found === undefined) return false;
    return !this.reached.has(node) || [...found.codes].every((code) => NO_REQUEST.has(code));
  }

  /** How grave it is that a function is left; less than an error where its codemod was not asked for. */
  severityOf(node: FunctionNode): Severity {
    return this.#functions.get(node)?.severity ?? this.severityOfFile(node.getSourceFile());
  }

  severityOfFile(file: ts.SourceFile): Severity {
    return this.#files.get(file) ?? 'error';
  }

  /** As has(), for those who must not hold on to the source. */
  get places(): ReadonlySet<string> {
    const functions = [...this.#functions.keys()].map((node) => placeOf(node));
    return new Set([...functions, ...[...this.#files.keys()].map(({ fileName }) => fileName)]);
  }

  /** Adds what the problems of a drawing are about; true where that is more than before. A model's file is left whole. */
  grow(drafts: readonly Drawn[], { inFile }: ModelRegistry): boolean {
    const before = this.#functions.size + this.#files.size;
    for (const { file, problems, blamed, worded, waits } of drafts) {
      for (const finding of problems) {
        const owner = blamed.get(finding);
        const isOfFile = owner === undefined || inFile.has(owner.getSourceFile());
        const leaves = isOfFile ? file : owner;
        this.told.push({ finding, leaves, word: worded.get(finding), waitsFor: waits.get(finding) });
        if (owner === undefined && waits.has(finding)) this.#waiting.add(file);
        if (isOfFile) this.#files.set(file, graver(this.#files.get(file), finding.severity));
        else {
          const { severity, codes } = this.#functions.get(owner) ?? { severity: undefined, codes: new Set() };
          codes.add(finding.code);
          if (finding.code === 'CODE_FUNCTION_ESCAPES') this.reached.add(owner);
          this.#functions.set(owner, { severity: graver(severity, finding.severity), codes });
        }
      }
    }
    return this.#functions.size + this.#files.size > before;
  }
}

/** An error stays one, whatever else is said. */
function graver(known: Severity | undefined, said: Severity): Severity {
  return known === 'error' ? known : said;
}

/** True where a function is among the places of what is left. */
export function isAmong(places: ReadonlySet<string>, node: FunctionNode): boolean {
  return places.has(placeOf(node)) || places.has(node.getSourceFile().fileName);
}

function placeOf(node: FunctionNode): string {
  return `${node.getSourceFile().fileName}:${node.pos}`;
}

/** A file's part of a drawing. */
interface Drawn {
  readonly file: ts.SourceFile;
  readonly problems: readonly Finding[];
  readonly blamed: ReadonlyMap<Finding, FunctionNode>;
  readonly worded: ReadonlyMap<Finding, Wording>;
  readonly waits: ReadonlyMap<Finding, ts.Node>;
}

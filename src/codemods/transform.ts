import type { Transform } from 'jscodeshift';
import { RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import type { Model } from '../project/types.js';

/** What a transform gets as its third argument: what is known of the file after the codemods. */
export interface TransformOptions {
  /** What the codemods left for a person in this file, at the places of the text that the transform gets. */
  readonly left: readonly Finding[];
  /** Every model of the application, with the scope of its table. */
  readonly models: readonly Model[];
  /** The text with changes at offsets of its own; all else stays byte for byte. */
  readonly edit: (
    edits: readonly { readonly start: number; readonly end: number; readonly text: string }[],
  ) => string;
}

/** A user's own jscodeshift module: the transform, and the parser it asks for. */
export interface UserTransform {
  readonly default: (
    file: Parameters<Transform>[0],
    api: Parameters<Transform>[1],
    options: TransformOptions,
  ) => ReturnType<Transform>;
  readonly parser?: string;
}

/**
 * Runs a jscodeshift transform in this process over each text; returns those it changes. RunError, naming the
 * file, where the transform throws.
 */
export async function runTransform(
  { default: transform, parser }: UserTransform,
  texts: ReadonlyMap<string, string>,
  optionsFor: (path: string, text: string) => TransformOptions,
): Promise<Map<string, string>> {
  // Large, and only loaded where there is a transform.
  const { default: jscodeshift } = await import('jscodeshift');
  const changed = new Map<string, string>();
  for (const [path, source] of texts) {
    const j = jscodeshift.withParser(parser ?? (/\.[cm]?ts$/.test(path) ? 'ts' : 'babel'));
    const api = { j, jscodeshift: j, stats: () => {}, report: () => {} };
    try {
      const result = await transform({ path, source }, api, optionsFor(path, source));
      if (typeof result === 'string' && result !== source) changed.set(path, result);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RunError(`the transform failed on ${path}: ${reason}`, { cause: error });
    }
  }
  return changed;
}

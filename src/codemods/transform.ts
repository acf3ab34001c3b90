import type { Transform } from 'jscodeshift';
import { RunError } from '../core/errors.js';

/** A user's own jscodeshift module: the transform, and the parser it asks for. */
export interface UserTransform {
  readonly default: Transform;
  readonly parser?: string;
}

/**
 * Runs a jscodeshift transform in this process over each text; returns those it changes. RunError, naming the
 * file, where the transform throws.
 */
export async function runTransform(
  { default: transform, parser }: UserTransform,
  texts: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  // Large, and only loaded where there is a transform.
  const { default: jscodeshift } = await import('jscodeshift');
  const changed = new Map<string, string>();
  for (const [path, source] of texts) {
    const j = jscodeshift.withParser(parser ?? (/\.[cm]?ts$/.test(path) ? 'ts' : 'babel'));
    const api = { j, jscodeshift: j, stats: () => {}, report: () => {} };
    try {
      const result = await transform({ path, source }, api, {});
      if (typeof result === 'string' && result !== source) changed.set(path, result);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RunError(`the transform failed on ${path}: ${reason}`, { cause: error });
    }
  }
  return changed;
}

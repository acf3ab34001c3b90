import { quoteIdent } from './identifiers.js';

/**
 * Until the transaction ends: names without a schema are looked for in these. Where expressions of the legacy database
 * are read or evaluated, which find in an empty path other operators, or none. Nowhere else: what we write ourselves
 * must not meet somebody's function of the same name.
 */
export function lookInto(path: readonly string[]): string {
  return `SET LOCAL search_path = ${path.length === 0 ? "''" : path.map(quoteIdent).join(', ')}`;
}

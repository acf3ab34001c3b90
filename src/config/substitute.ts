/** A variable that a string of the configuration names and the environment does not have. */
export interface UnsetVariable {
  /** Where it stands: `legacy.url`. */
  readonly path: string;
  readonly name: string;
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/**
 * Replaces `${NAME}` in every string of a value by the environment's. A variable that is unset or empty stays
 * as it was written and is listed in `unset`.
 */
export function substituteVariables(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
): { readonly value: unknown; readonly unset: readonly UnsetVariable[] } {
  const unset: UnsetVariable[] = [];
  const walk = (node: unknown, path: string): unknown => {
    if (typeof node === 'string') {
      return node.replaceAll(VARIABLE, (text, name: string) => {
        const found = env[name];
        if (found !== undefined && found !== '') return found;
        unset.push({ path, name });
        return text;
      });
    }
    if (Array.isArray(node)) return node.map((item, i) => walk(item, `${path}[${i}]`));
    if (node !== null && typeof node === 'object') {
      return Object.fromEntries(
        Object.entries(node).map(([key, item]) => [key, walk(item, path === '' ? key : `${path}.${key}`)]),
      );
    }
    return node;
  };
  return { value: walk(value, ''), unset };
}

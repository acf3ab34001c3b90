import { quoteIdent } from './identifiers.js';
import type { Databases } from './ports.js';

/**
 * Until the transaction ends: names without a schema are looked for in these. Where expressions of the legacy database
 * are read or evaluated, which find in an empty path other operators, or none. Nowhere else: what we write ourselves
 * must not meet somebody's function of the same name.
 */
export function lookInto(path: readonly string[]): string {
  return `SET LOCAL search_path = ${listed(path)}`;
}

/** For a whole session; see lookInto(). */
export function lookAlwaysInto(path: readonly string[]): string {
  return `SET search_path = ${listed(path)}`;
}

/** The same databases, with sessions that look for names in these schemas: for tables that cannot be read otherwise. */
export function lookingInto(databases: Databases, path: readonly string[]): Databases {
  return {
    connect: async (url, options) => {
      const session = await databases.connect(url, options);
      try {
        await session.execute(lookAlwaysInto(path));
        return session;
      } catch (error) {
        await session.close();
        throw error;
      }
    },
  };
}

const listed = (path: readonly string[]): string =>
  path.length === 0 ? "''" : path.map(quoteIdent).join(', ');

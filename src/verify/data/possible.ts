import type { Member, SchemaCatalog } from '../../catalog/types.js';
import { type QualifiedName, sameName } from '../../core/identifiers.js';

type Named = Pick<Member, 'kind' | 'schema' | 'name'>;

const nameOf = ({ kind, schema, name }: Named): string => [kind, schema, name].join('\0');

/** What is made by the server's administrator, and not with a schema. */
const NEVER: ReadonlySet<string> = new Set(['language', 'access method', 'server', 'foreign-data wrapper']);

/**
 * Whether an object of the legacy database can be in a database that has these of its tables: it can where all that it
 * needs can, as far down as the server has noted it.
 */
export function possibleWith(
  { tables, needs }: SchemaCatalog,
  belongs: (name: QualifiedName) => boolean,
): (object: Named) => boolean {
  const isTable = (object: Named): boolean =>
    object.kind === 'relation' && tables.some((table) => sameName(table, object));
  const impossible = new Set<string>();
  const isPossible = (object: Named): boolean =>
    isTable(object) ? belongs(object) : !NEVER.has(object.kind) && !impossible.has(nameOf(object));
  for (let before = -1; before < impossible.size; ) {
    before = impossible.size;
    for (const { object, needs: needed } of needs) if (!isPossible(needed)) impossible.add(nameOf(object));
  }
  return isPossible;
}

import type { SchemaCatalog, SchemaObject } from '../../catalog/types.js';
import { type QualifiedName, sameName } from '../../core/identifiers.js';
import type { Drift } from './drift.js';

/**
 * Casts decide what an expression means. Each must be where its types and its function are, as it is in the legacy
 * database, and there must be no other.
 */
export function castDrift(legacy: SchemaCatalog, actual: SchemaCatalog): Drift[] {
  const [expected, found] = [castsOf(legacy), castsOf(actual)];
  const drift = (cast: SchemaObject, how: string, hint: string): Drift => ({
    table: cast.dependsOn[0] ?? cast,
    kind: 'constraints',
    what: `the cast ${cast.name} ${how}`,
    hint,
  });
  const make = ({ name, definition }: SchemaObject): string => `CREATE CAST (${name}) ${definition}`;
  const drop = ({ name }: SchemaObject): string => `DROP CAST (${name})`;
  const missing = expected
    .filter((cast) => cast.dependsOn.length > 0 && cast.dependsOn.every((need) => has(actual, need)))
    .flatMap((cast) => {
      const other = found.find(({ name }) => name === cast.name);
      if (other === undefined) return [drift(cast, 'is missing', make(cast))];
      return other.definition === cast.definition
        ? []
        : [drift(cast, `is ${other.definition}, not ${cast.definition}`, `${drop(cast)}; ${make(cast)}`)];
    });
  const more = found
    .filter((cast) => !expected.some(({ name }) => name === cast.name))
    .map((cast) => drift(cast, 'is not in the legacy database', drop(cast)));
  return [...missing, ...more];
}

const castsOf = ({ objects }: SchemaCatalog): SchemaObject[] => objects.filter(({ kind }) => kind === 'cast');

/** A type, a table's row type, or a function of this name. */
function has({ objects, tables }: SchemaCatalog, need: QualifiedName): boolean {
  return (
    tables.some((table) => sameName(table, need)) ||
    objects.some(
      ({ kind, schema, name }) =>
        schema === need.schema &&
        (kind === 'function' ? name.startsWith(`${need.name}(`) : HAVE_TYPES.has(kind) && name === need.name),
    )
  );
}

const HAVE_TYPES: ReadonlySet<SchemaObject['kind']> = new Set(['type', 'view', 'materialized view']);

import type { SchemaCatalog } from '../../catalog/types.js';
import { type QualifiedName, sameName } from '../../core/identifiers.js';
import type { Drift, Thing } from './drift.js';
import { isRelationOf } from './places.js';

/** An object as the server identifies it. */
export interface Place extends QualifiedName {
  /** As pg_identify_object() has it: `table constraint`, `view`. */
  readonly kind: string;
  /** The table or view that it is or hangs on. */
  readonly relation: QualifiedName | null;
}

/** Whether what a drift tells of is this object, or the table or view that it hangs on. */
export function isAbout({ kind, table, about }: Drift, place: Place): boolean {
  if (about !== undefined && keyOfThing(about) === keyOf(place)) return true;
  const whole = about?.kind.endsWith('view') ? about : undefined;
  const told = whole ?? (kind === 'columns' || kind === 'misplaced' ? table : undefined);
  return told !== undefined && place.relation !== null && sameName(told, place.relation);
}

/** Whether it is, or hangs on, a table or view that is not of this database: told with all that is too much. */
export function isElsewhere(
  { relation }: Pick<Place, 'relation'>,
  catalog: SchemaCatalog,
  belonging: readonly QualifiedName[],
): boolean {
  return relation !== null && !isRelationOf(relation, catalog, belonging);
}

const keyOf = ({ kind, schema, name, relation }: Place): string =>
  JSON.stringify([WORDS[kind] ?? kind, schema, relation?.name, name]);

const keyOfThing = ({ dependsOn: [relation], ...thing }: Thing): string =>
  keyOf({ ...thing, relation: relation ?? null });

/** One word where the server and the catalog have several. */
const WORDS: Readonly<Record<string, string>> = {
  procedure: 'function',
  aggregate: 'function',
  'check constraint': 'table constraint',
  'exclusion constraint': 'table constraint',
  default: 'default value',
  statistics: 'statistics object',
};

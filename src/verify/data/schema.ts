import type { SchemaCatalog, SchemaObject, Table } from '../../catalog/types.js';
import { displayName, type QualifiedName, quoteName, sameName } from '../../core/identifiers.js';
import type { MappedTable, TenancyMap } from '../../tenancy/types.js';
import { castDrift } from './casts.js';
import type { Drift, Thing } from './drift.js';
import {
  dropColumn,
  dropObject,
  mendColumn,
  mendForeignKey,
  mendKey,
  mendObject,
  mendRowSecurity,
} from './mend-drift.js';
import { possibleWith } from './possible.js';

/**
 * Compares a database's schema with the part of the legacy schema that belongs in it: tables, columns, keys, foreign
 * keys between these tables, and what hangs on them.
 */
export function schemaDrift(
  legacy: SchemaCatalog,
  map: TenancyMap,
  belonging: readonly MappedTable[],
  actual: SchemaCatalog,
): Drift[] {
  const rootOf = (table: Table): QualifiedName => table.parent ?? table;
  const belongs = (name: QualifiedName): boolean => {
    const table = legacy.tables.find((candidate) => sameName(candidate, name));
    return table !== undefined && belonging.some((mapped) => sameName(mapped, rootOf(table)));
  };
  const drifts: Drift[] = [];
  for (const table of legacy.tables.filter(belongs)) {
    const found = actual.tables.find((candidate) => sameName(candidate, table));
    if (found === undefined) drifts.push({ table, kind: 'columns', what: 'the table is missing' });
    else drifts.push(...tableDrift(table, found, map, belongs));
  }
  for (const table of actual.tables) {
    if (legacy.tables.some((candidate) => sameName(candidate, table) && belongs(candidate))) continue;
    const scope =
      map.tables.find((mapped) => sameName(mapped, table))?.scope ?? 'unknown to the legacy schema';
    drifts.push({
      table,
      kind: 'misplaced',
      what: `the table is there, and it is ${scope}`,
      hint: `DROP ${table.kind === 'foreign' ? 'FOREIGN ' : ''}TABLE IF EXISTS ${quoteName(table)} CASCADE`,
    });
  }
  return [...drifts, ...objectDrift(legacy, actual, belongs), ...castDrift(legacy, actual)];
}

function tableDrift(
  expected: Table,
  found: Table,
  map: TenancyMap,
  belongs: (name: QualifiedName) => boolean,
): Drift[] {
  const drift = (kind: Drift['kind'], what: string, hint?: string, about?: Thing): Drift => ({
    table: expected,
    kind,
    what,
    ...(hint === undefined ? {} : { hint }),
    ...(about === undefined ? {} : { about }),
  });
  const hanging = (kind: Thing['kind'], name: string): Thing => ({
    kind,
    schema: expected.schema,
    name,
    dependsOn: [expected],
  });
  const drifts: Drift[] = [];
  const describe = (column: Table['columns'][number]): string =>
    `${column.type}${column.notNull ? ' NOT NULL' : ''}${column.generated ? ' GENERATED' : ''}${column.identity === undefined ? '' : ` IDENTITY (${column.identity})`}`;
  const columns = new Map(found.columns.map((column) => [column.name, column]));
  for (const column of expected.columns) {
    const other = columns.get(column.name);
    columns.delete(column.name);
    if (other === undefined) drifts.push(drift('columns', `the column ${column.name} is missing`));
    else if (describe(other) !== describe(column))
      drifts.push(
        drift(
          'columns',
          `the column ${column.name} is ${describe(other)} and should be ${describe(column)}`,
          mendColumn(expected, column, other),
        ),
      );
  }
  for (const name of columns.keys())
    drifts.push(
      drift('columns', `the column ${name} is not in the legacy table`, dropColumn(expected, name)),
    );
  for (const key of expected.keys) {
    const other = found.keys.find(({ name }) => name === key.name);
    if (other?.columns.join('\0') !== key.columns.join('\0') || other.primary !== key.primary)
      drifts.push(
        drift(
          'constraints',
          `the unique key ${key.name} is missing or different`,
          mendKey(expected, key, other !== undefined),
          hanging('index', key.name),
        ),
      );
  }
  for (const key of expected.foreignKeys) {
    const dropped = map.crossingKeys.some(
      ({ table, constraint, outcome }) =>
        outcome === 'dropped' && constraint === key.name && sameName(table, expected),
    );
    if (dropped || !belongs(key.references)) continue;
    const other = found.foreignKeys.find(({ name }) => name === key.name);
    if (other === undefined)
      drifts.push(
        drift('constraints', `the foreign key ${key.name} is missing`, mendForeignKey(expected, key, false)),
      );
    else if (other.definition !== key.definition || (key.validated && !other.validated))
      drifts.push(
        drift(
          'constraints',
          `the foreign key ${key.name} is ${other.definition}`,
          mendForeignKey(expected, key, true),
          hanging('check constraint', key.name),
        ),
      );
  }
  if (found.rowSecurity !== expected.rowSecurity)
    drifts.push(
      drift(
        'constraints',
        `row security is ${found.rowSecurity} and was ${expected.rowSecurity}`,
        mendRowSecurity(expected, expected.rowSecurity),
      ),
    );
  return drifts;
}

/** What decides which rows a table may hold, or changes what is written to it. */
const RULING: ReadonlySet<SchemaObject['kind']> = new Set([
  'trigger',
  'policy',
  'rule',
  'check constraint',
  'exclusion constraint',
]);

const HANGING: ReadonlySet<SchemaObject['kind']> = new Set([
  ...RULING,
  'view',
  'materialized view',
  'statistics',
  'index',
  'default',
]);

/** How fast rows are found, and nothing else. */
const SPEED: ReadonlySet<SchemaObject['kind']> = new Set(['index', 'statistics']);

function kindOf({ kind, definition }: SchemaObject): Drift['kind'] {
  const isUnique = kind === 'index' && definition?.startsWith('CREATE UNIQUE ');
  if (isUnique) return 'constraints';
  if (SPEED.has(kind)) return 'speed';
  return RULING.has(kind) ? 'constraints' : 'object';
}

/** A database has these where it has what they need, whatever tables they speak of in words. */
const STANDING: ReadonlySet<SchemaObject['kind']> = new Set([
  'function',
  'type',
  'collation',
  'conversion',
  'operator',
  'operator class',
  'operator family',
  'text search configuration',
  'text search dictionary',
  'text search parser',
  'text search template',
]);

/**
 * Views go where everything they read is; triggers, constraints and the like with their table. What hangs on these
 * tables and not on the legacy ones is drift too.
 */
function objectDrift(
  legacy: SchemaCatalog,
  actual: SchemaCatalog,
  belongs: (name: QualifiedName) => boolean,
): Drift[] {
  const expected = legacy.objects;
  const isPossible = possibleWith(legacy, belongs);
  const views = expected.filter(({ kind }) => kind === 'view' || kind === 'materialized view');
  const present = (name: QualifiedName, through: readonly QualifiedName[]): boolean => {
    const view = views.find((candidate) => sameName(candidate, name));
    if (view === undefined) return belongs(name);
    if (!isPossible({ ...name, kind: 'relation' })) return false;
    return !through.includes(view) && view.dependsOn.every((each) => present(each, [...through, view]));
  };
  const hangsHere = (object: SchemaObject): boolean => {
    const { kind, dependsOn } = object;
    if (kind === 'view' || kind === 'materialized view')
      return legacy.objects.includes(object)
        ? present(object, [])
        : dependsOn.every((name) => present(name, []));
    return HANGING.has(kind) && dependsOn.length > 0 && dependsOn.every((name) => present(name, []));
  };
  // Another version words the same thing otherwise.
  const sameVersion = sameMajor(legacy, actual);
  const found = new Map(actual.objects.map((object) => [identity(object), object]));
  const drift = (object: SchemaObject, how: string, hint?: string): Drift => ({
    table: object.dependsOn[0] ?? object,
    kind: kindOf(object),
    what: `the ${object.kind} ${object.name} ${how}`,
    about: object,
    ...(hint === undefined ? {} : { hint }),
  });
  const missing = expected
    .filter((object) => hangsHere(object) || (STANDING.has(object.kind) && isPossible(object)))
    .flatMap((object) => {
      const other = found.get(identity(object));
      const mend = isGenerated(object, legacy) ? undefined : mendObject(object, other !== undefined);
      if (other === undefined) return [drift(object, 'is missing', mend)];
      return sameVersion && other.definition !== object.definition
        ? [drift(object, 'is not what it was', mend)]
        : [];
    });
  const known = new Set(expected.map(identity));
  const more = actual.objects
    .filter((object) => hangsHere(object) && !known.has(identity(object)))
    .map((object) => ({
      ...drift(object, 'is not in the legacy database', dropObject(object)),
      isSurplus: object.kind === 'view' || object.kind === 'materialized view',
    }));
  return [...missing, ...more];
}

/** What a generated column is computed by cannot be set. */
function isGenerated({ kind, name, dependsOn: [owner] }: SchemaObject, { tables }: SchemaCatalog): boolean {
  const table = tables.find((each) => owner !== undefined && sameName(each, owner));
  return kind === 'default' && table?.columns.some((each) => each.name === name && each.generated) === true;
}

export const sameMajor = (one: SchemaCatalog, other: SchemaCatalog): boolean => major(one) === major(other);

const major = ({ serverVersion }: SchemaCatalog): number => Math.floor(serverVersion / 10_000);

/** A view that reads something else is another, and not missing. */
const identity = ({ kind, schema, name, dependsOn }: SchemaObject): string =>
  JSON.stringify([kind, schema, name, ...(kind.endsWith('view') ? [] : dependsOn.map(displayName))]);

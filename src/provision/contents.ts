import type { SchemaCatalog, SchemaObject, Table } from '../catalog/types.js';
import type { QualifiedName } from '../core/identifiers.js';
import type { TenancyMap } from '../tenancy/types.js';
import { isRelation, type Missing, missingIn } from './missing.js';

/** The two kinds of database that the legacy one is taken apart into. */
export type DatabaseKind = 'clinic' | 'central';

/** Which of the legacy objects a kind of database holds. */
export interface Contents {
  readonly kind: DatabaseKind;
  readonly tables: readonly Table[];
  /** Views and materialised views, each after those it reads. */
  readonly views: readonly SchemaObject[];
  /** Tables and views that are not there. */
  readonly excluded: readonly QualifiedName[];
  /** Everything that is not there, with what it needs that is not there either. */
  readonly missing: readonly Missing[];
  /** Tables that are there and need something that cannot be. */
  readonly unmet: readonly Missing[];
  has(name: QualifiedName): boolean;
}

const keyOf = ({ schema, name }: QualifiedName): string => `${schema}\0${name}`;

/**
 * Takes the map's word for every table; a partition goes with its root, and everything else is where everything that it
 * needs is.
 */
export function contentsOf(catalog: SchemaCatalog, map: TenancyMap, kind: DatabaseKind): Contents {
  const roots = new Set(map.tables.filter((table) => belongs(table, map, kind)).map(keyOf));
  const tables = catalog.tables.filter((table) => roots.has(keyOf(table.parent ?? table)));
  const present = new Set(tables.map(keyOf));
  const own = new Set([...catalog.tables, ...allViews(catalog)].map(keyOf));
  const { missing, unmet } = missingIn(
    catalog,
    catalog.tables.filter((table) => !present.has(keyOf(table))),
  );
  const views: SchemaObject[] = [];
  const waiting = new Set(allViews(catalog));
  for (let found = true; found; ) {
    found = false;
    for (const view of waiting) {
      if (missing.some(({ member }) => isRelation(member, view))) continue;
      // What lies outside the schemas that were read (an extension's table) comes with its extension.
      if (!view.dependsOn.every((name) => present.has(keyOf(name)) || !own.has(keyOf(name)))) continue;
      waiting.delete(view);
      views.push(view);
      present.add(keyOf(view));
      found = true;
    }
  }
  const absent = catalog.tables.filter((table) => !present.has(keyOf(table)));
  const excluded = [...absent, ...waiting].map(({ schema, name }) => ({ schema, name }));
  return { kind, tables, views, excluded, missing, unmet, has: (name) => present.has(keyOf(name)) };
}

function belongs(table: TenancyMap['tables'][number], map: TenancyMap, kind: DatabaseKind): boolean {
  const isClinicTable = keyOf(table) === keyOf(map.clinicTable);
  if (table.scope === 'shared') return true;
  if (kind === 'central') return table.scope === 'central' || isClinicTable;
  if (table.scope === 'clinic') return true;
  return table.scope === 'central' && table.copyReferenced;
}

/** Views and materialised views, whatever they read. */
export function allViews({ objects }: SchemaCatalog): SchemaObject[] {
  return objects.filter(({ kind }) => kind === 'view' || kind === 'materialized view');
}

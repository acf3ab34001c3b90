import type { SchemaCatalog, SchemaObject, Table } from '../../catalog/types.js';
import { RunError } from '../../core/errors.js';
import { displayName, type QualifiedName, sameName } from '../../core/identifiers.js';
import type { MappedTable, TenancyMap } from '../../tenancy/types.js';

export function isClinicTable(map: TenancyMap, table: QualifiedName): boolean {
  return sameName(map.clinicTable, table);
}

/** The tables that every clinic database must hold. */
export function clinicTables(map: TenancyMap): MappedTable[] {
  return map.tables.filter(
    (table) =>
      table.scope === 'clinic' ||
      table.scope === 'shared' ||
      (table.scope === 'central' && table.copyReferenced),
  );
}

/** The tables that the central database must hold, whole. */
export function centralTables(map: TenancyMap): MappedTable[] {
  return map.tables.filter(
    (table) => table.scope === 'central' || table.scope === 'shared' || isClinicTable(map, table),
  );
}

/**
 * Whether a table or view of the legacy database goes where these tables are: a view does where everything that it reads
 * does. What the catalog does not know is an extension's, and goes everywhere.
 */
export function isRelationOf(
  name: QualifiedName,
  catalog: SchemaCatalog,
  belonging: readonly QualifiedName[],
  through: readonly SchemaObject[] = [],
): boolean {
  const view = catalog.objects.find(({ kind, ...each }) => kind.endsWith('view') && sameName(each, name));
  if (view !== undefined)
    return (
      through.includes(view) ||
      view.dependsOn.every((each) => isRelationOf(each, catalog, belonging, [...through, view]))
    );
  const table = catalog.tables.find((each) => sameName(each, name));
  return table === undefined || belonging.some((each) => sameName(each, table.parent ?? table));
}

/** The catalog's entry; a RunError where the map speaks of a table that is not there. */
export function catalogTable(catalog: SchemaCatalog, name: QualifiedName): Table {
  const found = catalog.tables.find((table) => sameName(table, name));
  if (found === undefined)
    throw new RunError(
      `the tenancy map names ${displayName(name)}, which the legacy database does not have`,
      {
        hint: 'Run inspect again: the schema has changed.',
      },
    );
  return found;
}

/** What is compared: every column, whether it was copied or computed where it is. */
export function provenColumns({ columns }: Table): string[] {
  return columns.map(({ name }) => name);
}

/** The table as its rows are where nothing is computed: in quarantine, and in what tells one row from another. */
export function asStored(table: Table): Table {
  return { ...table, columns: table.columns.filter(({ generated }) => !generated) };
}

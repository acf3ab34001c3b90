import type { CandidateColumn, SchemaCatalog, Table } from '../catalog/types.js';
import { CLINIC_WORDS, singular } from './clinic-table.js';
import { indexTables, sameTable } from './tables.js';
import type { TenancyMap } from './types.js';

/**
 * Columns named as if they held a clinic's key (`company_id`, `clinicId`, `tenant_id` …) in tables that no
 * foreign key ties to the clinic table: only their values can tell. Pure; probeColumns() asks the values.
 */
export function candidateColumns(
  catalog: SchemaCatalog,
  clinicTable: TenancyMap['clinicTable'],
): CandidateColumn[] {
  return indexTables(catalog)
    .roots.filter((table) => table.kind !== 'foreign' && !sameTable(table, clinicTable))
    .filter((table) => !table.foreignKeys.some((key) => sameTable(key.references, clinicTable)))
    .flatMap((table) =>
      namedLikeClinic(table, clinicTable).map((column) => ({
        table: { schema: table.schema, name: table.name, kind: table.kind },
        column,
      })),
    );
}

/** Columns of the table with a clinic-like name that are no foreign key by themselves. */
export function namedLikeClinic(table: Table, clinicTable: TenancyMap['clinicTable']): string[] {
  const words = new Set([...CLINIC_WORDS, singular(clinicTable.name)]);
  const endings = new Set(['id', 'key', 'uuid', singular(clinicTable.key), clinicTable.key.toLowerCase()]);
  const declared = new Set(
    table.foreignKeys.filter((key) => key.columns.length === 1).flatMap((key) => key.columns),
  );
  const names = new Set([...words].flatMap((word) => [...endings].map((ending) => word + ending)));
  return table.columns
    .map(({ name }) => name)
    .filter((name) => !declared.has(name) && names.has(name.toLowerCase().replaceAll('_', '')));
}

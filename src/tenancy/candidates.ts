import type { CandidateColumn, SchemaCatalog, Table } from '../catalog/types.js';
import type { TableConfig } from '../config/types.js';
import { CLINIC_WORDS, singular } from './clinic-table.js';
import { keyNames } from './key-names.js';
import { indexTables, isElsewhere, isUnique, sameTable, tableKey } from './tables.js';
import type { TenancyMap } from './types.js';

/**
 * Columns that may hold clinics' keys without a foreign key that says so: named like a clinic's key (`company_id`,
 * `clinicId`, `tenant_id` …), or of the name and type of a column that does hold them; and those that the configuration
 * says name other clinics. In every table, whatever other way to the clinic it has: only the values can tell. Pure;
 * probeColumns() asks the values.
 */
export function candidateColumns(
  catalog: SchemaCatalog,
  clinicTable: TenancyMap['clinicTable'],
  tables: Readonly<Record<string, TableConfig>>,
): CandidateColumn[] {
  const index = indexTables(catalog);
  const names = keyNames(index, clinicTable, tables);
  const others = new Map(
    Object.entries(tables).map(([text, { otherClinics = [] }]) => [
      tableKey(index.named(text, `tables.${text}`)),
      otherClinics,
    ]),
  );
  return index.roots
    .filter((table) => !isElsewhere(table, catalog))
    .flatMap((table) => {
      const alike = new Set(namedLikeClinic(table, clinicTable));
      const declared = new Set(
        table.foreignKeys.filter((key) => key.columns.length === 1).flatMap((key) => key.columns),
      );
      const elsewhere = others.get(tableKey(table)) ?? [];
      const { schema, name, kind } = table;
      return table.columns.flatMap((column): CandidateColumn[] => {
        const known = names.clinicColumn(column);
        const isValue = elsewhere.includes(column.name);
        const isOpen = !declared.has(column.name) && !isOwnKey(table, column.name, clinicTable);
        if (!isValue && !(isOpen && (known !== undefined || alike.has(column.name)))) return [];
        const declaredColumn = table.foreignKeys.find(
          (key) =>
            key.columns.length === 1 &&
            key.columns[0] === column.name &&
            sameTable(key.references, clinicTable),
        )?.referencedColumns[0];
        const clinicColumn = declaredColumn ?? known ?? clinicTable.key;
        return [{ table: { schema, name, kind }, column: column.name, clinicColumn }];
      });
    });
}

/** What tells a clinic's own row from others is no word about another clinic. */
function isOwnKey(table: Table, column: string, clinicTable: TenancyMap['clinicTable']): boolean {
  return sameTable(table, clinicTable) && (column === clinicTable.key || isUnique(table, [column]));
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

import type { Column, ForeignKey, Table } from '../catalog/types.js';
import { singular } from '../tenancy/clinic-table.js';
import { isUnique, sameTable, type TableIndex, tableKey } from '../tenancy/tables.js';
import type { MappedTable, TenancyMap } from '../tenancy/types.js';

/** A declared foreign key that leads to a table. */
export interface ReferringKey {
  readonly from: MappedTable;
  readonly key: ForeignKey;
}

/** Every declared foreign key to this table from another one. */
export function referringKeys(table: Table, index: TableIndex, map: TenancyMap): ReferringKey[] {
  const mapped = new Map(map.tables.map((entry) => [tableKey(entry), entry]));
  return index.roots
    .filter((other) => !sameTable(other, table))
    .flatMap((other) => {
      const from = mapped.get(tableKey(other));
      const keys = other.foreignKeys.filter(({ references }) => {
        const root = index.rootOf(references);
        return root !== undefined && sameTable(root, table);
      });
      return from === undefined ? [] : keys.map((key) => ({ from, key }));
    });
}

/** A column that is named as if it referred to a clinic's row, though no foreign key says so. */
export interface PossibleReference {
  readonly column: string;
  readonly target: Table;
  readonly targetColumn: string;
}

/** `patient_id` where there is a clinic table `patients` with a unique `id` (or `patient_id`) of the same kind. */
export function possibleReferences(table: Table, index: TableIndex, map: TenancyMap): PossibleReference[] {
  const targets = map.tables
    .filter(({ scope }) => scope === 'clinic')
    .flatMap((entry) => index.find(entry) ?? [])
    .filter((target) => !sameTable(target, table));
  const declared = new Set(table.foreignKeys.flatMap(({ columns }) => columns));
  return table.columns
    .filter(({ name }) => !declared.has(name) && !name.includes('.'))
    .flatMap((column) =>
      targets.flatMap((target) =>
        target.columns
          .filter((key) => !isClinicKey(target, key, map))
          .filter((key) => !key.name.includes('.') && isUnique(target, [key.name]))
          .filter((key) => namesRow(column, target, key) && kindOf(column) === kindOf(key))
          .map((key) => ({ column: column.name, target, targetColumn: key.name })),
      ),
    );
}

/** Columns that hold clinics' keys are found by themselves. */
function isClinicKey(target: Table, { name }: Column, { clinicTable }: TenancyMap): boolean {
  return sameTable(target, clinicTable) && name === clinicTable.key;
}

function namesRow(column: Column, target: Table, key: Column): boolean {
  const [name, own, thing] = [plain(column.name), plain(key.name), singular(target.name)];
  return name === thing + own || (name === own && own.startsWith(thing) && own !== thing);
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}

/** Types that hold the same values, as far as keys go. */
function kindOf({ type }: Column): string {
  if (/^(smallint|integer|bigint)$/.test(type)) return 'whole number';
  return /^(text|character varying|citext)/.test(type) ? 'text' : type;
}

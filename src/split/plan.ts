import { rowsOf } from '../catalog/rows.js';
import type { SchemaCatalog } from '../catalog/types.js';
import type { QualifiedName } from '../core/identifiers.js';
import type { ClinicTable, MappedTable, TenancyMap } from '../tenancy/types.js';
import { findTable } from './unique.js';

/** What is copied of one table, and where to. */
export interface TablePlan {
  readonly table: QualifiedName;
  /** Its rows, ready for FROM. */
  readonly rows: string;
  /** Every column but the generated ones, in the legacy table's order. */
  readonly columns: readonly string[];
  /** Every column: what is generated must come out as it was. */
  readonly proof: readonly string[];
  readonly mapped: MappedTable;
  /**
   * `each its own`: by the clinic key; `all`: every row to every clinic; `referenced`: to each clinic the rows that its
   * own refer to; `none`: clinics do not get it.
   */
  readonly clinics: 'each its own' | 'all' | 'referenced' | 'none';
  /** True where the central database gets every row. */
  readonly central: boolean;
}

/** The tables that are copied, in the map's order; ignored and unresolved ones are not. */
export function planTables(catalog: SchemaCatalog, map: TenancyMap): TablePlan[] {
  return map.tables
    .filter(({ scope }) => scope !== 'ignored' && scope !== 'unresolved')
    .map((mapped) => {
      const entry = findTable(catalog, mapped);
      return {
        table: { schema: mapped.schema, name: mapped.name },
        rows: rowsOf(entry),
        columns: entry.columns.filter((column) => !column.generated).map((column) => column.name),
        proof: entry.columns.map((column) => column.name),
        mapped,
        clinics: clinicsShare(mapped),
        central: mapped.scope === 'central' || mapped.scope === 'shared' || isClinicTable(map, mapped),
      };
    });
}

function clinicsShare(mapped: MappedTable): TablePlan['clinics'] {
  if (mapped.scope === 'clinic') return 'each its own';
  if (mapped.scope === 'shared') return 'all';
  return mapped.copyReferenced ? 'referenced' : 'none';
}

/** The clinic table itself: its whole contents are the central database's directory of clinics. */
export function isClinicTable(map: TenancyMap, { schema, name }: QualifiedName): boolean {
  return map.clinicTable.schema === schema && map.clinicTable.name === name;
}

/** The map's entry as a clinic table, where rows have to be routed. */
export function routedTable(plan: TablePlan): ClinicTable | undefined {
  return plan.mapped.scope === 'clinic' ? plan.mapped : undefined;
}

/** The tables that one kind of database gets. */
export function tablesOf(plans: readonly TablePlan[], isCentral: boolean): TablePlan[] {
  return plans.filter((plan) => (isCentral ? plan.central : plan.clinics !== 'none'));
}

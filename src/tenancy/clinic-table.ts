import type { SchemaCatalog, Table } from '../catalog/types.js';
import type { ClinicsConfig } from '../config/types.js';
import { UsageError } from '../core/errors.js';
import { displayName } from '../core/identifiers.js';
import { indexTables, isUnique, mayBeNull, requireColumn, sameTable, type TableIndex } from './tables.js';
import type { TenancyMap } from './types.js';

/** What applications call the thing that this program calls a clinic, singular and without underscores. */
export const CLINIC_WORDS = [
  'clinic',
  'company',
  'tenant',
  'practice',
  'organization',
  'organisation',
  'hospital',
  'cabinet',
];

const LABELS = ['name', 'label', 'title', 'display_name', 'displayName', 'clinic_name', 'company_name'];

/** `Companies` and `company_` alike become `company`. */
export function singular(name: string): string {
  const plain = name.toLowerCase().replaceAll(/[_\s-]/g, '');
  return plain.replace(/ies$/, 'y').replace(/([^s])s$/, '$1');
}

/**
 * The table that holds the clinics, as configured, else the one with a clinic-like name that most tables
 * point at. UsageError where that is not clear, or where the key cannot tell clinics apart.
 */
export function findClinicTable(
  catalog: SchemaCatalog,
  config: Pick<ClinicsConfig, 'table' | 'key' | 'label'>,
): TenancyMap['clinicTable'] {
  const index = indexTables(catalog);
  const table = config.table === undefined ? inferred(index) : index.named(config.table, 'clinics.table');
  const key = config.key ?? primaryColumn(table);
  requireColumn(table, key, 'clinics.key');
  if (!isUnique(table, [key]) || mayBeNull(table, [key])) {
    throw new UsageError(`clinics.key ${key} does not tell the rows of ${displayName(table)} apart`, {
      hint: 'Name a column that is unique by itself and NOT NULL.',
    });
  }
  if (config.label !== undefined) requireColumn(table, config.label, 'clinics.label');
  const label = config.label ?? LABELS.find((name) => table.columns.some((column) => column.name === name));
  return { schema: table.schema, name: table.name, key, label: label ?? key };
}

function inferred(index: TableIndex): Table {
  const ranked = index.roots
    .filter((table) => CLINIC_WORDS.includes(singular(table.name)))
    .map((table) => ({
      table,
      referring: index.roots.filter((other) =>
        other.foreignKeys.some((key) => sameTable(key.references, table)),
      ).length,
    }))
    .sort((a, b) => b.referring - a.referring);
  const [first, second] = ranked;
  if (first === undefined) {
    throw new UsageError('no table of the legacy database has a name like clinics, companies or tenants', {
      hint: 'Name the table that holds the clinics in clinics.table.',
    });
  }
  if (second !== undefined && second.referring === first.referring) {
    throw new UsageError(
      `the table that holds the clinics may be ${ranked.map(({ table }) => displayName(table)).join(' or ')}`,
      { hint: 'Name it in clinics.table.' },
    );
  }
  return first.table;
}

function primaryColumn(table: Table): string {
  const primary = table.keys.find((key) => key.primary);
  const [column] = primary?.columns ?? [];
  if (column !== undefined && primary?.columns.length === 1) return column;
  throw new UsageError(`the clinic table ${displayName(table)} has no primary key of one column`, {
    hint: 'Name a unique column in clinics.key.',
  });
}

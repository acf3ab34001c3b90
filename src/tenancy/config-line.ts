import type { TableIndex } from './tables.js';
import type { MappedTable } from './types.js';

/** The line of the configuration that says that these columns, with those that it says already, name other clinics. */
export function configLine(
  index: Pick<TableIndex, 'shortName'>,
  table: MappedTable,
  columns: readonly string[],
): string {
  const key = JSON.stringify(index.shortName(table));
  const scope = table.scope === 'clinic' || table.scope === 'unresolved' ? '' : `scope: '${table.scope}', `;
  const all = [...new Set([...(table.otherClinics ?? []), ...columns])].map((one) => JSON.stringify(one));
  return `tables: { ${key}: { ${scope}otherClinics: [${all.join(', ')}] } }`;
}

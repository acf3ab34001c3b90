import type { TableIndex } from './tables.js';
import type { MappedTable } from './types.js';

/** The line of the configuration that says that these columns, with those that it says already, name other clinics. */
export function configLine(
  index: Pick<TableIndex, 'shortName'>,
  table: MappedTable,
  columns: readonly string[],
): string {
  const key = JSON.stringify(index.shortName(table));
  const all = [...new Set([...(table.otherClinics ?? []), ...columns])].map((one) => JSON.stringify(one));
  return `tables: { ${key}: { ${scopeOf(table)}otherClinics: [${all.join(', ')}] } }`;
}

/** The line of the configuration that says that this column, with those that it says already, names large objects. */
export function largeObjectsLine(
  index: Pick<TableIndex, 'shortName'>,
  table: MappedTable,
  column: string,
): string {
  const key = JSON.stringify(index.shortName(table));
  const all = [...(table.largeObjects ?? []), column].map((one) => JSON.stringify(one));
  return `tables: { ${key}: { ${scopeOf(table)}largeObjects: [${all.join(', ')}] } }`;
}

/** What the configuration has to say of the scope beside anything else. */
function scopeOf({ scope }: MappedTable): string {
  return scope === 'clinic' || scope === 'unresolved' ? '' : `scope: '${scope}', `;
}

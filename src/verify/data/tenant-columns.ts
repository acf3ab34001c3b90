import { rowsOf } from '../../catalog/rows.js';
import type { Column, SchemaCatalog, Table } from '../../catalog/types.js';
import { quoteIdent, sameName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import type { MappedTable, TenancyMap } from '../../tenancy/types.js';
import { asKey, equal } from './equality.js';
import { catalogTable, isClinicTable } from './places.js';

/** A column that names a clinic, so that a clinic's database may hold its own key in it and no other. */
export interface TenantColumn {
  readonly table: MappedTable;
  readonly column: string;
  /** The clinic table's column that it holds. */
  readonly holds: string;
}

/** How applications call the column that says whose a row is. */
const NAMED = /^(clinic|company|tenant|practice|organi[sz]ation|hospital|cabinet)(id|key|uuid)$/;

/**
 * Every column that names a clinic, by the legacy database alone, whatever the tenancy map makes of it: with a foreign
 * key to the clinic table, of the name and type of one that has, or named so; unless its values in the legacy database
 * are no clinics' keys at all. Left out is what the configuration says of other clinics.
 */
export async function tenantColumns(
  legacy: Session,
  catalog: SchemaCatalog,
  map: TenancyMap,
): Promise<TenantColumn[]> {
  const found: TenantColumn[] = [];
  for (const candidate of candidates(catalog, map)) {
    if (await holdsClinics(legacy, candidate, catalog, map)) found.push(candidate);
  }
  return found;
}

function candidates(catalog: SchemaCatalog, map: TenancyMap): TenantColumn[] {
  const keys = [...catalog.tables.flatMap((table) => keyColumns(table, map)), ...ruleColumns(catalog, map)];
  const { clinicTable } = map;
  const own = plain(clinicTable.name)
    .replace(/ies$/, 'y')
    .replace(/([^s])s$/, '$1');
  const isNamed = (name: string): boolean =>
    NAMED.test(name) || [plain(clinicTable.key), 'id', 'key', 'uuid'].some((ending) => name === own + ending);
  return map.tables
    .filter(({ scope }) => scope === 'clinic' || scope === 'shared')
    .flatMap((table) => {
      const entry = catalogTable(catalog, table);
      const declared = keyColumns(entry, map);
      return entry.columns.flatMap((column): TenantColumn[] => {
        if (table.otherClinics?.includes(column.name) || tellsItself(entry, column, map)) return [];
        const own = declared.find((key) => key.column.name === column.name);
        if (own !== undefined) return [{ table, column: column.name, holds: own.holds }];
        if (entry.foreignKeys.some((key) => key.columns.length === 1 && key.columns[0] === column.name))
          return [];
        const alike = keys.filter(
          (key) => isAlike(key.column, column) && !isAmbiguous(key.column, catalog, map),
        );
        const like = alike.find(({ holds }) => holds === clinicTable.key) ?? alike[0];
        if (like === undefined && !isNamed(plain(column.name))) return [];
        return [{ table, column: column.name, holds: like?.holds ?? clinicTable.key }];
      });
    });
}

/** The clinic table's own keys, and its declared references to other clinics, say nothing of whose a row is. */
function tellsItself(table: Table, { name }: Column, map: TenancyMap): boolean {
  if (!isClinicTable(map, table)) return false;
  const isKey = table.keys.some(({ columns }) => columns.length === 1 && columns[0] === name);
  return (
    isKey || table.foreignKeys.some((key) => key.columns.includes(name) && isClinicTable(map, key.references))
  );
}

function keyColumns(table: Table, map: TenancyMap): { readonly column: Column; readonly holds: string }[] {
  if (isClinicTable(map, table)) return [];
  return table.foreignKeys
    .filter(({ references }) => isClinicTable(map, references))
    .flatMap(({ columns, referencedColumns }) => {
      const at = columns.length === 1 ? 0 : referencedColumns.indexOf(map.clinicTable.key);
      const column = table.columns.find(({ name }) => name === columns[at]);
      const holds = referencedColumns[at];
      return column === undefined || holds === undefined ? [] : [{ column, holds }];
    });
}

/** What is known of the configuration: columns that tell whose a row is. */
function ruleColumns(
  catalog: SchemaCatalog,
  map: TenancyMap,
): { readonly column: Column; readonly holds: string }[] {
  return map.tables.flatMap((table) =>
    (table.scope === 'clinic' ? table.rules : []).flatMap((rule) => {
      if (rule.kind !== 'column') return [];
      const column = catalogTable(catalog, table).columns.find(({ name }) => name === rule.column);
      return column === undefined ? [] : [{ column, holds: rule.clinicColumn }];
    }),
  );
}

/** A name that is some other table's own key, or refers to one, is nobody's word for a clinic. */
function isAmbiguous(column: Column, catalog: SchemaCatalog, map: TenancyMap): boolean {
  return catalog.tables.some((table) => {
    if (table.parent !== undefined || !table.columns.some((other) => isAlike(other, column))) return false;
    const keys = table.foreignKeys.filter(
      ({ columns }) => columns.length === 1 && columns[0] === column.name,
    );
    if (keys.some(({ references }) => isClinicTable(map, references))) return false;
    const isOwn =
      !isClinicTable(map, table) &&
      table.keys.some(
        ({ primary, columns }) => primary && columns.length === 1 && columns[0] === column.name,
      );
    return isOwn || keys.length > 0;
  });
}

function isAlike(one: Column, other: Column): boolean {
  return one.name === other.name && kind(one.type) === kind(other.type);
}

const KINDS = [/^(small|big)?int(eger)?$/, /^(text|character varying.*)$/];

function kind(type: string): string {
  const at = KINDS.findIndex((each) => each.test(type));
  return at === -1 ? type.replace(/\(.*/, '') : String(at);
}

const plain = (name: string): string => name.toLowerCase().replaceAll('_', '');

/** False where the column has values in the legacy database and none of them is a clinic's. */
async function holdsClinics(
  legacy: Session,
  { table, column, holds }: TenantColumn,
  catalog: SchemaCatalog,
  map: TenancyMap,
): Promise<boolean> {
  const entry = catalogTable(catalog, table);
  const clinics = catalogTable(catalog, map.clinicTable);
  const value = asKey(quoteIdent(column));
  const [found] = await legacy.query<{ holds: boolean }>(
    `SELECT NOT EXISTS (SELECT FROM ${rowsOf(entry)} WHERE ${quoteIdent(column)} IS NOT NULL)
         OR EXISTS (SELECT FROM ${rowsOf(entry)} WHERE ${value} IN (SELECT ${asKey(quoteIdent(holds))} FROM ${rowsOf(clinics)})) AS holds`,
  );
  return found?.holds === true;
}

/** SQL over the rows of a table under `row`: true where one names another clinic than that of the key in $1. */
export function namesAnother(
  table: MappedTable,
  row: string,
  columns: readonly TenantColumn[],
  catalog: SchemaCatalog,
  map: TenancyMap,
): string {
  const owner = catalogTable(catalog, table);
  const clinics = catalogTable(catalog, map.clinicTable);
  const own = `${asKey(`own.${quoteIdent(map.clinicTable.key)}`)} = $1`;
  const conditions = columns
    .filter((one) => sameName(one.table, table))
    .map(({ column, holds }) => {
      const value = `${row}.${quoteIdent(column)}`;
      const same = equal(
        { sql: `own.${quoteIdent(holds)}`, table: clinics, column: holds },
        { sql: value, table: owner, column },
      );
      return `(${value} IS NOT NULL AND NOT EXISTS (SELECT FROM ${rowsOf(clinics)} AS own WHERE ${own} AND ${same}))`;
    });
  return conditions.length === 0 ? 'false' : `(${conditions.join(' OR ')})`;
}

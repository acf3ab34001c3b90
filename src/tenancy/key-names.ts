import type { Column, Table } from '../catalog/types.js';
import type { TableConfig } from '../config/types.js';
import { sameTable, type TableIndex } from './tables.js';
import type { TenancyMap } from './types.js';

type ClinicTableName = TenancyMap['clinicTable'];

/** Names and types of columns that hold clinics' keys somewhere in the schema. */
export interface KeyNames {
  /** The clinic table's column that a column of this name and type holds; undefined where none is known to. */
  clinicColumn(column: Column): string | undefined;
}

interface Known {
  readonly column: Column;
  readonly clinicColumn: string;
}

/**
 * What the schema and the configuration say. A name that also means something else in this schema (the primary key of
 * another table, a reference to one) tells nothing: `id` of a table that has one row a clinic, say. Nor does what
 * a clinic's own row calls another clinic, such as its parent.
 */
export function keyNames(
  index: TableIndex,
  clinicTable: ClinicTableName,
  tables: Readonly<Record<string, TableConfig>>,
): KeyNames {
  const known = [...declaredKeys(index, clinicTable), ...configuredKeys(index, clinicTable, tables)].filter(
    ({ column }) => !meansOther(column, index, clinicTable),
  );
  return {
    clinicColumn: (column) => {
      const alike = known.filter((one) => sameNameAndType(one.column, column));
      return (alike.find((one) => one.clinicColumn === clinicTable.key) ?? alike[0])?.clinicColumn;
    },
  };
}

/** Types that hold the same values count as one. */
export function sameNameAndType(one: Column, other: Column): boolean {
  return one.name === other.name && familyOf(one) === familyOf(other);
}

function familyOf({ type }: Column): string {
  if (/^(smallint|integer|bigint)$/.test(type)) return 'whole number';
  return /^(text|character varying)/.test(type) ? 'text' : type.replace(/\(.*\)$/, '');
}

function declaredKeys(index: TableIndex, clinicTable: ClinicTableName): Known[] {
  return index.all.flatMap((table) =>
    table.foreignKeys.flatMap((key) => {
      if (sameTable(table, clinicTable) || !sameTable(key.references, clinicTable)) return [];
      const at = key.columns.length === 1 ? 0 : key.referencedColumns.indexOf(clinicTable.key);
      return knownColumn(table, key.columns[at], key.referencedColumns[at]);
    }),
  );
}

function configuredKeys(
  index: TableIndex,
  clinicTable: ClinicTableName,
  tables: Readonly<Record<string, TableConfig>>,
): Known[] {
  return Object.entries(tables).flatMap(([text, { key, via }]) => {
    const table = index.named(text, `tables.${text}`);
    const ways = via === undefined ? [] : Array.isArray(via) ? via : [via];
    const direct = ways.flatMap((way) => {
      const dot = typeof way === 'string' ? -1 : way.references.lastIndexOf('.');
      if (dot < 1 || way.when !== undefined) return [];
      const target = index.named(way.references.slice(0, dot), `tables.${text}.via.references`);
      const referenced = way.references.slice(dot + 1);
      return sameTable(target, clinicTable) ? knownColumn(table, way.column, referenced) : [];
    });
    // A foreign key says itself what the column holds.
    const isDeclared = table.foreignKeys.some(({ columns }) => columns.length === 1 && columns[0] === key);
    return isDeclared ? direct : [...knownColumn(table, key, clinicTable.key), ...direct];
  });
}

function knownColumn(table: Table, name: string | undefined, clinicColumn: string | undefined): Known[] {
  const column = table.columns.find((one) => one.name === name);
  return column === undefined || clinicColumn === undefined ? [] : [{ column, clinicColumn }];
}

function meansOther(column: Column, index: TableIndex, clinicTable: ClinicTableName): boolean {
  return index.roots.some((table) => {
    const found = table.columns.find((one) => sameNameAndType(one, column));
    if (found === undefined) return false;
    const keys = table.foreignKeys.filter(({ columns }) => columns.length === 1 && columns[0] === found.name);
    if (keys.some(({ references }) => sameTable(references, clinicTable))) return false;
    const isPrimary = table.keys.some(
      ({ primary, columns }) => primary && columns.length === 1 && columns[0] === found.name,
    );
    return keys.length > 0 || (isPrimary && !sameTable(table, clinicTable));
  });
}

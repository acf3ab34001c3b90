import type { Column, SchemaCatalog, Table } from '../catalog/types.js';
import { UsageError } from '../core/errors.js';
import { displayName, type QualifiedName } from '../core/identifiers.js';
import { didYouMean } from '../core/near-miss.js';

/** A key for maps that no two names share, whatever they contain. */
export function tableKey({ schema, name }: QualifiedName): string {
  return `${schema}\0${name}`;
}

export function sameTable(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.name === b.name;
}

/** The catalog's tables by name, as configuration and foreign keys name them. */
export interface TableIndex {
  /** Every table that is not a partition, in the catalog's order. */
  readonly roots: readonly Table[];
  /** Partitions too: one may have foreign keys of its own. */
  readonly all: readonly Table[];
  /** The table of this name, or undefined where it lies outside the schemas that were read. */
  find(name: QualifiedName): Table | undefined;
  /** The table whose rows these are: the root of a partition, else the table itself. */
  rootOf(name: QualifiedName): Table | undefined;
  /** A table as the configuration writes it: `patients` or `clinic.patients`. */
  named(text: string, where: string): Table;
  /** The shortest text that named() resolves to this table. */
  shortName(table: QualifiedName): string;
}

export function indexTables(catalog: SchemaCatalog): TableIndex {
  const byKey = new Map(catalog.tables.map((table) => [tableKey(table), table]));
  const roots = catalog.tables.filter((table) => table.parent === undefined);
  const find = (name: QualifiedName): Table | undefined => byKey.get(tableKey(name));
  const matching = (text: string): Table[] => {
    const exact = catalog.tables.filter((table) => displayName(table) === text);
    return exact.length > 0 ? exact : catalog.tables.filter((table) => table.name === text);
  };
  return {
    roots,
    all: catalog.tables,
    find,
    rootOf: (name) => {
      const table = find(name);
      return table?.parent === undefined ? table : find(table.parent);
    },
    named: (text, where) => {
      const [found, ...more] = matching(text);
      if (found === undefined) {
        const names = roots.map((table) => (text.includes('.') ? displayName(table) : table.name));
        throw new UsageError(`${where} names the table ${text}, which the legacy database does not have`, {
          hint: didYouMean(text, names),
        });
      }
      if (more.length > 0) {
        const all = [found, ...more].map(displayName).join(', ');
        throw new UsageError(`${where} names the table ${text}, which may be any of ${all}`, {
          hint: 'Write the schema before the name.',
        });
      }
      if (found.parent !== undefined) {
        throw new UsageError(`${where} names ${text}, which is a part of ${displayName(found.parent)}`, {
          hint: `Name ${displayName(found.parent)}: its parts follow it.`,
        });
      }
      return found;
    },
    shortName: (table) => {
      const [found, ...more] = matching(table.name);
      const isPlain = found !== undefined && more.length === 0 && sameTable(found, table);
      return isPlain ? table.name : displayName(table);
    },
  };
}

/** The table's column of this name; a UsageError with the near miss where there is none. */
export function requireColumn(table: Table, column: string, where: string): Column {
  const found = table.columns.find(({ name }) => name === column);
  if (found !== undefined) return found;
  throw new UsageError(`${where} names the column ${column}, which ${displayName(table)} does not have`, {
    hint: didYouMean(
      column,
      table.columns.map(({ name }) => name),
    ),
  });
}

/** True where at most one row of the table can have given values in these columns. */
export function isUnique(table: Table, columns: readonly string[]): boolean {
  return table.keys.some((key) => key.columns.every((column) => columns.includes(column)));
}

/** True where one of these columns may be NULL. */
export function mayBeNull(table: Table, columns: readonly string[]): boolean {
  return columns.some((column) => table.columns.find(({ name }) => name === column)?.notNull !== true);
}

/** True where rows of it are on another server: it is foreign, or a part of it is. Nothing of such a table is read. */
export function isElsewhere(
  table: QualifiedName & Pick<Table, 'kind'>,
  { tables }: Pick<SchemaCatalog, 'tables'>,
): boolean {
  return (
    table.kind === 'foreign' ||
    tables.some(
      ({ kind, parent }) =>
        kind === 'foreign' && parent?.schema === table.schema && parent.name === table.name,
    )
  );
}

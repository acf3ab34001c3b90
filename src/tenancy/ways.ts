import type { ForeignKey, Table } from '../catalog/types.js';
import type { TableConfig, Via, ViaReference } from '../config/types.js';
import { UsageError } from '../core/errors.js';
import { displayName } from '../core/identifiers.js';
import { isUnique, requireColumn, sameTable, type TableIndex } from './tables.js';
import type { Reference, Rule, TenancyMap } from './types.js';

type ClinicTableName = TenancyMap['clinicTable'];

/** The ways out of a table that the schema declares. */
export interface Ways {
  /** Columns with a foreign key to the clinic table. */
  readonly columns: readonly (Rule & { kind: 'column' })[];
  /** References to one row of another table (or of this one). */
  readonly paths: readonly (Rule & { kind: 'path' })[];
}

/**
 * Declared foreign keys as rules; one that may match several rows is no way, and neither is one by a column that names
 * other clinics.
 */
export function declaredWays(
  table: Table,
  index: TableIndex,
  clinicTable: ClinicTableName,
  otherClinics: readonly string[],
): Ways {
  const columns: (Rule & { kind: 'column' })[] = [];
  const paths: (Rule & { kind: 'path' })[] = [];
  for (const key of table.foreignKeys) {
    if (key.columns.some((column) => otherClinics.includes(column))) continue;
    const rule = ruleOf(key, index, clinicTable);
    if (rule?.kind === 'path') paths.push(rule);
    else if (rule !== undefined && !columns.some(({ column }) => column === rule.column)) columns.push(rule);
  }
  return { columns, paths };
}

function ruleOf(
  key: ForeignKey,
  index: TableIndex,
  clinicTable: ClinicTableName,
): Exclude<Rule, { kind: 'self' }> | undefined {
  const target = index.rootOf(key.references);
  if (target === undefined || !isUnique(target, key.referencedColumns)) return undefined;
  if (sameTable(target, clinicTable)) {
    const at = key.columns.length === 1 ? 0 : key.referencedColumns.indexOf(clinicTable.key);
    const column = key.columns[at];
    const clinicColumn = key.referencedColumns[at];
    if (column !== undefined && clinicColumn !== undefined) return { kind: 'column', column, clinicColumn };
  }
  return { kind: 'path', reference: { ...referenceOf(key), references: nameOf(target) } };
}

function referenceOf(key: ForeignKey): Reference {
  return {
    columns: key.columns,
    references: key.references,
    referencedColumns: key.referencedColumns,
    when: undefined,
    constraint: key.name,
  };
}

function nameOf({ schema, name }: Table): { schema: string; name: string } {
  return { schema, name };
}

/**
 * What the configuration says of the way to the clinic: the key column first, then each via, in order. Empty
 * where it says nothing. UsageError where a column does not exist or leads nowhere.
 */
export function configuredRules(
  table: Table,
  config: TableConfig,
  where: string,
  index: TableIndex,
  clinicTable: ClinicTableName,
): Rule[] {
  const rules: Rule[] = [];
  const others = otherClinicsOf(table, config, where);
  const declared = declaredWays(table, index, clinicTable, others);
  if (config.key !== undefined) {
    const { name } = requireColumn(table, config.key, `${where}.key`);
    const known = declared.columns.find(({ column }) => column === name);
    rules.push(known ?? { kind: 'column', column: name, clinicColumn: clinicTable.key });
  }
  const via: readonly Via[] =
    config.via === undefined ? [] : Array.isArray(config.via) ? config.via : [config.via as Via];
  for (const way of via) {
    rules.push(
      typeof way === 'string'
        ? declaredVia(table, way, `${where}.via`, declared)
        : describedVia(table, way, `${where}.via`, index, clinicTable),
    );
  }
  return rules;
}

/**
 * The columns that the configuration calls names of other clinics. UsageError where one does not exist, or is to tell
 * the row's own clinic all the same.
 */
export function otherClinicsOf(table: Table, config: TableConfig | undefined, where: string): string[] {
  if (config?.otherClinics === undefined) return [];
  const via = config.via === undefined ? [] : Array.isArray(config.via) ? config.via : [config.via as Via];
  const own = [config.key, ...via.map((way: Via) => (typeof way === 'string' ? way : way.column))];
  return config.otherClinics.map((column) => {
    requireColumn(table, column, `${where}.otherClinics`);
    if (!own.includes(column)) return column;
    throw new UsageError(
      `${where} names ${column} as what tells the row's clinic, and in otherClinics as what does not`,
      { hint: `Take ${column} out of otherClinics, or out of key and via.` },
    );
  });
}

function declaredVia(table: Table, column: string, where: string, declared: Ways): Rule {
  requireColumn(table, column, where);
  const direct = declared.columns.find((rule) => rule.column === column);
  if (direct !== undefined) return direct;
  const through = declared.paths.filter(({ reference }) => reference.columns.includes(column));
  const single = through.filter(({ reference }) => reference.columns.length === 1);
  const [found, ...more] = single.length > 0 ? single : through;
  if (found !== undefined && more.length === 0) return found;
  const what = found === undefined ? 'carries no foreign key' : 'carries several foreign keys';
  throw new UsageError(`${where} names ${displayName(table)}.${column}, which ${what}`, {
    hint: `Say where it leads: via: { column: '${column}', references: 'table.column' }.`,
  });
}

function describedVia(
  table: Table,
  via: ViaReference,
  where: string,
  index: TableIndex,
  clinicTable: ClinicTableName,
): Rule {
  requireColumn(table, via.column, `${where}.column`);
  const dot = via.references.lastIndexOf('.');
  if (dot < 1) {
    throw new UsageError(
      `${where}.references of ${displayName(table)} is ${JSON.stringify(via.references)}`,
      {
        hint: "Write 'table.column' or 'schema.table.column'.",
      },
    );
  }
  const target = index.named(via.references.slice(0, dot), `${where}.references`);
  const { name: referenced } = requireColumn(target, via.references.slice(dot + 1), `${where}.references`);
  if (!isUnique(target, [referenced])) {
    throw new UsageError(
      `${where}.references ${via.references} is not unique: a row may belong to several rows`,
      {
        hint: 'Name a column with a primary key or unique constraint of its own.',
      },
    );
  }
  if (sameTable(target, clinicTable) && via.when === undefined)
    return { kind: 'column', column: via.column, clinicColumn: referenced };
  const constraint = table.foreignKeys.find(
    (key) => key.columns.length === 1 && key.columns[0] === via.column && sameTable(key.references, target),
  )?.name;
  return {
    kind: 'path',
    reference: {
      columns: [via.column],
      references: nameOf(target),
      referencedColumns: [referenced],
      when: via.when,
      constraint: via.when === undefined ? constraint : undefined,
    },
  };
}

import { rowsOf } from '../../catalog/rows.js';
import type { SchemaCatalog, Table } from '../../catalog/types.js';
import { quoteIdent } from '../../core/identifiers.js';
import type { ClinicTable, Reference, Rule, TenancyMap } from '../../tenancy/types.js';
import { asKey, equal, requireUnique, textTells } from './equality.js';
import { catalogTable } from './places.js';
import { breaks, type ValidKey } from './valid-keys.js';

/** What the SQL of one query is written with. */
export interface Writing {
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  /** A name that nothing else in the query has, beginning with a letter. */
  alias(letter: string): string;
  /** The valid foreign key that a reference of this table follows. */
  keyOf(reference: Reference, owner: Table): ValidKey | undefined;
  /** The other valid foreign keys of a table and of its parts. */
  otherKeys(mapped: ClinicTable): ValidKey[];
  /** A SELECT of k0, k1 … (these columns), clinic, shared and lost of each row of the table that a reference leads to. */
  judgedRows(reference: Reference, owner: Table): string;
}

/** A row's alias, and the FROM clause that it is in; ways add to it what they look up. */
export interface Place {
  readonly owner: Table;
  readonly row: string;
  readonly from: string[];
}

/** What one way says of a row. */
export interface Way {
  readonly clinic: string;
  /** True where the row names anything by this way. */
  readonly names: string;
  /** True where what it names is shared by all. */
  readonly shared: string;
  /** True where what it names has no place itself. */
  readonly lost: string;
}

/** The SQL of one rule. */
export function wayOf(writing: Writing, rule: Rule, place: Place): Way {
  if (rule.kind === 'path') return pathWay(writing, rule.reference, place);
  if (rule.kind === 'column' && !tellsKey(writing, rule, place.owner)) return lookupWay(writing, rule, place);
  const value = `${place.row}.${quoteIdent(rule.column)}`;
  return { clinic: asKey(value), names: `${value} IS NOT NULL`, shared: 'false', lost: 'false' };
}

type ColumnRule = Rule & { kind: 'column' };

/** True where the column's own text is the clinic's key. */
function tellsKey({ catalog, map }: Writing, { column, clinicColumn }: ColumnRule, owner: Table): boolean {
  const { key } = map.clinicTable;
  const clinics = catalogTable(catalog, map.clinicTable);
  return (
    clinicColumn === key &&
    textTells({ sql: '', table: clinics, column: key }, { sql: '', table: owner, column })
  );
}

/** A column that holds another unique value of the clinic's row than its key. */
function lookupWay(
  { catalog, map, alias }: Writing,
  { clinicColumn, column }: ColumnRule,
  { owner, row, from }: Place,
): Way {
  const clinics = catalogTable(catalog, map.clinicTable);
  requireUnique(clinics, [clinicColumn]);
  const found = alias('c');
  const value = `${row}.${quoteIdent(column)}`;
  const on = equal(
    { sql: `${found}.k0`, table: clinics, column: clinicColumn },
    { sql: value, table: owner, column },
  );
  from.push(
    `LEFT JOIN (SELECT ${quoteIdent(clinicColumn)} AS k0, ${asKey(quoteIdent(map.clinicTable.key))} AS clinic
      FROM ${rowsOf(clinics)}) AS ${found} ON ${on}`,
  );
  const names = `${value} IS NOT NULL`;
  return {
    clinic: `${found}.clinic`,
    names,
    shared: 'false',
    lost: `(${names} AND ${found}.clinic IS NULL)`,
  };
}

/** A reference to a row whose clinic is judged first. */
function pathWay(writing: Writing, reference: Reference, { owner, row, from }: Place): Way {
  const { alias } = writing;
  const subquery = writing.judgedRows(reference, owner);
  const found = alias('p');
  const names = namesKey(reference, row);
  const on = keyPairs(writing, reference, { owner, row }, (_, i) => `${found}.k${i}`);
  if (reference.when !== undefined) {
    const condition = alias('w');
    // The condition is the user's and names the row's columns bare, or by the table's name.
    from.push(
      `CROSS JOIN LATERAL (SELECT (\n${reference.when}\n) AS holds FROM (SELECT ${row}.*) AS ${quoteIdent(owner.name)}) AS ${condition}`,
    );
    on.push(`${condition}.holds`);
    names.push(`${condition}.holds IS TRUE`);
  }
  from.push(`LEFT JOIN (${subquery}) AS ${found} ON ${on.join(' AND ')}`);
  const key = writing.keyOf(reference, owner);
  const dangling = key === undefined ? '' : ` OR ${breaks(key, row, `${found}.k0 IS NOT NULL`)}`;
  return {
    clinic: `${found}.clinic`,
    names: `(${names.join(' AND ')})`,
    shared: `coalesce(${found}.shared, false)`,
    lost: `(coalesce(${found}.lost, false)${dangling})`,
  };
}

/** True, each of them, where a row names another by a reference. */
export function namesKey({ columns }: Reference, row: string): string[] {
  return columns.map((column) => `${row}.${quoteIdent(column)} IS NOT NULL`);
}

/** The equalities by which a row refers to the one whose key columns `keyOf` gives, as SQL. */
export function keyPairs(
  { catalog }: Writing,
  { references, referencedColumns, columns }: Reference,
  { owner, row }: Pick<Place, 'owner' | 'row'>,
  keyOf: (column: string, i: number) => string,
): string[] {
  const target = catalogTable(catalog, references);
  requireUnique(target, referencedColumns);
  return columns.map((column, i) => {
    const referenced = referencedColumns[i] ?? '';
    return equal(
      { sql: keyOf(referenced, i), table: target, column: referenced },
      { sql: `${row}.${quoteIdent(column)}`, table: owner, column },
    );
  });
}

/**
 * What the ways of a table say together; `complete` where a row is looked at by all of them, and may be lost. `dangling`:
 * conditions under which it names what is not there by keys that are no ways.
 */
export function verdict(
  { nullKey }: ClinicTable,
  rules: readonly Way[],
  witnesses: readonly Way[],
  complete: boolean,
  dangling: readonly string[] = [],
): { readonly clinic: string; readonly shared: string; readonly lost: string } {
  // The first rule that gives a clinic decides; every other way that gives one must give the same.
  const clinic = rules.length === 0 ? 'NULL::text' : `coalesce(${rules.map((way) => way.clinic).join(', ')})`;
  const unnamed = rules.map((way) => `(NOT ${way.names} OR ${way.shared})`);
  const shared = nullKey === 'shared' ? `(${[`${clinic} IS NULL`, ...unnamed].join(' AND ')})` : 'false';
  if (!complete) return { clinic, shared, lost: 'false' };
  const ways = [...rules, ...witnesses];
  const reasons = [
    `(${clinic} IS NULL AND NOT ${shared})`,
    ...dangling,
    ...ways.map((way) => way.lost),
    ...ways.map((way) => `(${way.clinic} IS NOT NULL AND ${way.clinic} IS DISTINCT FROM ${clinic})`),
  ];
  return { clinic, shared, lost: `(${reasons.join(' OR ')})` };
}

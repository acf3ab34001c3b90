import type { SchemaCatalog, Table } from '../../catalog/types.js';
import { RunError } from '../../core/errors.js';
import { displayName, quoteIdent, quoteName } from '../../core/identifiers.js';
import type { ClinicTable, Reference, Rule, TenancyMap } from '../../tenancy/types.js';
import { catalogTable, sameName } from './places.js';

/** A FROM clause that yields each row of one table once, and SQL that says whose the row is. */
export interface Ownership {
  readonly from: string;
  /** The table's own alias in `from`. */
  readonly row: string;
  /** SQL: `own` (see `clinic`), `shared` by every clinic, or `none`: it has no place. */
  readonly place: string;
  /** SQL: the clinic's key as text; NULL where no rule gives one. */
  readonly clinic: string;
}

export interface OwnershipOptions {
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  /** Display names of tables known to hold rows without a place: what refers to such a row has none either. */
  readonly suspects: ReadonlySet<string>;
}

/** What one way says of a row. */
interface Way {
  readonly clinic: string;
  /** True where the row names anything by this way. */
  readonly names: string;
  /** True where what it names is shared by all. */
  readonly shared: string;
  /** True where what it names has no place itself. */
  readonly lost: string;
}

interface Judged {
  readonly row: string;
  readonly from: readonly string[];
  readonly clinic: string;
  readonly shared: string;
  readonly lost: string;
}

/** Keys are compared byte by byte: a collation that takes two clinics' keys for equal must not merge them. */
const asKey = (sql: string): string => `(${sql})::text COLLATE "C"`;

/**
 * Derives each row's clinic from the tenancy map, from the parents upwards: every table on a way is a subquery that
 * knows the clinics of its own rows. Written apart from whatever moved the rows, so that it can contradict it.
 */
export function ownership(table: ClinicTable, { catalog, map, suspects }: OwnershipOptions): Ownership {
  let aliases = 0;
  const alias = (letter: string): string => `${letter}${aliases++}`;

  const judge = (mapped: ClinicTable, through: readonly ClinicTable[]): Judged => {
    const nested = through.length > 1;
    const complete = !nested || suspects.has(displayName(mapped));
    const row = alias('r');
    const from = [`${quoteName(mapped)} AS ${row}`];
    const owner = catalogTable(catalog, mapped);
    const way = (rule: Rule): Way => {
      if (rule.kind === 'path') return pathWay(rule.reference, owner, row, from, through);
      const value = `${row}.${quoteIdent(rule.column)}`;
      if (rule.kind === 'column' && rule.clinicColumn !== map.clinicTable.key)
        return lookupWay(rule.clinicColumn, rule.column, owner, row, from);
      return { clinic: asKey(value), names: `${value} IS NOT NULL`, shared: 'false', lost: 'false' };
    };
    // A way that comes back to a table it has passed ends there.
    const open = (rule: Rule): boolean =>
      !nested ||
      rule.kind !== 'path' ||
      !through.some((passed) => sameName(passed, rule.reference.references));
    const rules = mapped.rules.filter(open).map(way);
    const witnesses = complete ? mapped.witnesses.filter(open).map(way) : [];
    return { row, from, ...verdict(rules, witnesses, mapped.nullKey === 'shared', complete) };
  };

  const lookupWay = (key: string, column: string, owner: Table, row: string, from: string[]): Way => {
    const clinics = catalogTable(catalog, map.clinicTable);
    requireUnique(clinics, [key]);
    const found = alias('c');
    const value = `${row}.${quoteIdent(column)}`;
    from.push(
      `LEFT JOIN (SELECT ${quoteIdent(key)} AS k0, ${asKey(quoteIdent(map.clinicTable.key))} AS clinic
        FROM ${quoteName(clinics)}) AS ${found} ON ${equal(`${found}.k0`, typeOf(clinics, key), value, typeOf(owner, column))}`,
    );
    const names = `${value} IS NOT NULL`;
    return {
      clinic: `${found}.clinic`,
      names,
      shared: 'false',
      lost: `(${names} AND ${found}.clinic IS NULL)`,
    };
  };

  const pathWay = (
    reference: Reference,
    owner: Table,
    row: string,
    from: string[],
    through: readonly ClinicTable[],
  ): Way => {
    const parent = requireClinicTable(map, reference, owner);
    const target = catalogTable(catalog, parent);
    requireUnique(target, reference.referencedColumns);
    const inner = judge(parent, [...through, parent]);
    const found = alias('p');
    const names = reference.columns.map((column) => `${row}.${quoteIdent(column)} IS NOT NULL`);
    const on = reference.columns.map((column, i) => {
      const referenced = reference.referencedColumns[i] ?? '';
      return equal(
        `${found}.k${i}`,
        typeOf(target, referenced),
        `${row}.${quoteIdent(column)}`,
        typeOf(owner, column),
      );
    });
    if (reference.when !== undefined) {
      const condition = alias('w');
      // The condition is the user's and names the row's columns bare, or by the table's name.
      from.push(
        `CROSS JOIN LATERAL (SELECT (\n${reference.when}\n) AS holds FROM (SELECT ${row}.*) AS ${quoteIdent(owner.name)}) AS ${condition}`,
      );
      on.push(`${condition}.holds`);
      names.push(`${condition}.holds IS TRUE`);
    }
    const keys = reference.referencedColumns.map(
      (column, i) => `${inner.row}.${quoteIdent(column)} AS k${i}`,
    );
    from.push(
      `LEFT JOIN (SELECT ${keys.join(', ')}, ${inner.clinic} AS clinic, ${inner.shared} AS shared, ${inner.lost} AS lost
        FROM ${inner.from.join('\n')}) AS ${found} ON ${on.join(' AND ')}`,
    );
    return {
      clinic: `${found}.clinic`,
      names: `(${names.join(' AND ')})`,
      shared: `coalesce(${found}.shared, false)`,
      lost: `coalesce(${found}.lost, false)`,
    };
  };

  const { row, from, clinic, shared, lost } = judge(table, [table]);
  return {
    from: from.join('\n'),
    row,
    clinic,
    place: `CASE WHEN ${lost} THEN 'none' WHEN ${shared} THEN 'shared' ELSE 'own' END`,
  };
}

/** The first rule that gives a clinic decides; every other way that gives one must give the same. */
function verdict(
  rules: readonly Way[],
  witnesses: readonly Way[],
  nullKeyShared: boolean,
  complete: boolean,
): Omit<Judged, 'row' | 'from'> {
  const clinic = rules.length === 0 ? 'NULL::text' : `coalesce(${rules.map((way) => way.clinic).join(', ')})`;
  const unnamed = rules.map((way) => `(NOT ${way.names} OR ${way.shared})`);
  const shared = nullKeyShared ? `(${[`${clinic} IS NULL`, ...unnamed].join(' AND ')})` : 'false';
  if (!complete) return { clinic, shared, lost: 'false' };
  const ways = [...rules, ...witnesses];
  const reasons = [
    `(${clinic} IS NULL AND NOT ${shared})`,
    ...ways.map((way) => way.lost),
    ...ways.map((way) => `(${way.clinic} IS NOT NULL AND ${way.clinic} IS DISTINCT FROM ${clinic})`),
  ];
  return { clinic, shared, lost: `(${reasons.join(' OR ')})` };
}

const NATIVE = [
  /^(smallint|integer|bigint)$/,
  /^(text|character varying(\(\d+\))?)$/,
  /^(uuid|numeric(\(\d+(,\d+)?\))?|date|boolean|oid)$/,
];

/** True for two built-in types that PostgreSQL compares by the values people see. */
export function comparable(left: string, right: string): boolean {
  return NATIVE.some((family, i) => family.test(left) && family.test(right) && (i < 2 || left === right));
}

/** Other types are compared as text: what then finds no partner is reported, never guessed. */
function equal(left: string, leftType: string, right: string, rightType: string): string {
  return comparable(leftType, rightType) ? `${left} = ${right}` : `${asKey(left)} = ${asKey(right)}`;
}

function typeOf(table: Table, column: string): string {
  const found = table.columns.find(({ name }) => name === column);
  if (found === undefined) throw new RunError(`${displayName(table)} has no column ${column}`);
  return found.type;
}

function requireUnique(table: Table, columns: readonly string[]): void {
  if (table.keys.some((key) => key.columns.every((column) => columns.includes(column)))) return;
  throw new RunError(
    `a way to the clinic leads to ${displayName(table)} by (${columns.join(', ')}), which is not unique`,
    { hint: 'Name a unique column in tables.<name>.via.' },
  );
}

function requireClinicTable(map: TenancyMap, { references }: Reference, owner: Table): ClinicTable {
  const found = map.tables.find((table) => sameName(table, references));
  if (found?.scope === 'clinic') return found;
  throw new RunError(
    `the way from ${displayName(owner)} to its clinic leads through ${displayName(references)}, which is ${found?.scope ?? 'not in the tenancy map'}`,
    { hint: 'Name another way in tables.<name>.via.' },
  );
}

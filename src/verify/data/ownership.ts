import { rowsOf } from '../../catalog/rows.js';
import type { SchemaCatalog, Table } from '../../catalog/types.js';
import { RunError } from '../../core/errors.js';
import { displayName, quoteIdent } from '../../core/identifiers.js';
import type { ClinicTable, Reference, Rule, TenancyMap } from '../../tenancy/types.js';
import { asKey, equal, requireUnique, textTells } from './equality.js';
import { type LoopMember, loopSql, loopsOf } from './loops.js';
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

/** How often a table is judged inside one query, and how far inside, before it is judged once for all who ask. */
const MOST_TIMES = 2;
const MOST_DEEP = 4;

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

/**
 * Derives each row's clinic from the tenancy map, from the parents upwards: every table on a way is a subquery that
 * knows the clinics of its own rows. Written apart from whatever moved the rows, so that it can contradict it.
 */
export function ownership(table: ClinicTable, { catalog, map, suspects }: OwnershipOptions): Ownership {
  let aliases = 0;
  const alias = (letter: string): string => `${letter}${aliases++}`;

  const loops = loopsOf(map, suspects);

  /** Tables judged once, in the order in which WITH may have them. */
  const once = new Map<ClinicTable, { readonly name: string; readonly as: Judged }>();
  const times = new Map<ClinicTable, number>();
  let deep = 0;

  const judge = (mapped: ClinicTable, complete: boolean): Judged => {
    const loop = loops.get(mapped);
    if (loop !== undefined)
      return beside(`(${loopSql(loop.map((member) => loopMember(member, loop)))})`, mapped);
    const row = alias('r');
    const from = [`${rowsOf(catalogTable(catalog, mapped))} AS ${row}`];
    const rules = mapped.rules.map((rule) => way(rule, mapped, row, from));
    const witnesses = complete ? mapped.witnesses.map((rule) => way(rule, mapped, row, from)) : [];
    return { row, from, ...verdict(rules, witnesses, mapped.nullKey === 'shared', complete) };
  };

  const way = (rule: Rule, mapped: ClinicTable, row: string, from: string[]): Way => {
    const owner = catalogTable(catalog, mapped);
    if (rule.kind === 'path') return pathWay(rule.reference, owner, row, from);
    const value = `${row}.${quoteIdent(rule.column)}`;
    if (rule.kind === 'column' && !tellsKey(rule, owner))
      return lookupWay(rule.clinicColumn, rule.column, owner, row, from);
    return { clinic: asKey(value), names: `${value} IS NOT NULL`, shared: 'false', lost: 'false' };
  };

  /** True where the column's own text is the clinic's key. */
  const tellsKey = ({ column, clinicColumn }: Rule & { kind: 'column' }, owner: Table): boolean => {
    const { key } = map.clinicTable;
    const clinics = catalogTable(catalog, map.clinicTable);
    return (
      clinicColumn === key &&
      textTells({ sql: '', table: clinics, column: key }, { sql: '', table: owner, column })
    );
  };

  /** What a table in a loop knows without the loop, and how its rows refer to others in it. */
  const loopMember = (mapped: ClinicTable, loop: readonly ClinicTable[]): LoopMember => {
    const row = alias('r');
    const from = [`${rowsOf(catalogTable(catalog, mapped))} AS ${row}`];
    const mayShare = mapped.nullKey === 'shared';
    const words: string[] = [];
    const hops: string[] = [];
    const ways = [
      ...mapped.rules.map((rule) => ({ rule, sure: true })),
      ...mapped.witnesses.map((rule) => ({ rule, sure: false })),
    ];
    for (const { rule, sure } of ways) {
      const isInside =
        rule.kind === 'path' && loop.some((other) => sameName(other, rule.reference.references));
      if (isInside) {
        hops.push(hop(rule.reference, mapped, sure));
        if (mayShare && sure)
          words.push(`(NULL::text, ${sure}, false, ${pointsNowhere(rule.reference, mapped, row)})`);
        continue;
      }
      const { clinic, names, shared, lost } = way(rule, mapped, row, from);
      const astray =
        mayShare && sure ? `coalesce(${names} AND ${clinic} IS NULL AND NOT ${shared}, false)` : 'false';
      words.push(`(${clinic}, ${sure}, coalesce(${lost}, false), ${astray})`);
    }
    return {
      table: rowsOf(catalogTable(catalog, mapped)),
      row,
      from: from.join('\n'),
      words,
      hops,
      mayShare,
    };
  };

  const matches = (reference: Reference, mapped: ClinicTable, row: string, parent: string): string => {
    const owner = catalogTable(catalog, mapped);
    const target = catalogTable(catalog, reference.references);
    requireUnique(target, reference.referencedColumns);
    const pairs = reference.columns.map((column, i) => {
      const referenced = reference.referencedColumns[i] ?? '';
      return equal(
        { sql: `${parent}.${quoteIdent(referenced)}`, table: target, column: referenced },
        { sql: `${row}.${quoteIdent(column)}`, table: owner, column },
      );
    });
    return pairs.join(' AND ');
  };

  const holds = ({ when }: Reference, mapped: ClinicTable, row: string): string =>
    when === undefined
      ? 'true'
      : `(SELECT (\n${when}\n) FROM (SELECT ${row}.*) AS ${quoteIdent(mapped.name)})`;

  const hop = (reference: Reference, mapped: ClinicTable, sure: boolean): string => {
    const [row, parent] = [alias('r'), alias('p')];
    return `SELECT ${row}.tableoid, ${row}.ctid, ${parent}.tableoid, ${parent}.ctid, ${sure}
      FROM ${rowsOf(catalogTable(catalog, mapped))} AS ${row}
      JOIN ${rowsOf(catalogTable(catalog, reference.references))} AS ${parent}
        ON ${matches(reference, mapped, row, parent)} WHERE ${holds(reference, mapped, row)}`;
  };

  const pointsNowhere = (reference: Reference, mapped: ClinicTable, row: string): string => {
    const parent = alias('p');
    const names = reference.columns.map((column) => `${row}.${quoteIdent(column)} IS NOT NULL`);
    return `${names.join(' AND ')} AND coalesce(${holds(reference, mapped, row)}, false) AND NOT EXISTS (
      SELECT FROM ${rowsOf(catalogTable(catalog, reference.references))} AS ${parent} WHERE ${matches(reference, mapped, row, parent)})`;
  };

  const lookupWay = (key: string, column: string, owner: Table, row: string, from: string[]): Way => {
    const clinics = catalogTable(catalog, map.clinicTable);
    requireUnique(clinics, [key]);
    const found = alias('c');
    const value = `${row}.${quoteIdent(column)}`;
    const on = equal(
      { sql: `${found}.k0`, table: clinics, column: key },
      { sql: value, table: owner, column },
    );
    from.push(
      `LEFT JOIN (SELECT ${quoteIdent(key)} AS k0, ${asKey(quoteIdent(map.clinicTable.key))} AS clinic
        FROM ${rowsOf(clinics)}) AS ${found} ON ${on}`,
    );
    const names = `${value} IS NOT NULL`;
    return {
      clinic: `${found}.clinic`,
      names,
      shared: 'false',
      lost: `(${names} AND ${found}.clinic IS NULL)`,
    };
  };

  const pathWay = (reference: Reference, owner: Table, row: string, from: string[]): Way => {
    const parent = requireClinicTable(map, reference, owner);
    const target = catalogTable(catalog, parent);
    requireUnique(target, reference.referencedColumns);
    const found = alias('p');
    const subquery = judgedRows(parent, reference.referencedColumns);
    const names = reference.columns.map((column) => `${row}.${quoteIdent(column)} IS NOT NULL`);
    const on = reference.columns.map((column, i) => {
      const referenced = reference.referencedColumns[i] ?? '';
      return equal(
        { sql: `${found}.k${i}`, table: target, column: referenced },
        { sql: `${row}.${quoteIdent(column)}`, table: owner, column },
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
    from.push(`LEFT JOIN (${subquery}) AS ${found} ON ${on.join(' AND ')}`);
    return {
      clinic: `${found}.clinic`,
      names: `(${names.join(' AND ')})`,
      shared: `coalesce(${found}.shared, false)`,
      lost: `coalesce(${found}.lost, false)`,
    };
  };

  /** A SELECT of k0, k1 … (these columns), clinic, shared and lost of each row. */
  const judgedRows = (mapped: ClinicTable, columns: readonly string[]): string => {
    const seen = (times.get(mapped) ?? 0) + 1;
    times.set(mapped, seen);
    const leadsOn = [...mapped.rules, ...mapped.witnesses].some(({ kind }) => kind === 'path');
    const inside = !leadsOn || (seen <= MOST_TIMES && deep < MOST_DEEP);
    const told = inside ? judgeInside(mapped) : judgeOnce(mapped);
    const keys = columns.map((column, i) => `${told.row}.${quoteIdent(column)} AS k${i}`);
    return `SELECT ${keys.join(', ')}, ${told.clinic} AS clinic, ${told.shared} AS shared, ${told.lost} AS lost
      FROM ${told.from.join('\n')}`;
  };

  const judgeInside = (mapped: ClinicTable): Judged => {
    deep += 1;
    const told = judge(mapped, suspects.has(displayName(mapped)));
    deep -= 1;
    return told;
  };

  const judgeOnce = (mapped: ClinicTable): Judged => {
    let known = once.get(mapped);
    if (known === undefined) {
      const outside = deep;
      deep = 0;
      const as = judge(mapped, suspects.has(displayName(mapped)));
      deep = outside;
      known = { name: alias('once'), as };
      once.set(mapped, known);
    }
    return beside(known.name, mapped);
  };

  /** A table, with what a set of (tab, tid, clinic, shared, lost) says of its rows. */
  const beside = (set: string, mapped: ClinicTable): Judged => {
    const [row, found] = [alias('r'), alias('f')];
    const from = [
      `${rowsOf(catalogTable(catalog, mapped))} AS ${row}`,
      `LEFT JOIN ${set} AS ${found} ON ${found}.tab = ${row}.tableoid AND ${found}.tid = ${row}.ctid`,
    ];
    return {
      row,
      from,
      clinic: `${found}.clinic`,
      shared: `coalesce(${found}.shared, false)`,
      lost: `coalesce(${found}.lost, true)`,
    };
  };

  const byPlace = ({ row, from, clinic, shared, lost }: Judged): string =>
    `SELECT ${row}.tableoid AS tab, ${row}.ctid AS tid, ${clinic} AS clinic, ${shared} AS shared, ${lost} AS lost
      FROM ${from.join('\n')}`;

  const whole = judge(table, true);
  const members = [...once.values()].map(({ name, as }) => `${name} AS MATERIALIZED (${byPlace(as)})`);
  // A WITH has to be in a subquery, since all that is asked for is a FROM clause.
  const { row, from, clinic, shared, lost } =
    members.length === 0 ? whole : beside(`(WITH ${members.join(', ')} ${byPlace(whole)})`, table);
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

function requireClinicTable(map: TenancyMap, { references }: Reference, owner: Table): ClinicTable {
  const found = map.tables.find((table) => sameName(table, references));
  if (found?.scope === 'clinic') return found;
  throw new RunError(
    `the way from ${displayName(owner)} to its clinic leads through ${displayName(references)}, which is ${found?.scope ?? 'not in the tenancy map'}`,
    { hint: 'Name another way in tables.<name>.via.' },
  );
}

import { rowsOf } from '../../catalog/rows.js';
import type { SchemaCatalog, Table } from '../../catalog/types.js';
import { RunError } from '../../core/errors.js';
import { displayName, quoteIdent, sameName } from '../../core/identifiers.js';
import type { ClinicTable, Reference, Rule, TenancyMap } from '../../tenancy/types.js';
import { loopMember } from './loop-members.js';
import { loopSql, loopsOf } from './loops.js';
import { catalogTable } from './places.js';
import { breaksJoined, follows, type ValidKey, validKeys } from './valid-keys.js';
import { verdict, type Way, type Writing, wayOf } from './ways.js';

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
  /** False where orphans are looked for by themselves; else a row that names by a valid key what is not there is lost. */
  readonly orphansAreLost?: boolean;
}

/** How often a table is judged inside one query, and how far inside, before it is judged once for all who ask. */
const MOST_TIMES = 2;
const MOST_DEEP = 4;

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
export function ownership(
  table: ClinicTable,
  { catalog, map, suspects, orphansAreLost = true }: OwnershipOptions,
): Ownership {
  let aliases = 0;
  const alias = (letter: string): string => `${letter}${aliases++}`;

  const loops = loopsOf(map, suspects);
  const keysOf = (mapped: ClinicTable): ValidKey[] => (orphansAreLost ? validKeys(mapped, catalog, map) : []);
  const writing: Writing = {
    catalog,
    map,
    alias,
    keyOf: (reference, owner) => {
      const mapped = map.tables.find((each) => sameName(each, owner));
      if (mapped?.scope !== 'clinic') return undefined;
      return keysOf(mapped).find((key) => sameName(key.owner, owner) && follows(reference, key));
    },
    otherKeys: (mapped) =>
      keysOf(mapped).filter(
        (key) => ![...mapped.rules, ...mapped.witnesses].some((rule) => isToldBy(rule, key, mapped, map)),
      ),
    judgedRows: (reference, owner) =>
      judgedRows(requireClinicTable(map, reference, owner), reference.referencedColumns),
  };

  /** Tables judged once, in the order in which WITH may have them. */
  const once = new Map<ClinicTable, { readonly name: string; readonly as: Judged }>();
  const times = new Map<ClinicTable, number>();
  let deep = 0;

  const judge = (mapped: ClinicTable, complete: boolean): Judged => {
    const loop = loops.get(mapped);
    if (loop !== undefined)
      return beside(`(${loopSql(loop.map((member) => loopMember(writing, member, loop)))})`, mapped);
    const owner = catalogTable(catalog, mapped);
    const row = alias('r');
    const from = [`${rowsOf(owner)} AS ${row}`];
    const way = (rule: Rule): Way => wayOf(writing, rule, { owner, row, from });
    const rules = mapped.rules.map(way);
    if (!complete) return { row, from, ...verdict(mapped, rules, [], false) };
    const witnesses = mapped.witnesses.map(way);
    const dangling = writing
      .otherKeys(mapped)
      .map((key) => breaksJoined(key, row, from, catalog, alias('d')));
    return { row, from, ...verdict(mapped, rules, witnesses, true, dangling) };
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

/** A clinic that does not exist is found by its key, and a way tells by its join what is there. */
function isToldBy(rule: Rule, valid: ValidKey, mapped: ClinicTable, map: TenancyMap): boolean {
  if (!sameName(valid.owner, mapped) || rule.kind === 'self') return false;
  if (rule.kind === 'path') return follows(rule.reference, valid);
  const { columns, references } = valid.key;
  return columns.length === 1 && columns[0] === rule.column && sameName(references, map.clinicTable);
}

function requireClinicTable(map: TenancyMap, { references }: Reference, owner: Table): ClinicTable {
  const found = map.tables.find((table) => sameName(table, references));
  if (found?.scope === 'clinic') return found;
  throw new RunError(
    `the way from ${displayName(owner)} to its clinic leads through ${displayName(references)}, which is ${found?.scope ?? 'not in the tenancy map'}`,
    { hint: 'Name another way in tables.<name>.via.' },
  );
}

import type { SchemaCatalog, Table } from '../catalog/types.js';
import { RunError } from '../core/errors.js';
import { displayName, type QualifiedName } from '../core/identifiers.js';
import type { ClinicTable, Reference, Rule, TenancyMap } from '../tenancy/types.js';
import { type Member, memberFactory } from './joins.js';
import { columnType, equality, findTable, requireUnique } from './unique.js';

/** First character of a route: what becomes of the row. The clinic's key follows KEY and DISAGREE. */
export const ROUTE = { key: 'k', shared: 's', none: 'n', unknown: 'u', disagree: 'd' } as const;

/** A FROM clause over one table, and what may be selected from it. Every table row comes out exactly once. */
export interface Routing {
  /** SQL after FROM. */
  readonly from: string;
  /** SQL of the route, text and never NULL: a letter of ROUTE, then the clinic's key as text where there is one. */
  readonly route: string;
  /** SQL of the columns asked for, in order. */
  readonly columns: readonly string[];
  /** SQL of the expressions asked for, in order. */
  readonly expressions: readonly string[];
}

export interface RoutingOptions {
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  readonly columns: readonly string[];
  /** SQL over the table's own columns, unqualified. */
  readonly expressions?: readonly string[];
  /**
   * Display names of tables known to hold rows without a place. A row that refers to such a row shares its
   * fate; without this, only the row's own ways to a clinic are judged.
   */
  readonly suspects?: ReadonlySet<string>;
}

/** What one rule says of a row, as SQL over the members joined so far. */
interface Verdict {
  /** The clinic's key as text, or NULL. */
  readonly key: string;
  /** True where the row names something, whether or not that leads to a clinic. */
  readonly present: string;
  /** True where what it names belongs to every clinic. */
  readonly shared: string;
  /** A letter of ROUTE where what it names has no place, else NULL. */
  readonly fault: string;
}

/** What all rules of a table together say of a row. */
interface Judgement {
  readonly key: string;
  readonly shared: string;
  readonly fault: string;
}

/**
 * The routing of a clinic table's rows: LEFT JOINs up its paths, each on a unique key. A path never enters a
 * table it has come through, so self-references and cycles end after one step.
 */
export function routing(table: ClinicTable, options: RoutingOptions): Routing {
  const { catalog, map } = options;
  const member = memberFactory();
  const joins: { member: Member; on: string }[] = [];
  const join = (other: Member, on: string): void => {
    joins.push({ member: other, on });
  };

  const byColumn = (row: Member, owner: Table, rule: Rule & { kind: 'column' }): Verdict => {
    const value = row.column(rule.column);
    const present = `${value} IS NOT NULL`;
    if (rule.clinicColumn === map.clinicTable.key)
      return { key: `${value}::text`, present, shared: 'false', fault: 'NULL' };
    const clinics = findTable(catalog, map.clinicTable);
    requireUnique(clinics, [rule.clinicColumn]);
    const clinic = member(clinics);
    const types = [columnType(clinics, rule.clinicColumn), columnType(owner, rule.column)] as const;
    join(clinic, equality(clinic.column(rule.clinicColumn), types[0], value, types[1]));
    const key = `${clinic.column(map.clinicTable.key)}::text`;
    return {
      key,
      present,
      shared: 'false',
      fault: `CASE WHEN ${present} AND ${key} IS NULL THEN '${ROUTE.unknown}' END`,
    };
  };

  const byPath = (row: Member, owner: Table, reference: Reference, through: readonly string[]): Verdict => {
    const target = findTable(catalog, reference.references);
    requireUnique(target, reference.referencedColumns);
    const parent = member(target);
    const pairs = reference.columns.map((column, i) => {
      const referenced = reference.referencedColumns[i] ?? '';
      const types = [columnType(target, referenced), columnType(owner, column)] as const;
      return equality(parent.column(referenced), types[0], row.column(column), types[1]);
    });
    const when = reference.when === undefined ? [] : [row.expression(`(\n${reference.when}\n)`)];
    join(parent, [...pairs, ...when].join(' AND '));
    const mapped = clinicTable(map, target);
    const judged = judge(mapped, parent, target, [...through, displayName(target)]);
    const found = `${parent.column(reference.referencedColumns[0] ?? '')} IS NOT NULL`;
    const named = reference.columns.map((column) => `${row.column(column)} IS NOT NULL`);
    return {
      key: judged.key,
      present: `(${[...named, ...when.map((holds) => `${holds} IS TRUE`)].join(' AND ')})`,
      shared: judged.shared === 'false' ? 'false' : `(${found} AND ${judged.shared})`,
      fault: judged.fault === 'NULL' ? 'NULL' : `CASE WHEN ${found} THEN ${judged.fault} END`,
    };
  };

  const judge = (mapped: ClinicTable, row: Member, owner: Table, through: readonly string[]): Judgement => {
    const nested = through.length > 1;
    const verdict = (rule: Rule): Verdict => {
      if (rule.kind === 'path') return byPath(row, owner, rule.reference, through);
      if (rule.kind === 'column') return byColumn(row, owner, rule);
      return { key: `${row.column(rule.column)}::text`, present: 'true', shared: 'false', fault: 'NULL' };
    };
    const usable = (rule: Rule): boolean =>
      !nested || rule.kind !== 'path' || !through.includes(displayName(rule.reference.references));
    const complete = !nested || options.suspects?.has(displayName(mapped)) === true;
    const rules = mapped.rules.filter(usable).map(verdict);
    const witnesses = complete ? mapped.witnesses.filter(usable).map(verdict) : [];
    return judgement(rules, witnesses, mapped.nullKey === 'shared', complete);
  };

  const root = member(table);
  const judged = judge(table, root, findTable(catalog, table), [displayName(table)]);
  const columns = options.columns.map((name) => root.column(name));
  const expressions = (options.expressions ?? []).map((sql) => root.expression(sql));
  const key = `coalesce(${judged.key}, '')`;
  return {
    route: `CASE WHEN ${judged.fault} IS NOT NULL THEN ${judged.fault} || ${key}
      WHEN ${judged.shared} THEN '${ROUTE.shared}' ELSE '${ROUTE.key}' || ${key} END`,
    columns,
    expressions,
    from: [root.from(), ...joins.map(({ member: other, on }) => `LEFT JOIN ${other.from()} ON ${on}`)].join(
      '\n',
    ),
  };
}

/** Puts the verdicts of a table's rules together; `complete` includes what is wrong with the row. */
function judgement(
  rules: readonly Verdict[],
  witnesses: readonly Verdict[],
  nullKeyShared: boolean,
  complete: boolean,
): Judgement {
  const keys = rules.map((rule) => rule.key);
  const key =
    keys.length === 0 ? 'NULL::text' : keys.length === 1 ? `${keys[0]}` : `coalesce(${keys.join(', ')})`;
  const all = [...rules, ...witnesses];
  // Only a row that names nothing, or something shared, is for every clinic; a reference into the void is not.
  const shared = nullKeyShared
    ? `(${[`${key} IS NULL`, ...rules.map((rule) => `(NOT ${rule.present} OR ${rule.shared})`)].join(' AND ')})`
    : 'false';
  if (!complete) return { key, shared, fault: 'NULL' };
  const inherited = all.map((verdict) => verdict.fault).filter((fault) => fault !== 'NULL');
  const against = all.filter((verdict) => verdict.key !== key).map((verdict) => verdict.key);
  const disagree = against.map((other) => `${other} IS DISTINCT FROM ${key} AND ${other} IS NOT NULL`);
  const cases = [
    ...inherited.map((fault) => `WHEN (${fault}) IS NOT NULL THEN (${fault})`),
    `WHEN ${key} IS NULL AND NOT ${shared} THEN '${ROUTE.none}'`,
    ...disagree.map((condition) => `WHEN ${condition} THEN '${ROUTE.disagree}'`),
  ];
  return { key, shared, fault: `CASE ${cases.join(' ')} END` };
}

/** The map's entry of a table that a path leads to; a RunError where that table has no clinic to tell. */
function clinicTable(map: TenancyMap, name: QualifiedName): ClinicTable {
  const found = map.tables.find((table) => table.schema === name.schema && table.name === name.name);
  if (found?.scope === 'clinic') return found;
  throw new RunError(
    `a path to the clinic leads through ${displayName(name)}, which is ${found?.scope ?? 'not in the tenancy map'}`,
    { hint: 'Name another way in tables.<name>.via.' },
  );
}

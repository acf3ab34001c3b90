import type { SchemaCatalog, Table } from '../catalog/types.js';
import { RunError } from '../core/errors.js';
import { displayName, type QualifiedName, sameName } from '../core/identifiers.js';
import type { ClinicTable, Reference, Rule, TenancyMap } from '../tenancy/types.js';
import { type CircleTable, circleSql, type OwnWord, type RowId } from './circle.js';
import { asKey, equality, haveOneText } from './equality.js';
import { FromClause, type Member, memberFactory } from './joins.js';
import { type Judgement, judgement, ROUTE, type Verdict } from './judgement.js';
import { breaksKey, danglingFault, isWay, type KeptKey, keptKeys } from './kept-keys.js';
import { findTable, requireUnique } from './unique.js';
import { wayGraph } from './way-graph.js';

/** A query over one table, and what may be selected from it. Every table row comes out exactly once. */
export interface Routing {
  /** SQL before SELECT: empty, or a WITH clause. */
  readonly with: string;
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

/** The routing of a clinic table's rows: LEFT JOINs up its paths, each on a unique key; see circle.ts for circles. */
export function routing(table: ClinicTable, options: RoutingOptions): Routing {
  const query = new RoutingQuery(options.catalog, options.map, options.suspects ?? new Set());
  const root = query.member(findTable(options.catalog, table));
  const from = new FromClause(root);
  const judged = query.judge(table, root, from, true);
  const columns = options.columns.map((name) => root.column(name));
  const expressions = (options.expressions ?? []).map((sql) => root.expression(sql));
  const key = `coalesce(${judged.key}, '')`;
  return {
    with: query.with(),
    route: `CASE WHEN ${judged.fault} IS NOT NULL THEN ${judged.fault} || ${key}
      WHEN ${judged.shared} THEN '${ROUTE.shared}' ELSE '${ROUTE.key}' || ${key} END`,
    columns,
    expressions,
    from: from.sql(),
  };
}

/** What each way of a table by itself says of a row, to tell which of them disagree: keys as text, rules first. */
export function wayKeys(
  table: ClinicTable,
  {
    catalog,
    map,
    expressions,
  }: Pick<RoutingOptions, 'catalog' | 'map'> & { readonly expressions: readonly string[] },
): Omit<Routing, 'route' | 'columns'> & { readonly keys: readonly string[] } {
  const query = new RoutingQuery(catalog, map, new Set());
  const root = query.member(findTable(catalog, table));
  const from = new FromClause(root);
  const keys = query.waysOf(table, root, from);
  const selected = expressions.map((sql) => root.expression(sql));
  return { with: query.with(), keys, expressions: selected, from: from.sql() };
}

/** A table's rows are judged in place this often and this deep; beyond, once for the whole query. */
const IN_PLACE = { times: 2, deep: 4 };

/** A table whose rows are judged once for all that refer to them. */
interface JudgedTable {
  readonly name: string;
  readonly id: RowId;
  readonly from: FromClause;
  readonly judged: Judgement;
}

/** One query while it is put together: aliases, and what is worked out once for all of it. */
class RoutingQuery {
  readonly member = memberFactory();
  private readonly graph: ReturnType<typeof wayGraph>;
  /** By the display name of a circle's first table; the order does not matter to WITH RECURSIVE. */
  private readonly circles = new Map<string, { readonly name: string; sql: string }>();
  /** By display name. Without them, tables that refer to one another in layers would make a query without end. */
  private readonly judgedOnce = new Map<string, JudgedTable>();
  private readonly times = new Map<string, number>();
  private depth = 0;

  constructor(
    private readonly catalog: SchemaCatalog,
    private readonly map: TenancyMap,
    suspects: ReadonlySet<string>,
  ) {
    this.graph = wayGraph(map, suspects);
  }

  with(): string {
    const members = [
      ...[...this.circles.values()].map(({ sql }) => sql),
      ...[...this.judgedOnce.values()].map(
        ({ name, id, from, judged }) => `${name} (tab, tid, clinic, shared, fault) AS MATERIALIZED (
  SELECT ${id.tab}, ${id.tid}, ${judged.key}, ${judged.shared}, ${judged.fault} FROM ${from.sql()})`,
      ),
    ];
    return members.length === 0 ? '' : `WITH RECURSIVE ${members.join(',\n')}\n`;
  }

  /** Judges the rows of a member of `from`, joining what that takes. */
  judge(mapped: ClinicTable, row: Member, from: FromClause, complete: boolean): Judgement {
    const circle = this.graph.circle(mapped);
    if (circle !== undefined) return this.judgeInCircle(circle, row, from);
    const rules = mapped.rules.map((rule) => this.verdict(rule, mapped, row, from, true));
    const isShared = mapped.nullKey === 'shared';
    if (!complete) return judgement(rules, [], isShared, false);
    const witnesses = mapped.witnesses.map((rule) => this.verdict(rule, mapped, row, from, false));
    const dangling = this.otherKeys(mapped).map((kept) => danglingFault(kept, row, from, this.member));
    return judgement(rules, witnesses, isShared, true, dangling);
  }

  /** The key that each way gives, rules first. */
  waysOf(mapped: ClinicTable, row: Member, from: FromClause): string[] {
    const ways = [...mapped.rules, ...mapped.witnesses];
    return ways.map((way) => this.verdict(way, mapped, row, from, true).key);
  }

  private verdict(rule: Rule, mapped: ClinicTable, row: Member, from: FromClause, byRule: boolean): Verdict {
    const owner = findTable(this.catalog, mapped);
    if (rule.kind === 'path') return this.byPath(rule, mapped, row, from);
    if (rule.kind === 'column') return this.byColumn(rule, owner, row, from, byRule);
    return { key: asKey(row.column(rule.column)), present: 'true', shared: 'false', fault: 'NULL' };
  }

  /** The valid keys that no way follows. Of a column that names a clinic the clinics themselves tell. */
  private otherKeys(mapped: ClinicTable): KeptKey[] {
    const ways = [...mapped.rules, ...mapped.witnesses];
    return keptKeys(mapped, this.catalog, this.map).filter((kept) => {
      const [column, ...more] = kept.key.columns;
      const isColumn =
        more.length === 0 &&
        sameName(kept.target, this.map.clinicTable) &&
        ways.some((way) => way.kind === 'column' && way.column === column);
      return !isColumn && !ways.some((way) => isWay(way, kept, mapped));
    });
  }

  private byColumn(
    rule: Rule & { kind: 'column' },
    owner: Table,
    row: Member,
    from: FromClause,
    byRule: boolean,
  ): Verdict {
    const { clinicTable } = this.map;
    const clinics = findTable(this.catalog, clinicTable);
    const value = row.column(rule.column);
    const present = `${value} IS NOT NULL`;
    const held = { sql: value, table: owner, name: rule.column };
    const isKey = rule.clinicColumn === clinicTable.key;
    const isText = isKey && haveOneText({ sql: '', table: clinics, name: clinicTable.key }, held);
    // A rule's key becomes the route, and whoever reads that knows the clinics.
    if (isText && byRule) return { key: asKey(value), present, shared: 'false', fault: 'NULL' };
    requireUnique(clinics, [rule.clinicColumn]);
    const clinic = this.member(clinics);
    const named = { sql: clinic.column(rule.clinicColumn), table: clinics, name: rule.clinicColumn };
    from.join(clinic, equality(named, held));
    const key = asKey(clinic.column(clinicTable.key));
    const fault = `CASE WHEN ${present} AND ${key} IS NULL THEN '${ROUTE.unknown}' END`;
    return { key: isText ? asKey(value) : key, present, shared: 'false', fault };
  }

  private byPath(rule: Rule & { kind: 'path' }, owning: ClinicTable, row: Member, from: FromClause): Verdict {
    const { reference } = rule;
    const owner = findTable(this.catalog, owning);
    const target = findTable(this.catalog, reference.references);
    const mapped = this.requireClinicTable(target);
    const parent = this.member(target);
    const { on, present } = this.step(reference, owner, row, parent);
    from.join(parent, on);
    const judged = this.judgeParent(mapped, parent, from);
    const found = `${parent.column(reference.referencedColumns[0] ?? '')} IS NOT NULL`;
    const cases = [
      ...(judged.fault === 'NULL' ? [] : [`WHEN ${found} THEN ${judged.fault}`]),
      ...this.danglingCases(rule, owning, row, found),
    ];
    return {
      key: judged.key,
      present,
      shared: judged.shared === 'false' ? 'false' : `(${found} AND ${judged.shared})`,
      fault: cases.length === 0 ? 'NULL' : `CASE ${cases.join(' ')} END`,
    };
  }

  /** A WHEN for a row that refers to nothing by a way whose foreign key forbids it. */
  private danglingCases(rule: Rule, mapped: ClinicTable, row: Member, found: string): string[] {
    const kept = keptKeys(mapped, this.catalog, this.map).find((one) => isWay(rule, one, mapped));
    return kept === undefined ? [] : [`WHEN ${breaksKey(kept, row, found)} THEN '${ROUTE.dangling}'`];
  }

  /** In place, unless that has been done often enough. */
  private judgeParent(mapped: ClinicTable, row: Member, from: FromClause): Judgement {
    if (!this.mayBeJudgedInPlace(mapped)) return this.readJudged(mapped, row, from);
    this.depth += 1;
    const judged = this.judge(mapped, row, from, this.graph.isComplete(mapped));
    this.depth -= 1;
    return judged;
  }

  /** Always where nothing more is joined for it. */
  private mayBeJudgedInPlace(mapped: ClinicTable): boolean {
    const name = displayName(mapped);
    const leadsOn = [...mapped.rules, ...mapped.witnesses].some(({ kind }) => kind === 'path');
    if (!leadsOn || this.graph.circle(mapped) !== undefined) return true;
    if (this.judgedOnce.has(name) || this.depth >= IN_PLACE.deep) return false;
    const times = (this.times.get(name) ?? 0) + 1;
    this.times.set(name, times);
    return times <= IN_PLACE.times;
  }

  /**
   * By where the row lies: of a join by other columns of what WITH holds, the planner would believe that it makes
   * rows many times over.
   */
  private readJudged(mapped: ClinicTable, row: Member, from: FromClause): Judgement {
    const { name, judged } = this.judgeOnce(mapped);
    const place = this.joinPlace(name, row, from);
    return {
      key: `${place}.clinic`,
      shared: judged.shared === 'false' ? 'false' : `coalesce(${place}.shared, false)`,
      fault: judged.fault === 'NULL' ? 'NULL' : `${place}.fault`,
    };
  }

  private judgeOnce(mapped: ClinicTable): JudgedTable {
    const known = this.judgedOnce.get(displayName(mapped));
    if (known !== undefined) return known;
    const row = this.member(findTable(this.catalog, mapped));
    const from = new FromClause(row);
    const outside = this.depth;
    this.depth = 0;
    const judged = this.judge(mapped, row, from, this.graph.isComplete(mapped));
    this.depth = outside;
    const made = { name: `judged${this.judgedOnce.size}`, id: rowId(row), from, judged };
    this.judgedOnce.set(displayName(mapped), made);
    return made;
  }

  /** Joins what is known of each row by its place; answers with the alias. */
  private joinPlace(name: string, row: Member, from: FromClause): string {
    const place = `${row.alias}p`;
    const id = rowId(row);
    from.joinNamed(name, place, `${place}.tab = ${id.tab} AND ${place}.tid = ${id.tid}`);
    return place;
  }

  /** The condition under which a row refers to a row of `parent`, and whether it refers to anything at all. */
  private step(reference: Reference, owner: Table, row: Member, parent: Member) {
    const target = findTable(this.catalog, reference.references);
    requireUnique(target, reference.referencedColumns);
    const pairs = reference.columns.map((column, i) => {
      const referenced = reference.referencedColumns[i] ?? '';
      return equality(
        { sql: parent.column(referenced), table: target, name: referenced },
        { sql: row.column(column), table: owner, name: column },
      );
    });
    const when = reference.when === undefined ? [] : [row.expression(`(\n${reference.when}\n)`)];
    const named = reference.columns.map((column) => `${row.column(column)} IS NOT NULL`);
    return {
      on: [...pairs, ...when].join(' AND '),
      present: `(${[...named, ...when.map((holds) => `${holds} IS TRUE`)].join(' AND ')})`,
    };
  }

  private judgeInCircle(circle: readonly ClinicTable[], row: Member, from: FromClause): Judgement {
    const first = displayName(circle[0] as ClinicTable);
    let known = this.circles.get(first);
    if (known === undefined) {
      known = { name: `circle${this.circles.size}`, sql: '' };
      this.circles.set(first, known);
      known.sql = circleSql(
        known.name,
        circle.map((table) => this.circleTable(table, circle)),
      );
    }
    const place = this.joinPlace(known.name, row, from);
    return { key: `${place}.clinic`, shared: `coalesce(${place}.shared, false)`, fault: `${place}.fault` };
  }

  private circleTable(mapped: ClinicTable, circle: readonly ClinicTable[]): CircleTable {
    const owner = findTable(this.catalog, mapped);
    const row = this.member(owner);
    const from = new FromClause(row);
    const mayShare = mapped.nullKey === 'shared';
    const words: OwnWord[] = [];
    const steps: string[] = [];
    for (const [ways, byRule] of [
      [mapped.rules, true],
      [mapped.witnesses, false],
    ] as const) {
      for (const way of ways) {
        if (way.kind === 'path' && circle.some((table) => sameName(table, way.reference.references))) {
          steps.push(this.circleStep(way.reference, mapped, byRule));
          const parent = this.member(findTable(this.catalog, way.reference.references));
          const place = rowId(parent).tid;
          const cases = this.danglingCases(way, mapped, row, `${place} IS NOT NULL`);
          if (cases.length === 0 && !(mayShare && byRule)) continue;
          const { on, present } = this.step(way.reference, owner, row, parent);
          from.join(parent, on);
          words.push({
            key: 'NULL',
            fault: cases.length === 0 ? 'NULL' : `CASE ${cases.join(' ')} END`,
            void: mayShare && byRule ? `${present} AND ${place} IS NULL` : 'false',
            byRule,
          });
          continue;
        }
        const { key, fault, present, shared } = this.verdict(way, mapped, row, from, byRule);
        const isVoid = mayShare && byRule ? `${present} AND ${key} IS NULL AND NOT ${shared}` : 'false';
        words.push({ key, fault, void: isVoid, byRule });
      }
    }
    for (const kept of this.otherKeys(mapped)) {
      const fault = danglingFault(kept, row, from, this.member);
      words.push({ key: 'NULL', fault, void: 'false', byRule: false });
    }
    const id = rowId(row);
    return { from: from.sql(), rows: row.from(), id, words, mayShare, steps };
  }

  private circleStep(reference: Reference, mapped: ClinicTable, byRule: boolean): string {
    const owner = findTable(this.catalog, mapped);
    const row = this.member(owner);
    const parent = this.member(findTable(this.catalog, reference.references));
    const { on } = this.step(reference, owner, row, parent);
    const [id, up] = [rowId(row), rowId(parent)];
    return `SELECT ${id.tab}, ${id.tid}, ${up.tab}, ${up.tid}, ${byRule} FROM ${row.from()} JOIN ${parent.from()} ON ${on}`;
  }

  /** The map's entry of a table that a path leads to; a RunError where that table has no clinic to tell. */
  private requireClinicTable(name: QualifiedName): ClinicTable {
    const found = this.map.tables.find((table) => sameName(table, name));
    if (found?.scope === 'clinic') return found;
    throw new RunError(
      `a path to the clinic leads through ${displayName(name)}, which is ${found?.scope ?? 'not in the tenancy map'}`,
      { hint: 'Name another way in tables.<name>.via.' },
    );
  }
}

function rowId(row: Member): RowId {
  return { tab: row.expression('tableoid'), tid: row.expression('ctid') };
}

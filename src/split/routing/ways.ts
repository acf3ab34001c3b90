import type { SchemaCatalog, Table } from '../../catalog/types.js';
import { RunError } from '../../core/errors.js';
import { displayName, type QualifiedName, sameName } from '../../core/identifiers.js';
import type { ClinicTable, Reference, Rule, TenancyMap } from '../../tenancy/types.js';
import { asKey, equality, haveOneText } from '../equality.js';
import type { FromClause, Member, memberFactory } from '../joins.js';
import { type Judgement, ROUTE, type Verdict } from '../judgement.js';
import { breaksKey, isWay, type KeptKey, keptKeys } from '../kept-keys.js';
import { findTable, requireUnique } from '../unique.js';

/** What a query knows, and how it judges the rows that a way leads to. */
export interface WayContext {
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  readonly member: ReturnType<typeof memberFactory>;
  judgeParent(mapped: ClinicTable, row: Member, from: FromClause): Judgement;
}

/** What each way of a row by itself says of its clinic, joining what that takes. */
export class Ways {
  constructor(private readonly context: WayContext) {}

  verdict(rule: Rule, mapped: ClinicTable, row: Member, from: FromClause, byRule: boolean): Verdict {
    const owner = findTable(this.context.catalog, mapped);
    if (rule.kind === 'path') return this.byPath(rule, mapped, row, from);
    if (rule.kind === 'column') return this.byColumn(rule, owner, row, from, byRule);
    return { key: asKey(row.column(rule.column)), present: 'true', shared: 'false', fault: 'NULL' };
  }

  /** The valid keys that no way follows. Of a column that names a clinic the clinics themselves tell. */
  otherKeys(mapped: ClinicTable): KeptKey[] {
    const ways = [...mapped.rules, ...mapped.witnesses];
    return keptKeys(mapped, this.context.catalog, this.context.map).filter((kept) => {
      const [column, ...more] = kept.key.columns;
      const isColumn =
        more.length === 0 &&
        sameName(kept.target, this.context.map.clinicTable) &&
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
    const { clinicTable } = this.context.map;
    const clinics = findTable(this.context.catalog, clinicTable);
    const value = row.column(rule.column);
    const present = `${value} IS NOT NULL`;
    const held = { sql: value, table: owner, name: rule.column };
    const isKey = rule.clinicColumn === clinicTable.key;
    const isText = isKey && haveOneText({ sql: '', table: clinics, name: clinicTable.key }, held);
    // A rule's key becomes the route, and whoever reads that knows the clinics.
    if (isText && byRule) return { key: asKey(value), present, shared: 'false', fault: 'NULL' };
    requireUnique(clinics, [rule.clinicColumn]);
    const clinic = this.context.member(clinics);
    const named = { sql: clinic.column(rule.clinicColumn), table: clinics, name: rule.clinicColumn };
    from.join(clinic, equality(named, held));
    const key = asKey(clinic.column(clinicTable.key));
    const fault = `CASE WHEN ${present} AND ${key} IS NULL THEN '${ROUTE.unknown}' END`;
    return { key: isText ? asKey(value) : key, present, shared: 'false', fault };
  }

  private byPath(rule: Rule & { kind: 'path' }, owning: ClinicTable, row: Member, from: FromClause): Verdict {
    const { reference } = rule;
    const owner = findTable(this.context.catalog, owning);
    const target = findTable(this.context.catalog, reference.references);
    const mapped = this.requireClinicTable(target);
    const parent = this.context.member(target);
    const { on, present } = this.step(reference, owner, row, parent);
    from.join(parent, on);
    const judged = this.context.judgeParent(mapped, parent, from);
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
  danglingCases(rule: Rule, mapped: ClinicTable, row: Member, found: string): string[] {
    const kept = keptKeys(mapped, this.context.catalog, this.context.map).find((one) =>
      isWay(rule, one, mapped),
    );
    return kept === undefined ? [] : [`WHEN ${breaksKey(kept, row, found)} THEN '${ROUTE.dangling}'`];
  }

  /** The condition under which a row refers to a row of `parent`, and whether it refers to anything at all. */
  step(reference: Reference, owner: Table, row: Member, parent: Member) {
    const target = findTable(this.context.catalog, reference.references);
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

  /** The map's entry of a table that a path leads to; a RunError where that table has no clinic to tell. */
  private requireClinicTable(name: QualifiedName): ClinicTable {
    const found = this.context.map.tables.find((table) => sameName(table, name));
    if (found?.scope === 'clinic') return found;
    throw new RunError(
      `a path to the clinic leads through ${displayName(name)}, which is ${found?.scope ?? 'not in the tenancy map'}`,
      { hint: 'Name another way in tables.<name>.via.' },
    );
  }
}

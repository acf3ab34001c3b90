import type { SchemaCatalog } from '../../catalog/types.js';
import { displayName, sameName } from '../../core/identifiers.js';
import type { ClinicTable, Reference } from '../../tenancy/types.js';
import { type CircleTable, circleSql, type OwnWord } from '../circle.js';
import { FromClause, type Member, type memberFactory } from '../joins.js';
import type { Judgement } from '../judgement.js';
import { danglingFault } from '../kept-keys.js';
import { findTable } from '../unique.js';
import { joinPlace, rowId } from './places.js';
import type { Ways } from './ways.js';

/** Tables that refer to one another in circles, each circle judged once for the whole query. */
export class Circles {
  /** By the display name of a circle's first table; the order does not matter to WITH RECURSIVE. */
  private readonly circles = new Map<string, { readonly name: string; sql: string }>();

  constructor(
    private readonly catalog: SchemaCatalog,
    private readonly member: ReturnType<typeof memberFactory>,
    private readonly ways: Ways,
  ) {}

  /** The members of WITH. */
  members(): string[] {
    return [...this.circles.values()].map(({ sql }) => sql);
  }

  judge(circle: readonly ClinicTable[], row: Member, from: FromClause): Judgement {
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
    const place = joinPlace(known.name, row, from);
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
          const cases = this.ways.danglingCases(way, mapped, row, `${place} IS NOT NULL`);
          if (cases.length === 0 && !(mayShare && byRule)) continue;
          const { on, present } = this.ways.step(way.reference, owner, row, parent);
          from.join(parent, on);
          words.push({
            key: 'NULL',
            fault: cases.length === 0 ? 'NULL' : `CASE ${cases.join(' ')} END`,
            void: mayShare && byRule ? `${present} AND ${place} IS NULL` : 'false',
            byRule,
          });
          continue;
        }
        const { key, fault, present, shared } = this.ways.verdict(way, mapped, row, from, byRule);
        const isVoid = mayShare && byRule ? `${present} AND ${key} IS NULL AND NOT ${shared}` : 'false';
        words.push({ key, fault, void: isVoid, byRule });
      }
    }
    for (const kept of this.ways.otherKeys(mapped)) {
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
    const { on } = this.ways.step(reference, owner, row, parent);
    const [id, up] = [rowId(row), rowId(parent)];
    return `SELECT ${id.tab}, ${id.tid}, ${up.tab}, ${up.tid}, ${byRule} FROM ${row.from()} JOIN ${parent.from()} ON ${on}`;
  }
}

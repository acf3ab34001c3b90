import type { SchemaCatalog } from '../../catalog/types.js';
import type { ClinicTable, TenancyMap } from '../../tenancy/types.js';
import { type FromClause, type Member, memberFactory } from '../joins.js';
import { type Judgement, judgement } from '../judgement.js';
import { danglingFault } from '../kept-keys.js';
import { wayGraph } from '../way-graph.js';
import { Circles } from './circles.js';
import { JudgedTables } from './judged-tables.js';
import { Ways } from './ways.js';

/** One query while it is put together: aliases, and what is worked out once for all of it. */
export class RoutingQuery {
  readonly member = memberFactory();
  private readonly graph: ReturnType<typeof wayGraph>;
  private readonly judged: JudgedTables;
  private readonly ways: Ways;
  private readonly circles: Circles;

  constructor(catalog: SchemaCatalog, map: TenancyMap, suspects: ReadonlySet<string>) {
    const { member } = this;
    this.graph = wayGraph(map, suspects);
    this.judged = new JudgedTables({
      catalog,
      member,
      isInCircle: (mapped) => this.graph.circle(mapped) !== undefined,
      judge: (mapped, row, from) => this.judge(mapped, row, from, this.graph.isComplete(mapped)),
    });
    this.ways = new Ways({
      catalog,
      map,
      member,
      judgeParent: (mapped, row, from) => this.judged.judgeParent(mapped, row, from),
    });
    this.circles = new Circles(catalog, member, this.ways);
  }

  with(): string {
    const members = [...this.circles.members(), ...this.judged.members()];
    return members.length === 0 ? '' : `WITH RECURSIVE ${members.join(',\n')}\n`;
  }

  /** Judges the rows of a member of `from`, joining what that takes. */
  judge(mapped: ClinicTable, row: Member, from: FromClause, complete: boolean): Judgement {
    const circle = this.graph.circle(mapped);
    if (circle !== undefined) return this.circles.judge(circle, row, from);
    const rules = mapped.rules.map((rule) => this.ways.verdict(rule, mapped, row, from, true));
    const isShared = mapped.nullKey === 'shared';
    if (!complete) return judgement(rules, [], isShared, false);
    const witnesses = mapped.witnesses.map((rule) => this.ways.verdict(rule, mapped, row, from, false));
    const dangling = this.ways.otherKeys(mapped).map((kept) => danglingFault(kept, row, from, this.member));
    return judgement(rules, witnesses, isShared, true, dangling);
  }

  /** The key that each way gives, rules first. */
  waysOf(mapped: ClinicTable, row: Member, from: FromClause): string[] {
    const ways = [...mapped.rules, ...mapped.witnesses];
    return ways.map((way) => this.ways.verdict(way, mapped, row, from, true).key);
  }
}

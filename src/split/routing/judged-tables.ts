import type { SchemaCatalog } from '../../catalog/types.js';
import { displayName } from '../../core/identifiers.js';
import type { ClinicTable } from '../../tenancy/types.js';
import type { RowId } from '../circle.js';
import { FromClause, type Member, type memberFactory } from '../joins.js';
import type { Judgement } from '../judgement.js';
import { findTable } from '../unique.js';
import { joinPlace, rowId } from './places.js';

/** A table's rows are judged in place this often and this deep; beyond, once for the whole query. */
const IN_PLACE = { times: 2, deep: 4 };

/** A table whose rows are judged once for all that refer to them. */
interface JudgedTable {
  readonly name: string;
  readonly id: RowId;
  readonly from: FromClause;
  readonly judged: Judgement;
}

/** How a query judges rows of a table, and what it knows of it. */
export interface JudgeContext {
  readonly catalog: SchemaCatalog;
  readonly member: ReturnType<typeof memberFactory>;
  isInCircle(mapped: ClinicTable): boolean;
  judge(mapped: ClinicTable, row: Member, from: FromClause): Judgement;
}

/** Judges the rows that others refer to: in place, or once for all that refer to them. */
export class JudgedTables {
  /** By display name. Without them, tables that refer to one another in layers would make a query without end. */
  private readonly judgedOnce = new Map<string, JudgedTable>();
  private readonly times = new Map<string, number>();
  private depth = 0;

  constructor(private readonly context: JudgeContext) {}

  /** The members of WITH. */
  members(): string[] {
    return [...this.judgedOnce.values()].map(
      ({ name, id, from, judged }) => `${name} (tab, tid, clinic, shared, fault) AS MATERIALIZED (
  SELECT ${id.tab}, ${id.tid}, ${judged.key}, ${judged.shared}, ${judged.fault} FROM ${from.sql()})`,
    );
  }

  /** In place, unless that has been done often enough. */
  judgeParent(mapped: ClinicTable, row: Member, from: FromClause): Judgement {
    if (!this.mayBeJudgedInPlace(mapped)) return this.readJudged(mapped, row, from);
    this.depth += 1;
    const judged = this.context.judge(mapped, row, from);
    this.depth -= 1;
    return judged;
  }

  /** Always where nothing more is joined for it. */
  private mayBeJudgedInPlace(mapped: ClinicTable): boolean {
    const name = displayName(mapped);
    const leadsOn = [...mapped.rules, ...mapped.witnesses].some(({ kind }) => kind === 'path');
    if (!leadsOn || this.context.isInCircle(mapped)) return true;
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
    const place = joinPlace(name, row, from);
    return {
      key: `${place}.clinic`,
      shared: judged.shared === 'false' ? 'false' : `coalesce(${place}.shared, false)`,
      fault: judged.fault === 'NULL' ? 'NULL' : `${place}.fault`,
    };
  }

  private judgeOnce(mapped: ClinicTable): JudgedTable {
    const known = this.judgedOnce.get(displayName(mapped));
    if (known !== undefined) return known;
    const row = this.context.member(findTable(this.context.catalog, mapped));
    const from = new FromClause(row);
    const outside = this.depth;
    this.depth = 0;
    const judged = this.context.judge(mapped, row, from);
    this.depth = outside;
    const made = { name: `judged${this.judgedOnce.size}`, id: rowId(row), from, judged };
    this.judgedOnce.set(displayName(mapped), made);
    return made;
  }
}

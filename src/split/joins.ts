import { rowsOf } from '../catalog/rows.js';
import type { Table } from '../catalog/types.js';
import { quoteIdent } from '../core/identifiers.js';

/** A table as one member of a join: every column it lends out gets a name of ours, so that none can clash. */
export interface Member {
  readonly alias: string;
  /** The SQL by which this column is read outside, e.g. `t1.c0`. */
  column(name: string): string;
  /** The same for any expression over this table's columns, unqualified (or qualified by the table's name). */
  expression(sql: string): string;
  /** The member's FROM item, complete once every column has been asked for. */
  from(): string;
}

/** Makes members with aliases t0, t1, … for one query. */
export function memberFactory(): (table: Table) => Member {
  let count = 0;
  return (table) => {
    const alias = `t${count++}`;
    const outputs = new Map<string, string>();
    const expression = (sql: string): string => {
      const known = outputs.get(sql) ?? `c${outputs.size}`;
      outputs.set(sql, known);
      return `${alias}.${known}`;
    };
    return {
      alias,
      expression,
      column: (name) => expression(quoteIdent(name)),
      from: () => {
        const list = [...outputs].map(([sql, name]) => `${sql} AS ${name}`).join(', ');
        return `(SELECT ${list} FROM ${rowsOf(table)}) AS ${alias}`;
      },
    };
  };
}

/** A FROM clause that grows: one member, and what is joined to it without ever adding or losing a row of it. */
export class FromClause {
  private readonly joins: { readonly item: () => string; readonly on: string }[] = [];

  constructor(private readonly root: Member) {}

  join(member: Member, on: string): void {
    this.joins.push({ item: member.from, on });
  }

  /** A named subquery (WITH), under an alias of its own. */
  joinNamed(name: string, alias: string, on: string): void {
    this.joins.push({ item: () => `${name} AS ${alias}`, on });
  }

  sql(): string {
    return [this.root.from(), ...this.joins.map(({ item, on }) => `LEFT JOIN ${item()} ON ${on}`)].join('\n');
  }
}

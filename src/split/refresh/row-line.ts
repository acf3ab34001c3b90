import { quoteIdent, quoteName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import type { TablePlan } from '../plan.js';
import type { TableState } from './target.js';

/** SQL: a row as a line of text in the shape of its table, with nothing in the columns that the target computes. */
export function lineOfRow({ proof, columns }: TablePlan, nameOf: (column: string) => string): string {
  return `ROW(${proof.map((name) => (columns.includes(name) ? nameOf(name) : 'NULL')).join(', ')})::text`;
}

/**
 * The row type that a line is read as: the table's own where it has these columns in this order. Else one of a table made
 * for that, whose statement is answered with it: a session's first table costs it more than all its rows do.
 */
export async function rowTypes(
  session: Session,
  states: readonly TableState[],
): Promise<{ types: string[]; statements: string[] }> {
  const found = await session.query<{ columns: string[]; refuses: boolean }>(
    // A domain may refuse to be empty even in a column that is not written.
    `SELECT array_agg(a.attname::text ORDER BY a.attnum) AS columns, bool_or(a.attgenerated <> '' AND t.typtype = 'd') AS refuses
       FROM unnest($1::text[]) WITH ORDINALITY AS n (name, i)
       LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = pg_catalog.to_regclass(n.name) AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      GROUP BY i ORDER BY i`,
    [states.map(({ plan }) => quoteName(plan.table))],
  );
  const statements: string[] = [];
  const types = states.map(({ plan, index }, i) => {
    const own = found[i];
    const isAlike = own?.refuses !== true && own?.columns.join('\0') === plan.proof.join('\0');
    if (isAlike) return quoteName(plan.table);
    const table = quoteIdent(`clinic_migrate_row_${index}`);
    const columns = plan.proof.map((name) =>
      plan.columns.includes(name) ? quoteIdent(name) : `NULL::text AS ${quoteIdent(name)}`,
    );
    statements.push(
      `CREATE TEMPORARY TABLE ${table} ON COMMIT DROP AS SELECT ${columns.join(', ')} FROM ${plan.rows} WHERE false`,
    );
    return `pg_temp.${table}`;
  });
  return { types, statements };
}

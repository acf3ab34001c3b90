import { type QualifiedName, quoteIdent, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { rowsOf } from './rows.js';
import type { CandidateColumn, ColumnProbe } from './types.js';

/**
 * Holds the distinct values of each column against `clinics.key`, as text, so that types need not match.
 * One pass over each column's table.
 */
export async function probeColumns(
  session: Session,
  clinics: QualifiedName & { readonly key: string },
  columns: readonly CandidateColumn[],
): Promise<ColumnProbe[]> {
  const probes: ColumnProbe[] = [];
  for (const { table, column } of columns) {
    const [row] = await session.query<{ values: ColumnProbe['values'] }>(
      `SELECT CASE WHEN count(*) = 0 THEN 'empty' WHEN count(k.key) = count(*) THEN 'all clinics'
                   WHEN count(k.key) = 0 THEN 'none' ELSE 'some clinics' END AS values
         FROM (SELECT DISTINCT ${quoteIdent(column)}::text COLLATE "C" AS value FROM ${rowsOf(table)}
                WHERE ${quoteIdent(column)} IS NOT NULL) AS v
         LEFT JOIN (SELECT ${quoteIdent(clinics.key)}::text COLLATE "C" AS key FROM ${quoteName(clinics)}) AS k ON k.key = v.value`,
    );
    probes.push({ table, column, values: row?.values ?? 'empty' });
  }
  return probes;
}

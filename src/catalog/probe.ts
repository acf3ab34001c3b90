import { type QualifiedName, quoteIdent, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { rowsOf } from './rows.js';
import type { CandidateColumn, ColumnProbe } from './types.js';

const SAMPLES = 5;

/**
 * Holds the distinct values of each column against the clinic table's, as text, so that types need not match. One
 * pass over each column's table, and another where some values are no clinic's.
 */
export async function probeColumns(
  session: Session,
  clinics: QualifiedName & { readonly key: string },
  columns: readonly CandidateColumn[],
): Promise<ColumnProbe[]> {
  const probes: ColumnProbe[] = [];
  for (const { table, column, clinicColumn } of columns) {
    const values = `(SELECT DISTINCT ${quoteIdent(column)}::text COLLATE "C" AS value FROM ${rowsOf(table)}
                      WHERE ${quoteIdent(column)} IS NOT NULL) AS v
         LEFT JOIN (SELECT ${quoteIdent(clinicColumn)}::text COLLATE "C" AS key FROM ${quoteName(clinics)}) AS k ON k.key = v.value`;
    const [row] = await session.query<{ values: ColumnProbe['values']; unknown: string }>(
      `SELECT CASE WHEN count(*) = 0 THEN 'empty' WHEN count(k.key) = count(*) THEN 'all clinics'
                   WHEN count(k.key) = 0 THEN 'none' ELSE 'some clinics' END AS values,
              (count(*) - count(k.key))::text AS unknown
         FROM ${values}`,
    );
    const count = Number(row?.unknown ?? 0);
    const samples =
      count === 0
        ? []
        : await session.query<{ value: string }>(
            `SELECT v.value FROM ${values} WHERE k.key IS NULL ORDER BY 1 LIMIT ${SAMPLES}`,
          );
    probes.push({
      table,
      column,
      clinicColumn,
      values: row?.values ?? 'empty',
      unknown: { count, samples: samples.map(({ value }) => value) },
    });
  }
  return probes;
}

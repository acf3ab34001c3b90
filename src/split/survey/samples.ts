import type { Table } from '../../catalog/types.js';
import { quoteIdent } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { ROUTE } from '../judgement.js';
import type { Routing } from '../routing.js';
import type { ProblemReason } from './types.js';

/** How many example keys a problem carries. */
export const SAMPLES = 5;

/** Examples of the rows with a problem. */
export async function samplesOf(
  session: Session,
  routed: Routing,
  reason: ProblemReason,
  keys: ReadonlySet<string>,
): Promise<string[]> {
  const conditions = {
    'no clinic': `left(route, 1) = '${ROUTE.none}'`,
    'unknown clinic': `(left(route, 1) = '${ROUTE.unknown}' OR (left(route, 1) = '${ROUTE.key}' AND substr(route, 2) <> ALL ($1::text[])))`,
    'paths disagree': `left(route, 1) = '${ROUTE.disagree}'`,
    dangling: `left(route, 1) = '${ROUTE.dangling}'`,
  };
  const rows = await session.query<{ sample: string }>(
    `${routed.with}SELECT sample FROM (SELECT ${routed.route} AS route, ${routed.expressions[0]} AS sample FROM ${routed.from}) AS r
      WHERE ${conditions[reason]} ORDER BY sample COLLATE "C" LIMIT ${SAMPLES}`,
    reason === 'unknown clinic' ? [[...keys]] : [],
  );
  return rows.map((row) => row.sample);
}

/** SQL that names a row for people: its primary key as text, or where it lies in the table. */
export function sampleExpression(table: Table): string {
  const primary = table.keys.find((key) => key.primary);
  if (primary === undefined) return "'row at ' || ctid::text";
  return `concat_ws(', ', ${primary.columns.map((column) => `${quoteIdent(column)}::text`).join(', ')})`;
}

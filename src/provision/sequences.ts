import type { SchemaCatalog, Sequence } from '../catalog/types.js';
import { quoteIdent, quoteLiteral, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import type { Contents } from './contents.js';

/** Where a legacy sequence stands. Integers as text: they go up to 64 bits. */
export interface SequenceValue {
  readonly sequence: Sequence;
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** From the sequences themselves: what shows values to everybody shows NULL for one that may not be read. */
export async function readSequenceValues(
  legacy: Session,
  { sequences }: SchemaCatalog,
): Promise<SequenceValue[]> {
  const values: SequenceValue[] = [];
  for (const sequence of sequences) {
    const [row] = await legacy.query<{ last: string; called: boolean }>(
      `SELECT last_value::text AS last, is_called AS called FROM ${quoteName(sequence)}`,
    );
    if (row !== undefined) values.push({ sequence, lastValue: row.last, isCalled: row.called });
  }
  return values;
}

/**
 * To the legacy value, so that no number is given out twice; past what its columns have reached where that is
 * further and a value that the sequence can take.
 */
export function setSequence(value: SequenceValue, contents: Contents): string[] {
  const { sequence, lastValue, isCalled } = value;
  const { ownedBy, columns } = sequence;
  if (ownedBy !== undefined && !contents.has(ownedBy.table)) return [];
  const present = columns.filter(({ table }) => contents.has(table));
  const last = `${quoteLiteral(lastValue)}::bigint`;
  const far = (direction: 'greatest' | 'least', aggregate: 'max' | 'min'): string =>
    present.length === 0
      ? 'NULL::bigint'
      : `${direction}(${present.map(({ table, column }) => `(SELECT ${aggregate}(${quoteIdent(column)})::bigint FROM ${quoteName(table)})`).join(', ')})`;
  return [
    `SELECT CASE WHEN r.reached BETWEEN s.seqmin AND s.seqmax
                  AND CASE WHEN s.seqincrement > 0 THEN r.reached >= ${last} ELSE r.reached <= ${last} END
              THEN pg_catalog.setval(s.seqrelid, r.reached, true)
              ELSE pg_catalog.setval(s.seqrelid, ${last}, ${isCalled}) END
       FROM pg_catalog.pg_sequence s,
            LATERAL (SELECT CASE WHEN s.seqincrement > 0 THEN ${far('greatest', 'max')} ELSE ${far('least', 'min')} END
                       AS reached) AS r
      WHERE s.seqrelid = pg_catalog.to_regclass(${quoteLiteral(quoteName(sequence))})`,
  ];
}

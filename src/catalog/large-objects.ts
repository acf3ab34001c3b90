import { quoteIdent } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { rowsOf } from './rows.js';
import type { Table } from './types.js';

/** A column whose values are, or may be, large objects' oids. */
export interface ObjectColumn {
  readonly table: Table;
  readonly column: string;
}

/** Which large objects a database holds that no row of some columns names. */
export interface LargeObjectUse {
  readonly total: number;
  readonly unnamed: number;
  /** Some of them. */
  readonly samples: readonly string[];
}

const SAMPLES = 5;

/** SQL: a value as the text of an oid. Compared as text, a value of any type can be held against oids. */
export function oidText(sql: string): string {
  return `(${sql})::pg_catalog.text COLLATE "C"`;
}

/** Counts the large objects, and those that no value in these columns names. */
export async function readLargeObjectUse(
  session: Session,
  named: readonly ObjectColumn[],
): Promise<LargeObjectUse> {
  const values = named.map(
    ({ table, column }) => `SELECT ${oidText(quoteIdent(column))} AS value FROM ${rowsOf(table)}`,
  );
  const [row] = await session.query<{ total: string; unnamed: string; samples: string[] | null }>(
    `WITH named AS (${['SELECT NULL::pg_catalog.text COLLATE "C" AS value', ...values].join('\nUNION ALL ')}),
      unnamed AS (SELECT m.oid FROM pg_catalog.pg_largeobject_metadata m
        WHERE NOT EXISTS (SELECT FROM named WHERE named.value = ${oidText('m.oid')}))
     SELECT (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)::text AS total,
       (SELECT count(*) FROM unnamed)::text AS unnamed,
       ARRAY(SELECT oid::text FROM unnamed ORDER BY oid LIMIT ${SAMPLES}) AS samples`,
  );
  return {
    total: Number(row?.total ?? 0),
    unnamed: Number(row?.unnamed ?? 0),
    samples: row?.samples ?? [],
  };
}

/** How many values of a column name something, and how many of these a large object that is there. */
export async function countNaming(
  session: Session,
  { table, column }: ObjectColumn,
): Promise<{ readonly values: number; readonly naming: number }> {
  const [row] = await session.query<{ values: string; naming: string }>(
    `SELECT count(*)::text AS values, count(m.oid)::text AS naming
       FROM (SELECT ${oidText(quoteIdent(column))} AS value FROM ${rowsOf(table)}) AS t
       LEFT JOIN pg_catalog.pg_largeobject_metadata m ON ${oidText('m.oid')} = t.value
      WHERE t.value <> '0'`,
  );
  return { values: Number(row?.values ?? 0), naming: Number(row?.naming ?? 0) };
}

import { rowsOf } from '../catalog/rows.js';
import type { SchemaCatalog, Table } from '../catalog/types.js';
import { quoteIdent, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { ROUTE } from '../split/judgement.js';
import { routing, wayKeys } from '../split/routing.js';
import { SAMPLES, sampleExpression } from '../split/survey/samples.js';
import { findTable } from '../split/unique.js';
import type { ClinicTable, TenancyMap } from '../tenancy/types.js';
import type { ReferringKey } from './references.js';
import type { WayPairs } from './way-agreement.js';

/** What a column's values are when held against a key: rows that name something, and rows that name what is there. */
export interface Matches {
  readonly named: number;
  readonly matching: number;
}

/** How the ways of a table agree, by their number in rules and witnesses. */
export interface WayMatches extends WayPairs {
  readonly rows: number;
  /** In how many rows a way differs from one of these, and a few of them by their keys. */
  odd(way: number, from: readonly number[]): { readonly rows: number; readonly samples: readonly string[] };
}

/** How rows are used: those referred to more than once, and those that rows of several clinics refer to. */
export interface Usage {
  readonly repeated: number;
  readonly several: number;
}

type Counts<K extends string> = Record<string, unknown> & Readonly<Record<K, string>>;

/** Asks the legacy database, each thing once. Every answer reads one table or two from end to end. */
export class LegacyFacts {
  readonly #known = new Map<string, Promise<unknown>>();

  constructor(private readonly session: Session) {}

  rows(table: Table): Promise<number> {
    return this.#once(['rows', quoteName(table)], async () => {
      const sql = `SELECT count(*)::text AS rows FROM ${rowsOf(table)}`;
      const [row] = await this.session.query<Counts<'rows'>>(sql);
      return Number(row?.rows ?? 0);
    });
  }

  /** Rows of `table` with NULL in this column. */
  nulls(table: Table, column: string): Promise<number> {
    return this.#once(['nulls', quoteName(table), column], async () => {
      const sql = `SELECT count(*)::text AS rows FROM ${rowsOf(table)} WHERE ${quoteIdent(column)} IS NULL`;
      const [row] = await this.session.query<Counts<'rows'>>(sql);
      return Number(row?.rows ?? 0);
    });
  }

  /** `key` is unique in `target`. Compared as text, so that types need not match. */
  matches(table: Table, column: string, target: Table, key: string): Promise<Matches> {
    return this.#once(['matches', quoteName(table), column, quoteName(target), key], async () => {
      const [row] = await this.session.query<Counts<'named' | 'matching'>>(
        `SELECT count(t.value)::text AS named, count(k.key)::text AS matching
           FROM (SELECT ${quoteIdent(column)}::text COLLATE "C" AS value FROM ${rowsOf(table)}) AS t
           LEFT JOIN (SELECT ${quoteIdent(key)}::text COLLATE "C" AS key FROM ${rowsOf(target)}) AS k ON k.key = t.value`,
      );
      return { named: Number(row?.named ?? 0), matching: Number(row?.matching ?? 0) };
    });
  }

  /**
   * How the rows that `key` refers to are used by the clinics, as the map knows them; with `withNull` only the rows
   * that have NULL in that column.
   */
  usage(
    catalog: SchemaCatalog,
    map: TenancyMap,
    referring: ReferringKey & { readonly from: ClinicTable },
    target: Table,
    withNull?: string,
  ): Promise<Usage> {
    const { from, key } = referring;
    return this.#once(['usage', quoteName(from), key.name, withNull ?? ''], async () => {
      const routed = routing(from, { catalog, map, columns: key.columns });
      const names = routed.columns.map((_, i) => `c${i}`);
      const columns = routed.columns.map((sql, i) => `${sql} AS c${i}`);
      const named = names.map((name) => `${name} IS NOT NULL`);
      const referenced = key.referencedColumns.map(quoteIdent).join(', ');
      const only =
        withNull === undefined
          ? ''
          : ` AND (${names.join(', ')}) IN (SELECT ${referenced} FROM ${rowsOf(target)} WHERE ${quoteIdent(withNull)} IS NULL)`;
      const [row] = await this.session.query<Counts<'repeated' | 'several'>>(
        `${routed.with}SELECT count(*) FILTER (WHERE uses > 1)::text AS repeated,
                count(*) FILTER (WHERE clinics > 1)::text AS several
           FROM (SELECT count(*) AS uses, count(DISTINCT route) AS clinics
                   FROM (SELECT ${[`${routed.route} AS route`, ...columns].join(', ')} FROM ${routed.from}) AS r
                  WHERE left(route, 1) = '${ROUTE.key}' AND ${named.join(' AND ')}${only}
                  GROUP BY ${names.join(', ')}) AS used`,
      );
      return { repeated: Number(row?.repeated ?? 0), several: Number(row?.several ?? 0) };
    });
  }

  /** How the ways of a clinic table's rows agree; samples of the rows in which they do not. */
  async ways(catalog: SchemaCatalog, map: TenancyMap, table: ClinicTable): Promise<WayMatches> {
    const sample = sampleExpression(findTable(catalog, table));
    const routed = wayKeys(table, { catalog, map, expressions: [sample] });
    const numbers = routed.keys.map((_, i) => i);
    const pairs = numbers.flatMap((a) => numbers.filter((b) => a < b).map((b) => [a, b] as const));
    const list = [...routed.keys.map((key, i) => `${key} AS k${i}`), `${routed.expressions[0]} AS sample`];
    const counts = pairs.flatMap(([a, b]) => [
      `count(*) FILTER (WHERE k${a} IS NOT NULL AND k${b} IS NOT NULL)::text AS b${a}_${b}`,
      `count(*) FILTER (WHERE k${a} <> k${b})::text AS d${a}_${b}`,
    ]);
    const [row = {}] = await this.session.query(
      `${routed.with}SELECT ${['count(*)::text AS rows', ...counts].join(', ')}
         FROM (SELECT ${list.join(', ')} FROM ${routed.from}) AS w`,
    );
    const samples = new Map<string, readonly string[]>();
    for (const [a, b] of pairs) {
      if (Number(row[`d${a}_${b}`] ?? 0) === 0) continue;
      const found = await this.session.query<{ sample: string }>(
        `${routed.with}SELECT sample FROM (SELECT ${list.join(', ')} FROM ${routed.from}) AS w
          WHERE k${a} <> k${b} ORDER BY sample COLLATE "C" LIMIT ${SAMPLES}`,
      );
      samples.set(
        `${a}_${b}`,
        found.map(({ sample: id }) => id),
      );
    }
    const at = (letter: string, a: number, b: number): unknown =>
      row[`${letter}${Math.min(a, b)}_${Math.max(a, b)}`];
    const differing = (a: number, b: number): number => (a === b ? 0 : Number(at('d', a, b) ?? 0));
    return {
      count: numbers.length,
      rows: Number(row['rows'] ?? 0),
      both: (a, b) => Number(at('b', a, b) ?? 0),
      differing,
      odd: (way, from) => {
        const [worst = way] = [...from].sort((a, b) => differing(way, b) - differing(way, a));
        return {
          rows: differing(way, worst),
          samples: samples.get(`${Math.min(way, worst)}_${Math.max(way, worst)}`) ?? [],
        };
      },
    };
  }

  #once<T>(key: readonly string[], work: () => Promise<T>): Promise<T> {
    const text = JSON.stringify(key);
    const known = this.#known.get(text) ?? work();
    this.#known.set(text, known);
    return known as Promise<T>;
  }
}

/** True where rows are in common use: of those that are referred to more than once, at least half by several clinics. */
export function isCommon({ repeated, several }: Usage): boolean {
  return several > 0 && several * 2 >= repeated;
}

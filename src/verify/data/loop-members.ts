import { rowsOf } from '../../catalog/rows.js';
import { quoteIdent, sameName } from '../../core/identifiers.js';
import type { ClinicTable, Reference } from '../../tenancy/types.js';
import type { LoopMember } from './loops.js';
import { catalogTable } from './places.js';
import { breaksJoined } from './valid-keys.js';
import { keyPairs, namesKey, type Writing, wayOf } from './ways.js';

/** What a table in a loop knows without the loop, and how its rows refer to others in it. */
export function loopMember(writing: Writing, mapped: ClinicTable, loop: readonly ClinicTable[]): LoopMember {
  const owner = catalogTable(writing.catalog, mapped);
  const row = writing.alias('r');
  const from = [`${rowsOf(owner)} AS ${row}`];
  const mayShare = mapped.nullKey === 'shared';
  const words: string[] = [];
  const hops: string[] = [];
  const ways = [
    ...mapped.rules.map((rule) => ({ rule, sure: true })),
    ...mapped.witnesses.map((rule) => ({ rule, sure: false })),
  ];
  for (const { rule, sure } of ways) {
    const isInside = rule.kind === 'path' && loop.some((other) => sameName(other, rule.reference.references));
    if (isInside) {
      hops.push(hop(writing, rule.reference, mapped, sure));
      const key = writing.keyOf(rule.reference, owner);
      if (key === undefined && !(mayShare && sure)) continue;
      const lost =
        key === undefined ? 'false' : breaksJoined(key, row, from, writing.catalog, writing.alias('d'));
      const astray = mayShare && sure ? pointsNowhere(writing, rule.reference, mapped, row) : 'false';
      words.push(`(NULL::text, ${sure}, ${lost}, ${astray})`);
      continue;
    }
    const { clinic, names, shared, lost } = wayOf(writing, rule, { owner, row, from });
    const astray =
      mayShare && sure ? `coalesce(${names} AND ${clinic} IS NULL AND NOT ${shared}, false)` : 'false';
    words.push(`(${clinic}, ${sure}, coalesce(${lost}, false), ${astray})`);
  }
  for (const key of writing.otherKeys(mapped)) {
    const lost = breaksJoined(key, row, from, writing.catalog, writing.alias('d'));
    words.push(`(NULL::text, false, ${lost}, false)`);
  }
  return { table: rowsOf(owner), row, from: from.join('\n'), words, hops, mayShare };
}

/** Pairs of rows: one of the table, and the one it refers to. */
function hop(writing: Writing, reference: Reference, mapped: ClinicTable, sure: boolean): string {
  const [row, parent] = [writing.alias('r'), writing.alias('p')];
  return `SELECT ${row}.tableoid, ${row}.ctid, ${parent}.tableoid, ${parent}.ctid, ${sure}
    FROM ${rowsOf(catalogTable(writing.catalog, mapped))} AS ${row}
    JOIN ${rowsOf(catalogTable(writing.catalog, reference.references))} AS ${parent}
      ON ${matches(writing, reference, mapped, row, parent)} WHERE ${holds(reference, mapped, row)}`;
}

/** True for a row that names another which is not there. */
function pointsNowhere(writing: Writing, reference: Reference, mapped: ClinicTable, row: string): string {
  const parent = writing.alias('p');
  return `${namesKey(reference, row).join(' AND ')} AND coalesce(${holds(reference, mapped, row)}, false) AND NOT EXISTS (
    SELECT FROM ${rowsOf(catalogTable(writing.catalog, reference.references))} AS ${parent}
     WHERE ${matches(writing, reference, mapped, row, parent)})`;
}

function matches(
  writing: Writing,
  reference: Reference,
  mapped: ClinicTable,
  row: string,
  parent: string,
): string {
  const owner = catalogTable(writing.catalog, mapped);
  const keyOf = (column: string): string => `${parent}.${quoteIdent(column)}`;
  return keyPairs(writing, reference, { owner, row }, keyOf).join(' AND ');
}

function holds({ when }: Reference, mapped: ClinicTable, row: string): string {
  return when === undefined
    ? 'true'
    : `(SELECT (\n${when}\n) FROM (SELECT ${row}.*) AS ${quoteIdent(mapped.name)})`;
}

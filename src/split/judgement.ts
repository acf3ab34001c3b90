/** First character of a route: what becomes of the row. The clinic's key follows KEY and DISAGREE. */
export const ROUTE = {
  key: 'k',
  shared: 's',
  none: 'n',
  unknown: 'u',
  disagree: 'd',
  /** It refers by a valid foreign key to a row that is not there. */
  dangling: 'o',
} as const;

/** What all ways of a row together say of it, as SQL. */
export interface Judgement {
  /** The clinic's key as text, or NULL. */
  readonly key: string;
  /** True where the row belongs to every clinic. */
  readonly shared: string;
  /** A letter of ROUTE where the row has no place, else NULL. The literal `NULL` where it always has one. */
  readonly fault: string;
}

/** What one way says of a row, as SQL. */
export interface Verdict extends Judgement {
  /** True where the row names something, whether or not that leads to a clinic. */
  readonly present: string;
}

/**
 * Puts the verdicts of a row's ways together; `complete` includes what is wrong with the row. `dangling`: faults of
 * foreign keys that are no ways.
 */
export function judgement(
  rules: readonly Verdict[],
  witnesses: readonly Verdict[],
  nullKeyShared: boolean,
  complete: boolean,
  dangling: readonly string[] = [],
): Judgement {
  const keys = rules.map((rule) => rule.key);
  const key =
    keys.length === 0 ? 'NULL::text' : keys.length === 1 ? `${keys[0]}` : `coalesce(${keys.join(', ')})`;
  const all = [...rules, ...witnesses];
  // Only a row that names nothing, or something shared, is for every clinic; a reference into the void is not.
  const shared = nullKeyShared
    ? `(${[`${key} IS NULL`, ...rules.map((rule) => `(NOT ${rule.present} OR ${rule.shared})`)].join(' AND ')})`
    : 'false';
  if (!complete) return { key, shared, fault: 'NULL' };
  const inherited = [...all.map((verdict) => verdict.fault), ...dangling].filter((fault) => fault !== 'NULL');
  const against = all.filter((verdict) => verdict.key !== key).map((verdict) => verdict.key);
  const disagree = against.map((other) => `${other} IS DISTINCT FROM ${key} AND ${other} IS NOT NULL`);
  const cases = [
    `WHEN ${key} IS NULL AND NOT ${shared} THEN '${ROUTE.none}'`,
    ...disagree.map((condition) => `WHEN ${condition} THEN '${ROUTE.disagree}'`),
  ];
  // Each inherited fault is written once: it holds those of the rows above, and theirs.
  return { key, shared, fault: `coalesce(${[...inherited, `CASE ${cases.join(' ')} END`].join(', ')})` };
}

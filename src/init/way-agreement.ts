/** In how many rows two ways give a clinic both, and in how many of these it is not the same. */
export interface WayPairs {
  readonly count: number;
  both(one: number, other: number): number;
  differing(one: number, other: number): number;
}

// All sets of ways are tried.
const MOST = 12;

/**
 * The ways of a table, by number, that agree in every row, and those that contradict them or one another. `agreeing` is
 * the one largest set of two or more of which each two meet in some row; empty where there is none, or several.
 */
export function agreeingWays(pairs: WayPairs): { agreeing: readonly number[]; odd: readonly number[] } {
  const all = Array.from({ length: pairs.count }, (_, i) => i);
  const differs = (one: number, others: readonly number[]): boolean =>
    others.some((other) => other !== one && pairs.differing(one, other) > 0);
  const nothing = { agreeing: [], odd: all.filter((one) => differs(one, all)) };
  if (pairs.count > MOST) return nothing;
  const sets = Array.from({ length: 2 ** pairs.count }, (_, bits) => all.filter((i) => (bits >> i) & 1))
    .filter((set) => set.length > 1)
    .filter((set) =>
      set.every((a) => set.every((b) => a >= b || (pairs.both(a, b) > 0 && pairs.differing(a, b) === 0))),
    );
  const most = Math.max(0, ...sets.map(({ length }) => length));
  const [largest, ...more] = sets.filter(({ length }) => length === most);
  if (largest === undefined || more.length > 0) return nothing;
  return { agreeing: largest, odd: all.filter((one) => !largest.includes(one) && differs(one, largest)) };
}

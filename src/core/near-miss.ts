import { closest, distance } from 'fastest-levenshtein';

/** The candidate that a mistyped name most likely means; undefined where none is near. */
export function nearMiss(name: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const best = closest(
    name.toLowerCase(),
    candidates.map((candidate) => candidate.toLowerCase()),
  );
  const found = candidates.find((candidate) => candidate.toLowerCase() === best);
  return distance(name.toLowerCase(), best) <= Math.max(2, Math.floor(name.length / 3)) ? found : undefined;
}

/** A hint for an unknown name: the near miss, else everything there is (at most ten). */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const near = nearMiss(name, candidates);
  if (near !== undefined) return `Did you mean ${near}?`;
  if (candidates.length === 0) return 'There is none.';
  const more = candidates.length > 10 ? `, and ${candidates.length - 10} more` : '';
  return `There is: ${candidates.slice(0, 10).join(', ')}${more}.`;
}

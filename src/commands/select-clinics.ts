import { UsageError } from '../core/errors.js';
import { didYouMean } from '../core/near-miss.js';

/** The names a clinic answers to. */
export interface ClinicNames {
  readonly key: string;
  readonly label: string;
  readonly database: string;
}

/**
 * The items that the arguments name, by key, label or database; all where there are no arguments. UsageError for a
 * name that no clinic has, or several.
 */
export function selectClinics<T extends object>(
  wanted: readonly string[],
  items: readonly T[],
  namesOf: (item: T) => ClinicNames,
): T[] {
  if (wanted.length === 0) return [...items];
  const chosen = new Set(
    wanted.map((name) => {
      const found = items.filter((item) => Object.values(namesOf(item)).includes(name));
      const [first, ...others] = found;
      if (first === undefined) {
        throw new UsageError(`no clinic has the key, name or database ${JSON.stringify(name)}`, {
          hint: didYouMean(
            name,
            items.flatMap((item) => Object.values(namesOf(item))),
          ),
        });
      }
      if (others.length > 0) {
        const keys = found.map((item) => namesOf(item)).map(({ key, label }) => `${key} (${label})`);
        throw new UsageError(`${JSON.stringify(name)} names ${found.length} clinics: ${keys.join(', ')}`, {
          hint: 'Use the database name, which only one has.',
        });
      }
      return first;
    }),
  );
  return items.filter((item) => chosen.has(item));
}

import fc from 'fast-check';
import { quoteIdent, quoteLiteral } from '../../src/core/identifiers.js';

/** How CREATE DATABASE makes it, and what pg_database says of it and its copies. */
const PLACES = {
  plain: ["ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'", { encoding: 'UTF8', provider: 'c' }],
  latin1: ["ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'", { encoding: 'LATIN1', provider: 'c' }],
  icu: [
    "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LC_COLLATE 'C' LC_CTYPE 'C'",
    { encoding: 'UTF8', provider: 'i' },
  ],
} as const;

/** As ALTER … SET takes them, and as the server stores them where that is another text. */
const SETTINGS = [
  ['TimeZone', "'Asia/Kolkata'", 'Asia/Kolkata'],
  ['TimeZone', "'America/St_Johns'", 'America/St_Johns'],
  ['DateStyle', "'German, DMY'", 'German, DMY'],
  ['IntervalStyle', "'iso_8601'", 'iso_8601'],
  ['search_path', `'Other "s"', public`, '"Other ""s""", public'],
  ['search_path', 'public', 'public'],
  ['bytea_output', "'escape'", 'escape'],
  ['extra_float_digits', '-3', '-3'],
  ['statement_timeout', "'15min'", '15min'],
  ['app.greeting', "'it''s é \\'", "it's é \\"],
] as const;

export interface SurroundingsShape {
  readonly place: keyof typeof PLACES;
  /** Of the database, and of the application's login in it: numbers of SETTINGS. */
  readonly database: readonly number[];
  readonly login: readonly number[];
}

const numbers = fc.uniqueArray(fc.nat(SETTINGS.length - 1), {
  maxLength: 4,
  selector: (number) => SETTINGS[number]?.[0],
});

export const surroundingsShape: fc.Arbitrary<SurroundingsShape> = fc.record({
  place: fc.constantFrom(...(Object.keys(PLACES) as (keyof typeof PLACES)[])),
  database: numbers,
  login: numbers,
});

/** What a clinic's database has to be like. */
export interface Surroundings {
  /** For CREATE DATABASE. */
  readonly options: string;
  /** Statements in the legacy database, after which it is set like that. */
  readonly script: readonly string[];
  readonly locale: { readonly encoding: string; readonly provider: string };
  /** `name=value`, in order. */
  readonly database: readonly string[];
  readonly login: readonly string[];
}

export function surroundingsOf({ place, database, login }: SurroundingsShape, app: string): Surroundings {
  const [options, locale] = PLACES[place];
  const pick = (chosen: readonly number[]) => chosen.map((number) => SETTINGS[number] ?? SETTINGS[0]);
  const stored = (chosen: readonly number[]): string[] =>
    pick(chosen)
      .map(([name, , value]) => `${name}=${value}`)
      .sort();
  const alter = (whom: string, chosen: readonly number[]): string[] =>
    pick(chosen).map(
      ([name, value]) =>
        `DO ${quoteLiteral(`BEGIN EXECUTE format(${quoteLiteral(`ALTER ${whom} SET ${name} TO ${value.replaceAll('%', '%%')}`)}, current_database()); END`)}`,
    );
  return {
    options,
    locale,
    script: [...alter('DATABASE %I', database), ...alter(`ROLE ${quoteIdent(app)} IN DATABASE %I`, login)],
    database: stored(database),
    login: stored(login),
  };
}

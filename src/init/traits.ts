import type { Table } from '../catalog/types.js';
import { CLINIC_WORDS, singular } from '../tenancy/clinic-table.js';
import type { TenancyMap } from '../tenancy/types.js';

/** Words of table names whose rows are people, or what lets them in. */
const PEOPLE = new Set(
  `user account person people member staff employee admin administrator login credential profile identity auth patient
   client customer contact doctor physician practitioner therapist nurse guest owner author session token address`
    .trim()
    .split(/\s+/),
);

/** Words of columns that describe one person or business. */
const PERSONAL = new Set(
  `email mail phone mobile fax password passwd pwd secret token otp firstname lastname fullname surname birth birthday
   birthdate birthplace dob gender sex ssn iban street address zip postcode postal city`
    .trim()
    .split(/\s+/),
);

const PASSWORD = new Set(['password', 'passwd', 'pwd']);

/** `userProfiles` and `user_profiles` alike become `user`, `profiles`. */
function wordsOf(name: string): string[] {
  return name
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** Words, and neighbouring words as one: `first_name` is `firstname` too. */
function compoundsOf(name: string): string[] {
  const words = wordsOf(name);
  return [...words, ...words.slice(1).map((word, i) => `${words[i]}${word}`)];
}

/** True for tables named as if their rows were people or logins. */
export function namesPeople(table: Table): boolean {
  return wordsOf(table.name).some((word) => PEOPLE.has(word) || PEOPLE.has(singular(word)));
}

/** The first column that describes a person. */
export function personalColumn(table: Table): string | undefined {
  return table.columns.find(({ name }) => compoundsOf(name).some((word) => PERSONAL.has(word)))?.name;
}

/** The column that holds a password, of which only a login has one. */
export function passwordColumn(table: Table): string | undefined {
  return table.columns.find(({ name }) => compoundsOf(name).some((word) => PASSWORD.has(word)))?.name;
}

/** Columns with a word for a clinic anywhere in their names. */
export function clinicLikeColumns(table: Table, clinicTable: TenancyMap['clinicTable']): string[] {
  const words = [...CLINIC_WORDS, singular(clinicTable.name)];
  return table.columns
    .map(({ name }) => name)
    .filter((name) => words.some((word) => name.toLowerCase().replaceAll('_', '').includes(word)));
}

/**
 * The first column that refers to something the schema does not declare, or that says whose the row is: `entity_id`,
 * `created_by`.
 */
export function strayColumn(table: Table): string | undefined {
  const declared = new Set([
    ...table.foreignKeys.flatMap(({ columns }) => columns),
    ...table.keys.filter(({ primary }) => primary).flatMap(({ columns }) => columns),
  ]);
  return table.columns.find(({ name }) => {
    const words = wordsOf(name);
    const last = words.at(-1) ?? '';
    const isReference = words.length > 1 && ['id', 'uuid', 'key', 'ref', 'by'].includes(last);
    return !declared.has(name) && (isReference || ['owner', 'author', 'creator'].includes(words[0] ?? ''));
  })?.name;
}

/** Why a table's rows may be somebody's own, so that no other clinic may get them; undefined where nothing says so. */
export function privacyConcern(table: Table, clinicTable: TenancyMap['clinicTable']): string | undefined {
  const [clinicLike] = clinicLikeColumns(table, clinicTable);
  if (clinicLike !== undefined) return `${clinicLike} may name a clinic`;
  return personalConcern(table);
}

/** The same for the rows of a clinic's table that name no clinic. */
export function personalConcern(table: Table): string | undefined {
  if (namesPeople(table)) return 'its rows seem to be people or their logins';
  const personal = personalColumn(table);
  if (personal !== undefined) return `${personal} may be about one person`;
  const stray = strayColumn(table);
  return stray === undefined ? undefined : `${stray} refers to something that the schema does not declare`;
}

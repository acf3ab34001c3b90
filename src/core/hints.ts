import { quoteIdent, quoteLiteral } from './identifiers.js';

/** A hint that statements end: what to run, and in which database of the server. `sql` without its last semicolon. */
export function inDatabase(database: string, sql: string): string {
  return `In database ${quoteIdent(database)}: ${sql};`;
}

/** A command line of ours, for a hint, with arguments as a shell takes them. */
export function commandLine(...args: readonly string[]): string {
  return `\`${['clinic-migrate', ...args.map(shellWord)].join(' ')}\``;
}

/** What to run where a copy is to be made anew: it holds nothing that the legacy database has not. */
export function makeCopyAgain(database: string, key: string): string {
  return `${inDatabase('postgres', `DROP DATABASE ${quoteIdent(database)} WITH (FORCE)`)} Then run ${commandLine('provision', key)} and ${commandLine('split', key)}.`;
}

/** The hint of what provision mends as well. */
export function provisionOr(key: string, hint: string): string {
  return `Run ${commandLine('provision', key)}, or: ${hint}`;
}

/** What to run where the central database is that of an earlier version or configuration. */
export const UPDATE_CENTRAL = `Run ${commandLine('provision')}: it brings the central database up to the present, or names what it cannot change.`;

/** What to run where a clinic is gone for good: its database, its roles, its row of the registry. */
export function forgetClinic(
  {
    database,
    role,
    owner,
    clinic,
  }: { database: string; role: string; owner: string; clinic: { key: string } },
  central: string,
): string {
  return [
    inDatabase('postgres', `DROP DATABASE IF EXISTS ${quoteIdent(database)} WITH (FORCE)`),
    `Then in${inDatabase('postgres', `DROP ROLE IF EXISTS ${quoteIdent(role)}, ${quoteIdent(owner)}`).slice(2)}`,
    `Then in${inDatabase(central, `DELETE FROM clinic_migrate.clinics WHERE key = ${quoteLiteral(clinic.key)}`).slice(2)}`,
  ].join(' ');
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

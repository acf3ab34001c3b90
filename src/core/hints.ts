import { quoteIdent } from './identifiers.js';

/** A hint that statements end: what to run, and in which database of the server. `sql` without its last semicolon. */
export function inDatabase(database: string, sql: string): string {
  return `In database ${quoteIdent(database)}: ${sql};`;
}

/** A command line of ours, for a hint, with arguments as a shell takes them. */
export function commandLine(...args: readonly string[]): string {
  return `\`${['clinic-migrate', ...args.map(shellWord)].join(' ')}\``;
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

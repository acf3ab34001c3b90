import type { TableConfig } from '../config/types.js';
import { commentLines, nameText, valueText } from './js-text.js';

/** A line of the configuration, and what is to be said of it. Without a value only that is written. */
export interface Entry<T> {
  readonly name: string;
  readonly value: T | undefined;
  /** Sentences, a comment each. */
  readonly comments: readonly string[];
}

/** What the legacy database says. */
export interface DatabaseDraft {
  readonly schemas: Entry<readonly string[]>;
  readonly clinics: Entry<Readonly<Record<string, string>>>;
  readonly tables: readonly Entry<TableConfig>[];
  readonly unassignable: Entry<string> | undefined;
}

/** The configuration as init writes it; what is undefined or empty is left out. */
export interface ConfigDraft {
  /** Undefined where no database was looked at. */
  readonly database: DatabaseDraft | undefined;
  readonly app: readonly Entry<string>[];
  /** What keeps inspect from accepting it, a sentence each. */
  readonly left: readonly string[];
}

/** Variables that the written configuration names: no address of a database is in the file. */
export const VARIABLES = {
  legacy: 'LEGACY_DATABASE_URL',
  central: 'CENTRAL_DATABASE_URL',
  server: 'CLINIC_SERVER_URL',
} as const;

/** The text of clinic-migrate.config.mjs. The import is this very program's, wherever it is installed. */
export function configText({ database, app, left }: ConfigDraft): string {
  const lines = [
    ...(database === undefined ? HEAD.slice(0, 1) : HEAD).flatMap(commentLines),
    ...left.flatMap((sentence) => commentLines(`TO DO: ${sentence}`)),
    "import { defineConfig } from 'clinic-migrate';",
    '',
    'export default defineConfig({',
    ...indented([
      ...(database === undefined ? [] : databaseLines(database)),
      ...(app.length === 0 ? [] : ['app: {', ...indented(app.flatMap(entryLines)), '},']),
    ]),
    '});',
  ];
  return `${lines.join('\n')}\n`;
}

function databaseLines({ schemas, clinics, tables, unassignable }: DatabaseDraft): string[] {
  const url = (variable: string): string => `url: '\${${variable}}'`;
  const legacy =
    schemas.value === undefined
      ? url(VARIABLES.legacy)
      : `${url(VARIABLES.legacy)}, schemas: ${valueText(schemas.value)}`;
  return [
    ...schemas.comments.flatMap(commentLines),
    `legacy: { ${legacy} },`,
    `central: { ${url(VARIABLES.central)} },`,
    `servers: { main: { ${url(VARIABLES.server)} } },`,
    ...entryLines(clinics),
    ...(tables.length === 0 ? [] : ['tables: {', ...indented(tables.flatMap(entryLines)), '},']),
    ...(unassignable === undefined ? [] : entryLines(unassignable)),
  ];
}

const HEAD = [
  'Written by clinic-migrate init. Read every comment: a decision that is wrong is for you to correct.',
  'The addresses of the databases come from the environment, or from .env beside this file.',
];

function entryLines({ name, value, comments }: Entry<unknown>): string[] {
  const line = value === undefined ? [] : [`${nameText(name)}: ${valueText(value)},`];
  return [...comments.flatMap(commentLines), ...line];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

import { quoteIdent } from '../../core/identifiers.js';

/**
 * The dump as a script that any supported server takes, through a driver and twice: no psql commands, no setting
 * that servers before 17 do not know, schemas only where they are missing. Nothing inside a function's body is
 * touched: only the preamble, the last line and statements that pg_dump's own heading announces.
 */
export function cleanDump(text: string, extensionSchemas: readonly string[]): string {
  const heading = text.indexOf('\n--\n-- Name: ');
  const end = heading < 0 ? text.length : heading;
  const preamble = text
    .slice(0, end)
    .replace(/^\\restrict .*\n/m, '')
    .replace(/^SET transaction_timeout = 0;\n/m, '');
  const body = text
    .slice(end)
    .replace(/\n\\unrestrict \S+\n*$/, '\n')
    .replace(
      /(; Type: SCHEMA; Schema: -; Owner: -\n--\n\n)CREATE SCHEMA /g,
      '$1CREATE SCHEMA IF NOT EXISTS ',
    );
  const made = extensionSchemas.map((schema) => `\nCREATE SCHEMA IF NOT EXISTS ${quoteIdent(schema)};\n`);
  return preamble + made.join('') + body;
}

/** Comments, strings, quoted identifiers and dollar quotes: everything in which SQL's own signs mean nothing. */
const OPAQUE = new RegExp(
  [
    '--[^\\n]*',
    '/\\*[\\s\\S]*?\\*/',
    '(?<![\\w$\\u0080-\\uffff])\\$((?:[A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*)?)\\$[\\s\\S]*?\\$\\1\\$',
    "(?<![\\w$\\u0080-\\uffff])[eE]'(?:[^'\\\\]|\\\\[\\s\\S]|'')*'",
    "'[^']*(?:''[^']*)*'",
    '"[^"]*(?:""[^"]*)*"',
  ].join('|'),
  'g',
);

/** What a dump calls the object that a statement is about. */
export interface Heading {
  /** As `FUNCTION` or `FK CONSTRAINT`. */
  readonly type: string;
  readonly schema: string;
  /** As `f(integer)` or `orders orders_pkey`. */
  readonly name: string;
}

/** A statement with its skeleton: the same text and length, in which everything quoted is underscores and comments are spaces. */
export interface Statement {
  readonly text: string;
  readonly skeleton: string;
  /** Of the last heading before it; undefined for what stands before all of them. */
  readonly heading?: Heading | undefined;
}

/** Same length as the text. */
export function maskSql(sql: string): string {
  return sql.replace(OPAQUE, (part) =>
    part.startsWith('--') || part.startsWith('/*') ? part.replace(/[^\n]/g, ' ') : '_'.repeat(part.length),
  );
}

/**
 * Cuts a script, as pg_dump writes it, into its statements without their semicolons, leaving out comments between
 * them and psql's own commands (`\restrict`).
 */
export function splitStatements(script: string): Statement[] {
  const masked = maskSql(script).replace(/^\\[^\n]*/gm, (line) => ' '.repeat(line.length));
  const statements: Statement[] = [];
  let start = 0;
  let depth = 0;
  let atomic = 0;
  let heading: Heading | undefined;
  const end = (at: number): void => {
    const from = start + (masked.slice(start, at).match(/^\s*/)?.[0].length ?? 0);
    const skeleton = masked.slice(from, at).trimEnd();
    heading = lastHeading(script.slice(start, from)) ?? heading;
    const text = script.slice(from, from + skeleton.length);
    if (skeleton !== '') statements.push({ text, skeleton, heading });
    start = at + 1;
  };
  // The body of an SQL-standard function holds semicolons of its own, up to the END that is not a CASE's.
  for (const { 0: sign, index } of masked.matchAll(/\bBEGIN ATOMIC\b|\bCASE\b|\bEND\b|[();]/g)) {
    if (sign === '(') depth += 1;
    else if (sign === ')') depth -= 1;
    else if (sign === 'BEGIN ATOMIC' || (sign === 'CASE' && atomic > 0)) atomic += 1;
    else if (sign === 'END') atomic = Math.max(0, atomic - 1);
    else if (sign === ';' && depth === 0 && atomic === 0) end(index);
  }
  end(masked.length);
  return statements;
}

/** In what lies between two statements, which is comments. */
function lastHeading(comments: string): Heading | undefined {
  const [, name, type, schema] =
    [...comments.matchAll(/^-- Name: (.*); Type: ([^;]*); Schema: (.*); Owner: .*$/gm)].at(-1) ?? [];
  if (name === undefined || type === undefined || schema === undefined) return undefined;
  return { type, schema, name };
}

/**
 * What a dump's statements become in a database of ours. Some have no place there: settings that belong to the place
 * dumped from or that older servers do not know, and extensions, which are made one by one.
 */
export function adaptStatements(statements: readonly Statement[]): Statement[] {
  return statements.flatMap((statement) => {
    const { text, skeleton } = statement;
    if (/^SET (transaction_timeout|default_tablespace) =/.test(skeleton)) return [];
    if (/^(CREATE|COMMENT ON) EXTENSION /.test(skeleton)) return [];
    if (!/^CREATE SCHEMA (?!IF )/.test(skeleton)) return [statement];
    const once = (sql: string): string => sql.replace(/^CREATE SCHEMA/, 'CREATE SCHEMA IF NOT EXISTS');
    return [{ ...statement, text: once(text), skeleton: once(skeleton) }];
  });
}

/** True of the statement by which pg_dump empties the search_path, under which other operators would be found. */
export function emptiesPath(text: string): boolean {
  return text.startsWith("SELECT pg_catalog.set_config('search_path', '', ");
}

/** Reads `name`, `"na""me"` or `schema.name` at an offset: the names as stored, and where they end. */
export function readNames(
  text: string,
  at: number,
): { readonly names: readonly string[]; readonly end: number } {
  const names: string[] = [];
  for (let end = at; ; end += 1) {
    const part = /^(?:"((?:[^"]|"")*)"|[^\s."();,]+)/.exec(text.slice(end));
    if (part === null) return { names, end };
    names.push(part[1] === undefined ? part[0] : part[1].replaceAll('""', '"'));
    end += part[0].length;
    if (text[end] !== '.') return { names, end };
  }
}

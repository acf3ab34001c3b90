import { UsageError } from './errors.js';

/** PostgreSQL cuts longer names without an error, so two clinics could end up in one database. */
export const MAX_IDENTIFIER_BYTES = 63;

/** A table's (or other object's) name with its schema, as stored in the catalog: not quoted. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** Quotes an identifier for use in SQL, whatever it contains. */
export function quoteIdent(identifier: string): string {
  if (identifier.includes('\0'))
    throw new UsageError(`the name ${JSON.stringify(identifier)} contains a NUL character`);
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** Quotes a string literal for the few statements that take no parameters (utility statements). */
export function quoteLiteral(value: string): string {
  if (value.includes('\0'))
    throw new UsageError(`the value ${JSON.stringify(value)} contains a NUL character`);
  const escaped = value.replaceAll("'", "''");
  return value.includes('\\') ? ` E'${escaped.replaceAll('\\', '\\\\')}'` : `'${escaped}'`;
}

/** `"schema"."name"`, ready for SQL. */
export function quoteName({ schema, name }: QualifiedName): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/** `schema.name`, for people and for JSON; also the key of a table in maps. */
export function displayName({ schema, name }: QualifiedName): string {
  return `${schema}.${name}`;
}

export function sameName(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.name === b.name;
}

/** Returns the identifier, or throws where PostgreSQL would silently cut it. */
export function checkedIdentifier(identifier: string, what: string): string {
  const bytes = Buffer.byteLength(identifier);
  if (identifier === '') throw new UsageError(`${what} is empty`);
  if (bytes > MAX_IDENTIFIER_BYTES) {
    throw new UsageError(
      `${what} ${JSON.stringify(identifier)} has ${bytes} bytes; PostgreSQL keeps ${MAX_IDENTIFIER_BYTES}`,
      { hint: 'Shorten the pattern in clinics.database.' },
    );
  }
  return identifier;
}

import { UsageError } from './errors.js';

/** Parses a postgres:// URL; the error never shows the URL itself, which may hold a password. */
function parse(url: string): URL {
  try {
    const parsed = new URL(url);
    if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') throw new TypeError('protocol');
    return parsed;
  } catch {
    throw new UsageError('a database URL is not of the form postgres://user@host:port/database');
  }
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const parsed = parse(url);
  parsed.pathname = `/${encodeURIComponent(database)}`;
  return parsed.toString();
}

/** The same server and database, another login. */
export function withLogin(url: string, user: string, password: string): string {
  const parsed = parse(url);
  parsed.username = encodeURIComponent(user);
  parsed.password = encodeURIComponent(password);
  return parsed.toString();
}

/** The database a URL names; a URL without one means the database of the user's name. */
export function databaseOf(url: string): string {
  const parsed = parse(url);
  return decodeURIComponent(parsed.pathname.slice(1)) || decodeURIComponent(parsed.username);
}

/** Host and port a URL names, with PostgreSQL's defaults. */
export function endpointOf(url: string): { host: string; port: number } {
  const parsed = parse(url);
  return { host: parsed.hostname || 'localhost', port: parsed.port === '' ? 5432 : Number(parsed.port) };
}

/** `user@host:port/database`: how a connection is named in messages. Never a password. */
export function describeUrl(url: string): string {
  const { host, port } = endpointOf(url);
  const user = decodeURIComponent(parse(url).username);
  return `${user === '' ? '' : `${user}@`}${host}:${port}/${databaseOf(url)}`;
}

import { UsageError } from './errors.js';

/** What a driver would take in place of what stands before the `?`: two answers to where a URL leads. */
const STANDS_BEFORE = ['host', 'hostaddr', 'port', 'user', 'password', 'database', 'dbname', 'db'];

/**
 * Parses a postgres:// URL; the error never shows the URL itself, which may hold a password. `what` names it: the key
 * of the configuration where that is known.
 */
function parse(url: string, what = 'a database URL'): URL {
  let parsed: URL;
  try {
    if (/[\s#\p{Cc}]/u.test(url)) throw new TypeError('a space, or what a # cuts off');
    parsed = new URL(url);
    if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') throw new TypeError('protocol');
    if (parsed.hostname === '') throw new TypeError('host');
    // A stray % is no character.
    for (const part of [parsed.username, parsed.password, parsed.pathname]) decodeURIComponent(part);
  } catch {
    throw new UsageError(`${what} is not of the form postgres://user@host:port/database`, {
      hint: 'Write characters of a name or password that mean something in a URL as %40, %2F, %23, %25, %20 and the like.',
    });
  }
  const twice = STANDS_BEFORE.find((name) => parsed.searchParams.has(name));
  if (twice === undefined) return parsed;
  throw new UsageError(`${what} names its ${twice} after the question mark`, {
    hint: 'Write postgres://user:password@host:port/database, with options such as sslmode after it.',
  });
}

/** UsageError for a URL that no session should be opened with; `what` is where the user wrote it. */
export function checkUrl(url: string, what: string): void {
  parse(url, what);
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
  return { host: parsed.hostname, port: parsed.port === '' ? 5432 : Number(parsed.port) };
}

/** `user@host:port/database`: how a connection is named in messages. Never a password. */
export function describeUrl(url: string): string {
  const { host, port } = endpointOf(url);
  const user = decodeURIComponent(parse(url).username);
  return `${user === '' ? '' : `${user}@`}${host}:${port}/${databaseOf(url)}`;
}

import { DatabaseError, RunError } from '../core/errors.js';
import { quoteIdent } from '../core/identifiers.js';
import type { Databases, Session } from '../core/ports.js';

/** Runs `work` on a session of its own and closes it. */
export async function onDatabase<T>(
  databases: Databases,
  url: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await databases.connect(url);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** True for an error with one of these SQLSTATEs. */
export function isState(error: unknown, ...states: readonly string[]): boolean {
  return error instanceof DatabaseError && error.sqlState !== undefined && states.includes(error.sqlState);
}

/**
 * True for an error that says nothing of the statement: the connection is gone, or the server lacks space or memory or
 * goes down. The same statement may do well at another time.
 */
export function isOutage(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    (error.sqlState === undefined || /^(08|53|57|58030)/.test(error.sqlState))
  );
}

export async function databaseExists(server: Session, name: string): Promise<boolean> {
  const rows = await server.query('SELECT FROM pg_catalog.pg_database WHERE datname = $1', [name]);
  return rows.length > 0;
}

/** CREATE DATABASE with these options; one that another session has just made is as good. */
export async function createDatabase(server: Session, name: string, options: string): Promise<void> {
  try {
    await server.execute(`CREATE DATABASE ${quoteIdent(name)} ${options}`);
  } catch (error) {
    // 42P04: it is there; 23505: it came between the server's check and its insert.
    if (!isState(error, '42P04', '23505')) throw error;
  }
}

/**
 * An empty database with this encoding and locale, which nobody but its owner was ever let into. RunError where the
 * server does not have them.
 */
export async function createEmpty(server: Session, name: string, locale: string): Promise<void> {
  try {
    await createDatabase(server, name, `TEMPLATE template0 ${locale} ALLOW_CONNECTIONS false`);
    await server.execute(`REVOKE ALL ON DATABASE ${quoteIdent(name)} FROM PUBLIC`);
    await server.execute(`ALTER DATABASE ${quoteIdent(name)} WITH ALLOW_CONNECTIONS true`);
  } catch (error) {
    // 42809: no such locale; 22023, 42P17, 42601, 42704: no such provider, encoding or option; 0A000: built without ICU.
    if (!isState(error, '42809', '22023', '0A000', '42601', '42704', '42P17')) throw error;
    throw new RunError(
      `${server.label} cannot make a database like the legacy one (${locale}): ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
        hint: 'Install the locale on that server and restart it, or name a server under servers that has it: text would sort and compare otherwise.',
      },
    );
  }
}

import pg from 'pg';
import { DatabaseError, RunError } from '../core/errors.js';

const AGAIN = 'Run the same command again: it goes on where it stopped.';
const SPACE = 'Free some space on the server and run the same command again: it goes on where it stopped.';
const REACH = 'Check the host and the port in the URL, and the firewall between here and there.';
const LOG = 'Look into the log of the server, then run the same command again: it goes on where it stopped.';
const WAIT = 'Wait until the server is up and run the same command again: it goes on where it stopped.';

/** What to do about the failures that people meet most, by SQLSTATE, system error code or the driver's words. */
const HINTS: Readonly<Record<string, string>> = {
  '28P01': 'Check the user and the password in the URL.',
  '28000': 'Check the user in the URL, and pg_hba.conf on the server.',
  '3D000': 'Check the database name in the URL.',
  '42501': 'Connect with a login that has the right, or grant it.',
  '42P01': 'Check the schema and the table name.',
  '53100': SPACE,
  '53300': 'Lower --jobs, or raise max_connections on the server.',
  '57014': AGAIN,
  '57P01': AGAIN,
  '57P02': WAIT,
  '57P03': WAIT,
  ECONNREFUSED: 'Check the host and the port in the URL, and that the server is running.',
  ENOTFOUND: 'Check the host name in the URL.',
  ETIMEDOUT: REACH,
  ECONNRESET: AGAIN,
  EPIPE: AGAIN,
  '58030': LOG,
  XX000: LOG,
  'timeout expired': REACH,
};

/** What the driver says of a connection that is gone, in whatever way it went. */
const LOST = [
  'read ECONNRESET',
  'write ECONNRESET',
  'write EPIPE',
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'This socket has been ended by the other party',
];

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Node reports a refused connection to a name with several addresses as an AggregateError without a message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  const message = error instanceof Error ? error.message : String(error);
  if (message === 'timeout expired') return 'no answer';
  return LOST.includes(message) ? 'the connection was lost' : message;
}

/** The full disk may be met first by a server that then goes down, which is all that a client is told. */
function hintFor(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : '';
  if (/No space left on device|Disk quota exceeded/.test(message)) return SPACE;
  return HINTS[codeOf(error) ?? message] ?? (LOST.includes(message) ? AGAIN : undefined);
}

/** A connection that could not be opened. */
export function connectError(label: string, error: unknown): RunError {
  const code = codeOf(error);
  const hint = hintFor(error);
  const sqlState = error instanceof pg.DatabaseError ? error.code : undefined;
  return new DatabaseError(
    `cannot connect to ${label}: ${messageOf(error)}${code === undefined ? '' : ` (${code})`}`,
    {
      sqlState,
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    },
  );
}

/** A statement that failed. The server's DETAIL is left out: it quotes values, which may be a patient's. */
export function statementError(label: string, statement: string, error: unknown): RunError {
  if (error instanceof RunError) return error;
  const code = codeOf(error);
  const hint = hintFor(error);
  const server = error instanceof pg.DatabaseError ? error : undefined;
  return new DatabaseError(`${label}: ${messageOf(error)}${code === undefined ? '' : ` (${code})`}`, {
    sqlState: server?.code,
    statement,
    position: server?.position === undefined ? undefined : Number(server.position),
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

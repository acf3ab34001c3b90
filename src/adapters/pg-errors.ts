import pg from 'pg';
import { DatabaseError, RunError } from '../core/errors.js';

/** What to do about the failures that people meet most, by SQLSTATE or system error code. */
const HINTS: Readonly<Record<string, string>> = {
  '28P01': 'Check the user and the password in the URL.',
  '28000': 'Check the user in the URL, and pg_hba.conf on the server.',
  '3D000': 'Check the database name in the URL.',
  '42501': 'Connect with a login that has the right, or grant it.',
  '42P01': 'Check the schema and the table name.',
  '53100': 'Free some space on the server and run the command again: it goes on where it stopped.',
  '53300': 'Lower --jobs, or raise max_connections on the server.',
  '57P01': 'Run the command again: it goes on where it stopped.',
  ECONNREFUSED: 'Check the host and the port in the URL, and that the server is running.',
  ENOTFOUND: 'Check the host name in the URL.',
  ETIMEDOUT: 'Check the host and the port in the URL, and the firewall between here and there.',
};

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Node reports a refused connection to a name with several addresses as an AggregateError without a message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** A connection that could not be opened. */
export function connectError(label: string, error: unknown): RunError {
  const code = codeOf(error);
  const hint = code === undefined ? undefined : HINTS[code];
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
  const hint = code === undefined ? undefined : HINTS[code];
  const server = error instanceof pg.DatabaseError ? error : undefined;
  return new DatabaseError(`${label}: ${messageOf(error)}${code === undefined ? '' : ` (${code})`}`, {
    sqlState: server?.code,
    statement,
    position: server?.position === undefined ? undefined : Number(server.position),
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

import { DatabaseError, isLocked } from '../../core/errors.js';

/** No CONNECT, no entry in pg_hba.conf, no such login there or another password, no such database. */
const REFUSALS = ['42501', '28000', '28P01', '3D000'];

/** A database that takes no connections, or no more of them. */
const SHUT = ['55000', '53300'];

/** True where the server said no; anything else means that the question was not answered. */
export function isRefusal(error: unknown): error is DatabaseError {
  return isOneOf(error, REFUSALS);
}

/** True for whatever keeps a login out of a database and says nothing of the rest of the server. */
export function isNotLetIn(error: unknown): error is DatabaseError {
  return isOneOf(error, [...REFUSALS, ...SHUT]);
}

/** True where another database of the server may answer what this one does not, for whatever reason. */
export function mayAskAnother(error: unknown): error is DatabaseError {
  return isNotLetIn(error) || isLocked(error);
}

/** True where the server took the password for wrong, or would not even look at it. */
export function isNoLogin(error: unknown): boolean {
  return isOneOf(error, ['28P01', '28000']);
}

function isOneOf(error: unknown, states: readonly string[]): error is DatabaseError {
  return error instanceof DatabaseError && states.includes(error.sqlState ?? '');
}

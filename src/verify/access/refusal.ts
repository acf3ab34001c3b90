import { DatabaseError } from '../../core/errors.js';

/** No CONNECT, no entry in pg_hba.conf, no such login there or another password, no such database. */
const REFUSALS = ['42501', '28000', '28P01', '3D000'];

/** True where the server said no; anything else means that the question was not answered. */
export function isRefusal(error: unknown): boolean {
  return error instanceof DatabaseError && REFUSALS.includes(error.sqlState ?? '');
}

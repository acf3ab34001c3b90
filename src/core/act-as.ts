import { DatabaseError, RunError } from './errors.js';
import { quoteIdent } from './identifiers.js';
import type { Session } from './ports.js';

/**
 * Everything that this session does from here on is done, and owned, by a role. RunError where there is no such role, as
 * in databases that an earlier version made, or this login may not act as it.
 */
export async function actAs(session: Session, role: string): Promise<void> {
  try {
    await session.execute(`SET ROLE ${quoteIdent(role)}`);
  } catch (error) {
    if (!(error instanceof DatabaseError && ['22023', '42501'].includes(error.sqlState ?? ''))) throw error;
    throw new RunError(
      `${session.label}: its owner ${JSON.stringify(role)} could not be used: ${error.message}`,
      {
        cause: error,
        hint: 'Run clinic-migrate provision: it makes the owner of every clinic database, and its rights, where they are missing.',
      },
    );
  }
}

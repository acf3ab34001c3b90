import { DatabaseError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import type { Session } from '../../core/ports.js';
import { isOutage } from '../databases.js';

/** Runs each by itself; the answer is those that the login of provision may not run. */
export async function tryEach(session: Session, statements: readonly string[]): Promise<string[]> {
  const refused: string[] = [];
  for (const statement of statements) {
    try {
      await session.execute(statement);
    } catch (error) {
      if (!(error instanceof DatabaseError) || isOutage(error)) throw error;
      refused.push(statement);
    }
  }
  return refused;
}

/** What is said of something that has to be otherwise; `what` names it, and `statement` is what an administrator runs. */
export function notMended(server: Session, subject: string, what: string, statement: string): Finding {
  return {
    code: 'PROVISION_ACCESS_NOT_MENDED',
    severity: 'error',
    subject,
    message: `${what} is not what it has to be, and the login of provision may not change that`,
    hint: `Have an administrator of ${server.label} run: ${statement};`,
  };
}

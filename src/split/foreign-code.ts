import { foreignCode } from '../catalog/code.js';
import { RunError } from '../core/errors.js';
import { makeCopyAgain } from '../core/hints.js';
import type { Session } from '../core/ports.js';
import type { ClinicTarget } from '../provision/types.js';
import type { Run } from './run.js';

const MOST_NAMED = 5;

/**
 * RunError where a clinic's database holds code that the legacy database has not: a trigger, a check, an index by a
 * function. Whoever acts as its owner can make some, and it would run as us as soon as rows are read or written there.
 */
export async function refuseForeignCode(run: Run, target: ClinicTarget, session: Session): Promise<void> {
  const foreign = foreignCode(run.code, await run.readCode(session));
  if (foreign.length === 0) return;
  const named = foreign.slice(0, MOST_NAMED).map(({ place }) => place);
  throw new RunError(
    `${session.label}: ${named.join(', ')}${foreign.length > named.length ? ', …' : ''} ${foreign.length === 1 ? 'is' : 'are'} not as in the legacy database, and would run with the rights of whoever copies rows`,
    {
      hint: `Find out who made it. Then make the copy again: ${makeCopyAgain(target.database, target.clinic.key)}`,
    },
  );
}

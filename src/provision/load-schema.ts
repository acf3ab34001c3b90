import { DatabaseError, RunError } from '../core/errors.js';
import { type Finding, hasErrors } from '../core/finding.js';
import { quoteIdent } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { isOutage } from './databases.js';
import { Replay } from './replay.js';
import type { PreData } from './schema-source.js';
import type { Uses } from './uses.js';

/**
 * Makes the pre-data schema in an open database, all of it or nothing; `mark` is written in the same transaction.
 * Extensions go before it, each by itself: one that this server lacks may not be needed, and is a finding. `uses` is
 * what the legacy database's objects use; where something would mean something else here, nothing is made.
 */
export async function loadPreData(
  session: Session,
  preData: PreData,
  uses: Uses,
  mark: () => Promise<unknown>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { schema, name } of preData.extensions) {
    try {
      await session.execute(`CREATE SCHEMA IF NOT EXISTS ${quoteIdent(schema)}`).catch(ignoreReserved);
      await session.execute(
        `CREATE EXTENSION IF NOT EXISTS ${quoteIdent(name)} WITH SCHEMA ${quoteIdent(schema)} CASCADE`,
      );
    } catch (error) {
      if (!(error instanceof DatabaseError) || isOutage(error)) throw error;
      findings.push({
        code: 'PROVISION_EXTENSION_LEFT_OUT',
        severity: 'warning',
        subject: name,
        message: `the extension ${name} could not be made: ${error.message}`,
      });
    }
  }
  try {
    return [...findings, ...(await replayOnce(session, preData, uses, mark))];
  } catch (error) {
    const [left] = findings;
    if (!(error instanceof RunError) || isOutage(error) || left === undefined) throw error;
    throw new RunError(error.message, {
      cause: error,
      hint: `It may need what is missing here: ${left.message}`,
    });
  }
}

/** Findings of severity error: nothing was made. */
async function replayOnce(
  session: Session,
  { kind, statements, path }: PreData,
  uses: Uses,
  mark: () => Promise<unknown>,
): Promise<Finding[]> {
  const place = kind === 'clinic' ? 'clinic databases' : 'the central database';
  await session.execute('BEGIN');
  try {
    const findings = await new Replay(statements, path, uses, place).run(session);
    if (!hasErrors(findings)) await mark();
    await session.execute(hasErrors(findings) ? 'ROLLBACK' : 'COMMIT');
    return findings;
  } catch (error) {
    await session.execute('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Schemas named pg_… cannot be made, and are there. */
function ignoreReserved(error: unknown): void {
  if (!(error instanceof DatabaseError && error.sqlState === '42939')) throw error;
}

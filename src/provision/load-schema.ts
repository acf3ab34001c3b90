import { DatabaseError, RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { quoteIdent } from '../core/identifiers.js';
import { lookInto } from '../core/name-path.js';
import type { Session } from '../core/ports.js';
import { isOutage } from './databases.js';
import type { PreData } from './schema-source.js';

/**
 * Makes the pre-data schema in an open database, all of it or nothing; `mark` is written in the same transaction.
 * Extensions go before it, each by itself: one that this server lacks may not be needed, and is a finding.
 */
export async function loadPreData(
  session: Session,
  preData: PreData,
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
    await session.transaction(async () => {
      await session.execute(`${lookInto(preData.path)};\n${preData.script};\n${lookInto([])}`);
      await mark();
    });
  } catch (error) {
    if (isOutage(error)) throw error;
    const [left] = findings;
    throw new RunError(
      `the legacy schema could not be made in a ${preData.kind} database: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
        hint:
          left === undefined
            ? 'Something that was carried over needs what was not: a function over a central table, say. Drop it or change a scope.'
            : `It may need what is missing here: ${left.message}`,
      },
    );
  }
  return findings;
}

/** Schemas named pg_… cannot be made, and are there. */
function ignoreReserved(error: unknown): void {
  if (!(error instanceof DatabaseError && error.sqlState === '42939')) throw error;
}

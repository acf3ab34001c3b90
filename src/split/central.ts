import { RunError } from '../core/errors.js';
import { UPDATE_CENTRAL } from '../core/hints.js';
import type { Session } from '../core/ports.js';
import { addClinics, fillLateTables, lateClinics, lateTables } from './late-rows.js';
import { tablesOf } from './plan.js';
import { QUARANTINE_SCHEMA } from './quarantine.js';
import { copyIsComplete, openReceipts } from './receipts.js';
import type { Run } from './run.js';
import { openTarget } from './targets.js';
import type { SplitOptions } from './types.js';

/** The central database's part in a pass. */
export interface OpenCentral {
  /** Undefined where the central tables are copied already, or stay where they are. */
  readonly session: Session | undefined;
  readonly quarantine: Session | undefined;
  /** True where an earlier run copied them, before clinics or tables came that are not in the central database. */
  readonly lacksRows: boolean;
}

/** Opens what the run needs of the central database; close both sessions. */
export async function openCentral(run: Run): Promise<OpenCentral> {
  const { options } = run;
  const { databases, central, unassignable } = options;
  const session = await openTarget(databases, central.url);
  try {
    const isComplete = central.holdsLegacy || (await hasCopy(run, session));
    const isEarlier = isComplete && !central.holdsLegacy;
    const clinics = isEarlier ? await lateClinics(run, session) : [];
    const tables = isEarlier ? await lateTables(run, session) : [];
    // What clinics in service have made of the other rows stays.
    if (central.serves) {
      await addClinics(run, session, clinics);
      await fillLateTables(run, session, tables);
    }
    const quarantine = unassignable === 'quarantine' ? await openQuarantine(options) : undefined;
    if (!isComplete) return { session, quarantine, lacksRows: false };
    await session.close();
    const lacksRows = clinics.length + tables.length > 0 && !central.serves;
    return { session: undefined, quarantine, lacksRows };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** RunError where it was made by another plan. */
async function hasCopy({ plans, fingerprint }: Run, session: Session): Promise<boolean> {
  const receipts = await openReceipts(session);
  if (receipts.some((receipt) => receipt.fingerprint !== fingerprint))
    throw new RunError(
      `${session.label} holds rows that were copied under another schema, tenancy map or configuration`,
      { hint: UPDATE_CENTRAL },
    );
  const isComplete = copyIsComplete(receipts, tablesOf(plans, true), fingerprint, session.label);
  if (isComplete || receipts.length === 0) return isComplete;
  const finished = await session.query('SELECT FROM clinic_migrate.finished');
  if (finished.length === 0) return false;
  throw new RunError(`${session.label} was made by an earlier version or configuration, and lacks tables`, {
    hint: UPDATE_CENTRAL,
  });
}

async function openQuarantine({ databases, central }: SplitOptions): Promise<Session> {
  const session = await openTarget(databases, central.url);
  try {
    await session.execute(`CREATE SCHEMA IF NOT EXISTS ${QUARANTINE_SCHEMA}`);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

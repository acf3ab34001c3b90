import { DatabaseError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import { commandLine } from '../../core/hints.js';
import { quoteName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import type { ClinicTarget } from '../../provision/types.js';
import type { TablePlan } from '../plan.js';
import type { Run } from '../run.js';

/** How long another's transaction on these tables is waited for. */
const PATIENCE = '5s';

/** Begins the transaction and locks its tables against writers. A finding where somebody else is at work there. */
export async function takeTables(
  run: Run,
  target: ClinicTarget | undefined,
  session: Session,
  plans: readonly TablePlan[],
): Promise<Finding | undefined> {
  const users = target === undefined ? 0 : await countSessions(session, target.role);
  if (users > 0) return inUse(run, target, `its login has ${users} open session${users === 1 ? '' : 's'}`);
  if (await lockTables(session, plans)) return undefined;
  return inUse(run, target, `another transaction has been writing there for ${PATIENCE}`);
}

async function countSessions(session: Session, role: string): Promise<number> {
  // The list of all sessions costs more with each of them; mostly there is only this one.
  const [all] = await session.query<{ open: number }>(
    `SELECT pg_catalog.pg_stat_get_db_numbackends(oid) AS open FROM pg_catalog.pg_database
      WHERE datname = pg_catalog.current_database()`,
  );
  if (all?.open === 1) return 0;
  const [row] = await session.query<{ open: number }>(
    `SELECT count(*)::int AS open FROM pg_catalog.pg_stat_activity
      WHERE datname = pg_catalog.current_database() AND usename = $1`,
    [role],
  );
  return row?.open ?? 0;
}

/** False where somebody else is at work in them. */
async function lockTables(session: Session, plans: readonly TablePlan[]): Promise<boolean> {
  const names = plans.map(({ table }) => quoteName(table)).join(', ');
  const lock = `SET LOCAL lock_timeout = '${PATIENCE}'; LOCK TABLE ${names} IN SHARE ROW EXCLUSIVE MODE; SET LOCAL lock_timeout = 0`;
  try {
    await session.execute(plans.length === 0 ? 'BEGIN' : `BEGIN; ${lock}`);
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlState === '55P03') return false;
    throw error;
  }
}

function inUse({ options }: Run, target: ClinicTarget | undefined, what: string): Finding {
  const database = target?.database ?? databaseOf(options.central.url);
  return {
    code: 'SPLIT_COPY_IN_USE',
    severity: 'error',
    subject: database,
    message: `${database} is in use: ${what}; nothing in it was changed`,
    hint: `Stop what uses it, then run ${commandLine('split', '--refresh', ...(target === undefined ? [] : [database]))}.`,
  };
}

import { RunError } from '../core/errors.js';
import type { Session } from '../core/ports.js';

// Two integers that no other program is likely to use: "clin" and "migr" in ASCII.
const LOCK = [0x636c696e, 0x6d696772] as const;

/**
 * Runs `work` while no other run changes what belongs to this central database. The lock goes with the session, so a
 * killed run leaves none behind. RunError at once where another run holds it.
 */
export async function withRunLock<T>(central: Session, work: () => Promise<T>): Promise<T> {
  const [row] = await central.query<{ locked: boolean }>(
    'SELECT pg_catalog.pg_try_advisory_lock($1, $2) AS locked',
    LOCK,
  );
  if (row?.locked !== true) throw await refusal(central);
  try {
    return await work();
  } finally {
    // Where the connection is what failed, the lock is gone with it and the first error is the one that matters.
    await central.query('SELECT pg_catalog.pg_advisory_unlock($1, $2)', LOCK).catch(() => undefined);
  }
}

/** Says which session it is: a machine that lost its network may leave one that no run belongs to any more. */
async function refusal(central: Session): Promise<RunError> {
  const [holder] = await central.query<{ pid: number; since: string; address: string }>(
    `SELECT a.pid, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS "UTC"') AS since,
            coalesce(host(a.client_addr), 'the server itself') AS address
       FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database
       JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
      WHERE d.datname = pg_catalog.current_database() AND l.locktype = 'advisory' AND l.granted
        AND (l.classid::bigint, l.objid::bigint) = ($1, $2)`,
    LOCK,
  );
  const who = holder === undefined ? '' : ` (connected since ${holder.since} from ${holder.address})`;
  const end =
    holder === undefined
      ? 'A run that was killed holds no lock once its connection is gone.'
      : `If there is no such run any more, end its session: SELECT pg_terminate_backend(${holder.pid})`;
  return new RunError(`another run of clinic-migrate is at work on ${central.label}${who}`, {
    hint: `Wait until it has ended. ${end}`,
  });
}

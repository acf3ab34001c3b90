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
  if (row?.locked !== true) {
    throw new RunError(`another run of clinic-migrate is at work on ${central.label}`, {
      hint: 'Wait until it has ended. A run that was killed holds no lock once its connection is gone.',
    });
  }
  try {
    return await work();
  } finally {
    // Where the connection is what failed, the lock is gone with it and the first error is the one that matters.
    await central.query('SELECT pg_catalog.pg_advisory_unlock($1, $2)', LOCK).catch(() => undefined);
  }
}

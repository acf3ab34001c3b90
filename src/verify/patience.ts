import type { DatabaseError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import type { Databases, Progress } from '../core/ports.js';

/** How long a statement of a check waits for somebody else's lock, unless the user says otherwise. */
export const LOCK_SECONDS = 60;

/** The same databases, on whose sessions nobody waits for a lock without an end, or without saying so. */
export function patient(databases: Databases, seconds: number, progress: Progress): Databases {
  const told = new Set<string>();
  const patience = {
    milliseconds: Math.max(1, Math.round(seconds * 1000)),
    onWait: (what: string) => {
      // Once for each holder, however long it lasts.
      const [holder = what] = /the session \d+.*? of /.exec(what) ?? [];
      if (told.has(holder)) return;
      told.add(holder);
      progress.start(what).fail(what);
    },
  };
  return { connect: (url, options = {}) => databases.connect(url, { ...options, patience }) };
}

/** What could not be looked at, since somebody held a lock on it for too long. */
export function lockedFinding(place: string, error: DatabaseError): Finding {
  return {
    code: 'DATA_LOCKED',
    severity: 'error',
    message: `${place}: ${error.message}`,
    hint: 'Wait until that transaction has ended, or end it with pg_terminate_backend(), and run verify again; --lock-timeout makes it wait longer.',
  };
}

import type pg from 'pg';
import type { Patience } from '../core/ports.js';
import { closeClient, openClient } from './pg-client.js';

/** How long a statement may take before anybody asks what it waits for; then each pause is twice as long. */
const FIRST_MS = 1000;
const LONGEST_MS = 16_000;

/** Whom a backend waits for, one row a holder, with the relation where it is one that it waits for. */
const WAITS = `
  SELECT a.pid, coalesce(a.usename, 'nobody') AS login, a.application_name AS program, a.state,
         pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start)::text AS since,
         (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
            FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           WHERE l.pid = $1 AND NOT l.granted LIMIT 1) AS relation
    FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) AS b (pid)
    JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid`;

interface Holder {
  readonly pid: number;
  readonly login: string;
  readonly program: string | null;
  readonly state: string | null;
  readonly since: string | null;
  readonly relation: string | null;
}

/** Watches the statements of one session for other people's locks. */
export class LockWatch {
  /** What the statement under way was last seen to wait for, in words. */
  #seen: string | undefined;

  constructor(
    private readonly url: string,
    private readonly client: pg.Client,
    private readonly patience: Patience,
  ) {}

  /** Runs a statement; a failure for want of a lock says in the end whom it waited for. */
  async over<T>(statement: () => Promise<T>): Promise<T> {
    this.#seen = undefined;
    let pause = FIRST_MS;
    let asking: Promise<void> | undefined;
    const ask = (): void => {
      asking = this.#ask();
      pause = Math.min(pause * 2, LONGEST_MS);
      timer = setTimeout(ask, pause);
    };
    let timer = setTimeout(ask, pause);
    try {
      return await statement();
    } catch (error) {
      await asking;
      if (this.#seen !== undefined && isLockTimeout(error)) error.message = `${error.message}: ${this.#seen}`;
      throw error;
    } finally {
      clearTimeout(timer);
      await asking;
    }
  }

  /** On a connection of its own, since the session's is busy; a server that has none left is asked again later. */
  async #ask(): Promise<void> {
    const { processID } = this.client as pg.Client & { readonly processID: number | null };
    const other = await openClient(this.url, '').catch(() => undefined);
    if (other === undefined) return;
    try {
      const { rows } = await other.query<Holder>(WAITS, [processID]);
      if (rows.length === 0) return;
      this.#seen = describe(rows);
      this.patience.onWait(this.#seen);
    } catch {
      // What cannot be asked is not told; the statement itself has its own end.
    } finally {
      await closeClient(other);
    }
  }
}

function isLockTimeout(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === '55P03';
}

function describe(holders: readonly Holder[]): string {
  const who = holders.map(
    ({ pid, login, program, state, since }) =>
      `the session ${pid} of ${login}${program ? ` (${program})` : ''}${state === null ? '' : `, ${state}`}${since === null ? '' : `, its transaction ${since} old`}`,
  );
  return `waiting for a lock${holders[0]?.relation ? ` on ${holders[0].relation}` : ''} that is held by ${who.join('; ')}`;
}

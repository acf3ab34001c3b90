import pg from 'pg';
import { InterruptedError } from '../core/errors.js';
import { describeUrl } from '../core/urls.js';
import { connectError } from './pg-errors.js';

const CONNECT_TIMEOUT_MS = 15_000;
/** How long the server has to take leave before the connection is cut. */
export const CLOSE_TIMEOUT_MS = 2_000;
/** Without it the system would first ask after two hours whether the other side is still there. */
const KEEP_ALIVE_DELAY_MS = 30_000;

const MOST_TRIES = 50;
/** A catalog that somebody keeps locked must not keep a session from being opened for ever; `settings` say what holds after that. */
const PATIENCE = `SET statement_timeout = 0; SET lock_timeout = '60s'; SET idle_in_transaction_session_timeout = 0;
  SET idle_session_timeout = 0;
  SELECT pg_catalog.set_config('transaction_timeout', '0', false)
   WHERE pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL;`;

/** Every connection that is open or being opened. */
const open = new Set<pg.Client>();
let isCut = false;

/** A logged-in connection on which `settings` have been run; `prepare` sees the client before it connects. */
export async function openClient(
  url: string,
  settings: string,
  prepare: (client: pg.Client) => void = () => undefined,
): Promise<pg.Client> {
  if (isCut) throw new InterruptedError('interrupted');
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    application_name: 'clinic-migrate',
  });
  // A server that goes away between statements is reported by the next statement.
  client.on('error', () => undefined);
  open.add(client);
  client.connection.stream.once('close', () => open.delete(client));
  prepare(client);
  try {
    await client.connect();
    await beGivenTime(client);
    await client.query(settings);
    return client;
  } catch (error) {
    await closeClient(client);
    throw connectError(describeUrl(url), error);
  }
}

/**
 * Before anything else, and by itself: what a database or a role sets may be shorter than all that follows takes. Even
 * this may be cut off where it is a millisecond.
 */
async function beGivenTime(client: pg.Client): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await client.query(PATIENCE);
      return;
    } catch (error) {
      const isCutOff = error instanceof pg.DatabaseError && error.code === '57014';
      if (!isCutOff || tries === MOST_TRIES) throw error;
    }
  }
}

/** Takes leave of the server, and does not wait for one that says nothing. */
export async function closeClient(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => client.connection.stream.destroy(), CLOSE_TIMEOUT_MS);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
}

/** Takes leave of every server, with the patience of closeClient(), and lets no other connection be opened. */
export async function closeConnections(): Promise<void> {
  isCut = true;
  await Promise.all([...open].map(closeClient));
}

/**
 * Cuts every connection, so that whatever waits for a server fails now, and lets no other be opened: for a run that
 * was told to stop. The servers roll back what was not committed.
 */
export function cutConnections(): void {
  isCut = true;
  for (const client of open) client.connection.stream.destroy();
}

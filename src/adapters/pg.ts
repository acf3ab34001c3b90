import type { Readable, Writable } from 'node:stream';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { ConnectOptions, Databases, Row, Session } from '../core/ports.js';
import { describeUrl } from '../core/urls.js';
import { connectError, statementError } from './pg-errors.js';

/** The same on every session, so that the same value has the same text on both sides. */
const SETTINGS = `
  SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;
  SET bytea_output = 'hex'; SET client_encoding = 'UTF8'; SET search_path = ''; SET row_security = off;
  SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0;`;

const CONNECT_TIMEOUT_MS = 15_000;

class PgSession implements Session {
  #closed: Promise<void> | undefined;

  constructor(
    private readonly client: pg.Client,
    readonly label: string,
  ) {}

  async query<R extends Row = Row>(sql: string, values: readonly unknown[] = []): Promise<R[]> {
    try {
      const result = await this.client.query<R>(sql, [...values]);
      return result.rows;
    } catch (error) {
      throw statementError(this.label, sql, error);
    }
  }

  async execute(script: string): Promise<void> {
    try {
      await this.client.query(script);
    } catch (error) {
      throw statementError(this.label, script, error);
    }
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.execute('BEGIN');
    try {
      const result = await work();
      await this.execute('COMMIT');
      return result;
    } catch (error) {
      // The connection may be what failed; the first error is the one that matters.
      await this.execute('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  copyOut(sql: string): Readable {
    return this.#named(this.client.query(copyTo(sql)), sql);
  }

  copyIn(sql: string): Writable {
    return this.#named(this.client.query(copyFrom(sql)), sql);
  }

  close(): Promise<void> {
    this.#closed ??= this.client.end().catch(() => undefined);
    return this.#closed;
  }

  /** Streams report errors as everything else does: with the server and the statement. */
  #named<S extends Readable | Writable>(stream: S, sql: string): S {
    // What the driver tells a COPY of, the stream emits by itself, past destroy().
    const query = stream as S & { handleError(failure: Error): void };
    const handleError = query.handleError.bind(query);
    query.handleError = (failure) => handleError(statementError(this.label, sql, failure));
    // A connection that is lost when the last row has passed is reported by the next statement.
    stream.on('error', () => undefined);
    return stream;
  }
}

async function connect(url: string, options: ConnectOptions = {}): Promise<Session> {
  const label = describeUrl(url);
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'clinic-migrate',
  });
  // A server that goes away between statements is reported by the next statement.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(options.readOnly ? `${SETTINGS} SET default_transaction_read_only = on;` : SETTINGS);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw connectError(label, error);
  }
  return new PgSession(client, label);
}

/** PostgreSQL through node-postgres. */
export const pgDatabases: Databases = { connect };

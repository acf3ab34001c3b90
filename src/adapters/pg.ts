import type { Readable, Writable } from 'node:stream';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { ConnectOptions, Databases, Row, Session } from '../core/ports.js';
import { describeUrl } from '../core/urls.js';
import { closeClient, openClient } from './pg-client.js';
import { statementError } from './pg-errors.js';
import { LockWatch } from './pg-locks.js';

/**
 * The same on every session, whatever the database or the role says, so that the same value has the same text on both
 * sides and is read back as it was. A database without an encoding can convert to none: its bytes pass as they are.
 */
const TEXT = `
  SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1;
  SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET xmloption = content; SET xmlbinary = 'base64';
  SET standard_conforming_strings = on; SET array_nulls = on; SET transform_null_equals = off; SET quote_all_identifiers = off;
  SET search_path = ''; SET row_security = off;
  SELECT pg_catalog.set_config('client_encoding',
    CASE pg_catalog.getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END, false);`;

/** What a database or a role may say otherwise, and must not decide about what we make. */
const MAKING = `
  SET default_tablespace = ''; SET temp_tablespaces = ''; SET default_table_access_method = 'heap';
  SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off;`;

/**
 * Our statements are long and run once: compiling them takes longer than running them. As many run side by side as
 * --jobs says: workers of the server's own would come on top, and cost small databases more than they bring.
 */
const PLANNING = `
  SET jit = off; SET max_parallel_workers_per_gather = 0; SET max_parallel_maintenance_workers = 0;`;

/**
 * The server is to notice soon that this process has gone, so that its locks do not outlive it: in the midst of a long
 * statement (which not every system can), and where nobody says that the connection is no more.
 */
const NOTICE_US = `
  SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 6;
  SELECT pg_catalog.set_config('client_connection_check_interval', '2s', false)
   WHERE pg_catalog.current_setting('client_connection_check_interval', true) IS NOT NULL
     AND pg_catalog.version() ~ 'linux';`;

/**
 * Sessions that only read do so from tables: a view or a foreign table in the place of one would run somebody's code as
 * us. From 15.8, 16.4 and 17 on the server itself refuses it.
 */
const TABLES_ONLY = `
  SELECT pg_catalog.set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', false)
   WHERE pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) IS NOT NULL;`;

const SETTINGS = TEXT + MAKING + PLANNING + NOTICE_US;

class PgSession implements Session {
  #closed: Promise<void> | undefined;

  constructor(
    private readonly client: pg.Client,
    readonly label: string,
    private readonly watch: LockWatch | undefined,
  ) {}

  async query<R extends Row = Row>(sql: string, values: readonly unknown[] = []): Promise<R[]> {
    try {
      const run = () => this.client.query<R>(sql, [...values]);
      const result = await (this.watch === undefined ? run() : this.watch.over(run));
      return result.rows;
    } catch (error) {
      throw statementError(this.label, sql, error);
    }
  }

  async execute(script: string): Promise<void> {
    try {
      const run = () => this.client.query(script);
      await (this.watch === undefined ? run() : this.watch.over(run));
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
    this.#closed ??= closeClient(this.client);
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
  const { readOnly, patience } = options;
  const settings = [
    // From the first statement on: a catalog may be locked.
    ...(patience === undefined ? [] : [`SET lock_timeout = ${patience.milliseconds};`]),
    SETTINGS,
    readOnly
      ? `${TABLES_ONLY} SET default_transaction_read_only = on;`
      : 'SET default_transaction_read_only = off;',
    ...(patience === undefined ? ['SET lock_timeout = 0;'] : []),
  ].join('');
  const label = describeUrl(url); // a URL that is none of ours is refused before anything is opened
  const client = await openClient(url, settings);
  return new PgSession(client, label, patience && new LockWatch(url, client, patience));
}

/** PostgreSQL through node-postgres. */
export const pgDatabases: Databases = { connect };

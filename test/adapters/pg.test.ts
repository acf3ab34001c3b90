import { pipeline } from 'node:stream/promises';
import { afterEach, expect, it } from 'vitest';
import { pgDatabases } from '../../src/adapters/pg.js';
import { DatabaseError } from '../../src/core/errors.js';
import type { Session } from '../../src/core/ports.js';
import { adminUrl } from '../support/postgres.js';
import { type Proxy as PostgresProxy, startProxy } from '../support/proxy.js';

let proxy: PostgresProxy | undefined;
afterEach(() => proxy?.close());

async function throughProxy(): Promise<Session> {
  proxy = await startProxy(adminUrl());
  return pgDatabases.connect(proxy.through(adminUrl()));
}

const LOST = {
  constructor: DatabaseError,
  message: expect.stringMatching(/^postgres@127\.0\.0\.1:\d+\/postgres: the connection was lost/),
  hint: 'Run the same command again: it goes on where it stopped.',
};

it('says of every way to lose a connection that it was lost, and what to do', async () => {
  const session = await throughProxy();
  const asking = session.query('SELECT pg_sleep(60)');
  for (const link of proxy?.links() ?? []) link.cut();
  await expect(asking).rejects.toMatchObject(LOST);
  await expect(session.query('SELECT 1')).rejects.toMatchObject(LOST);
  await session.close();
});

it('says it of a COPY out of the database as well', async () => {
  const session = await throughProxy();
  const copy = session.copyOut("COPY (SELECT repeat('x', 9000) FROM generate_series(1, 100000)) TO STDOUT");
  const reading = (async () => {
    for await (const _ of copy) for (const link of proxy?.links() ?? []) link.cut();
  })();
  await expect(reading).rejects.toMatchObject(LOST);
  await session.close();
});

it('says it of a COPY into the database as well', async () => {
  const session = await throughProxy();
  await session.execute('CREATE TEMPORARY TABLE t (i int)');
  const rows = async function* (): AsyncGenerator<string> {
    for (let i = 0; i < 100_000; i += 1) {
      if (i === 50_000) for (const link of proxy?.links() ?? []) link.cut();
      yield `${i}\n`;
    }
  };
  await expect(pipeline(rows, session.copyIn('COPY pg_temp.t FROM STDIN'))).rejects.toMatchObject(LOST);
  await session.close();
});

it('takes leave of a server that says nothing without waiting for it', async () => {
  const session = await throughProxy();
  for (const link of proxy?.links() ?? []) link.stall();
  const since = performance.now();
  await session.close();
  expect(performance.now() - since).toBeLessThan(10_000);
});

import { expect, it } from 'vitest';
import { pgDatabases } from '../../src/adapters/pg.js';
import { closeConnections } from '../../src/adapters/pg-client.js';
import { adminUrl } from '../support/postgres.js';

it('takes leave of every server in a bounded time, whatever its sessions do, and opens no other', async () => {
  const idle = await pgDatabases.connect(adminUrl());
  const open = await pgDatabases.connect(adminUrl());
  await open.execute('BEGIN; SELECT 1');
  const busy = await pgDatabases.connect(adminUrl());
  const sleeping = busy.query('SELECT pg_sleep(600)').catch((error: Error) => error.message);
  const start = performance.now();
  await closeConnections();
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(await sleeping).toContain('the connection was lost');
  await expect(idle.query('SELECT 1')).rejects.toThrow();
  await expect(pgDatabases.connect(adminUrl())).rejects.toThrow('interrupted');
});

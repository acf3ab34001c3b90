import { expect, it } from 'vitest';
import { withRunLock } from '../../src/provision/run-lock.js';
import { createDatabase, withSession } from '../support/postgres.js';

it('says which session has the lock, and how to end it where no run belongs to it', async () => {
  const central = await createDatabase();
  try {
    await withSession(central.url, (orphan) =>
      withRunLock(orphan, async () => {
        const [own] = await orphan.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await withSession(central.url, async (session) => {
          const next = (): Promise<string> => withRunLock(session, async () => 'done');
          const advice = `SELECT pg_terminate_backend(${own?.pid})`;
          await expect(next()).rejects.toMatchObject({
            message: expect.stringMatching(
              /^another run .* \(connected since \d{4}-.* UTC from 127\.0\.0\.1\)$/,
            ),
            hint: expect.stringContaining(advice),
          });
          await session.query(advice.replace(')', ', 10000)'));
          expect(await next()).toBe('done');
        });
      }),
    );
  } finally {
    await central.drop();
  }
});

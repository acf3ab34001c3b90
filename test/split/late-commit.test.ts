import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyCommand } from '../../src/commands/verify.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';
import { start } from '../support/program.js';
import { type Link, type Proxy as PostgresProxy, startProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

let source: Legacy;
let proxy: PostgresProxy;
beforeAll(async () => {
  proxy = await startProxy(adminUrl());
  source = await legacyDatabase(`
    CREATE TABLE companies (id int PRIMARY KEY, name text);
    CREATE TABLE readings (company_id int NOT NULL, value text);
    INSERT INTO companies VALUES (1, 'one');
    INSERT INTO readings SELECT 1, 'r' || i FROM generate_series(1, 50) i`);
});
afterAll(async () => {
  await proxy?.close();
  await source?.drop();
});

it('copies nothing twice where the COMMIT of a killed run arrives during the next one', async () => {
  expect(await start(['provision'], source.folder, source.env).ended).toMatchObject({ code: 0 });
  const killed = start(['split', '--quiet'], source.folder, {
    ...source.env,
    SERVER: proxy.through(String(source.env['SERVER'])),
  });
  const held: Link[] = [];
  const copied = new Set<Link>();
  proxy.onPiece = ({ link, from, bytes }) => {
    if (from !== 'program') return;
    if (bytes.includes('INSERT INTO clinic_migrate.receipts')) copied.add(link);
    if (!bytes.includes('COMMIT') || !copied.has(link)) return;
    held.push(link);
    link.stall();
    killed.child.kill('SIGKILL');
  };
  expect(await killed.ended).toMatchObject({ code: null });
  expect(held).toHaveLength(1);
  const next = start(['split', '--quiet'], source.folder, source.env);
  let hasEnded = false;
  void next.ended.then(() => {
    hasEnded = true;
  });
  // Late enough for the next run to have found no receipt and copied all rows, if nothing keeps it from that.
  await until('the next run’s waiting or its end', async () => {
    const waiting = await withSession(adminUrl(), (session) =>
      session.query("SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'", [
        `${source.prefix}_1`,
      ]),
    );
    return hasEnded || waiting.length > 0;
  });
  for (const link of held) link.release();
  expect(await next.ended).toMatchObject({ code: 0, stderr: '' });
  const { findings } = await verifyCommand.run(source.context, ['data'], NO_OPTIONS);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

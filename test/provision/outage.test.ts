import { afterEach, describe, expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { contextIn, NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, createDatabase, withSession } from '../support/postgres.js';
import { type Proxy as PostgresProxy, startProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const SCRIPT = `
  CREATE EXTENSION hstore SCHEMA public;
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies, about hstore);
  INSERT INTO companies VALUES (1, 'one')`;
const AGAIN = 'Run the same command again: it goes on where it stopped.';

let source: Legacy | undefined;
let proxy: PostgresProxy | undefined;
afterEach(async () => {
  await proxy?.close();
  await source?.drop();
});

describe('provision', () => {
  it('blames no table for a connection that is lost while the tables are made', async () => {
    source = await legacyDatabase(SCRIPT);
    proxy = await startProxy(adminUrl());
    const server = proxy.through(adminUrl());
    const context = await contextIn(source.folder, { ...source.env, SERVER: server });
    proxy.onPiece = ({ link, from, bytes }) => {
      if (from === 'program' && bytes.includes('CREATE TABLE public.patients')) link.cut();
    };
    await expect(provisionCommand.run(context, [], NO_OPTIONS)).rejects.toMatchObject({
      message: expect.stringMatching(/^postgres@.*: the connection was lost/),
      hint: AGAIN,
    });
    proxy.onPiece = () => undefined;
    expect(await provisionCommand.run(context, [], NO_OPTIONS)).toMatchObject({ ok: true });
  });

  it('leaves out no extension because the server could not make it just then', async () => {
    source = await legacyDatabase(SCRIPT);
    const { context, centralUrl, prefix } = source;
    await createDatabase('', `${prefix}_central`);
    await withSession(centralUrl, (blocker) =>
      blocker.transaction(async () => {
        await blocker.execute('LOCK TABLE pg_catalog.pg_extension IN ACCESS EXCLUSIVE MODE');
        const provisioning = provisionCommand.run(context, [], NO_OPTIONS);
        const cancelled = withSession(adminUrl(), (session) =>
          until('the making of the extension', async () => {
            const found = await session.query(
              "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND query ~ '^CREATE EXTENSION' AND wait_event_type = 'Lock'",
              [`${prefix}_central`],
            );
            return found.length > 0;
          }),
        );
        await expect(provisioning).rejects.toMatchObject({ sqlState: '57014', hint: AGAIN });
        await cancelled;
      }),
    );
    expect(await provisionCommand.run(context, [], NO_OPTIONS)).toMatchObject({ ok: true });
    expect(
      await withSession(centralUrl, (session) => session.query("SELECT '1=>2'::public.hstore")),
    ).toHaveLength(1);
  });
});

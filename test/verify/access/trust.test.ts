import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEmbedded } from '../../../src/adapters/embedded.js';
import type { Context } from '../../../src/commands/command.js';
import { provisionCommand } from '../../../src/commands/provision.js';
import { verifyCommand } from '../../../src/commands/verify.js';
import type { EmbeddedServer } from '../../../src/core/ports.js';
import { withDatabase, withLogin } from '../../../src/core/urls.js';
import { contextIn, NO_OPTIONS } from '../../support/context.js';
import { withSession } from '../../support/postgres.js';

const folder = mkdtempSync(join(tmpdir(), 'trust-'));
let server: EmbeddedServer;
let context: Context;
let original: string;
const hbaFile = (): string => join(server.folder, 'data', 'pg_hba.conf');

/** The login of clinic 1 at its own database, as trust has it. */
const TRUST = 'host c_1 c_1 127.0.0.1/32 trust';

beforeAll(async () => {
  server = await startEmbedded();
  original = readFileSync(hbaFile(), 'utf8');
  await run(
    'postgres',
    `CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'maker'`,
    'REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC',
    'GRANT CONNECT ON DATABASE postgres TO maker',
    'CREATE DATABASE legacy',
    'REVOKE CONNECT ON DATABASE legacy FROM PUBLIC',
  );
  await run(
    'legacy',
    `CREATE TABLE public.clinics (id integer PRIMARY KEY, name text);
     CREATE TABLE public.patients (id integer PRIMARY KEY, clinic_id integer REFERENCES public.clinics);
     INSERT INTO public.clinics VALUES (1, 'One'), (2, 'Two')`,
  );
  const as = (database: string): string => withLogin(withDatabase(server.url, database), 'maker', 'maker');
  const env = {
    LEGACY: withDatabase(server.url, 'legacy'),
    CENTRAL: as('central'),
    SERVER: as('postgres'),
    CLINIC_MIGRATE_KEY: randomBytes(32).toString('base64'),
  };
  const config = {
    legacy: { url: '${LEGACY}' },
    central: { url: '${CENTRAL}' },
    servers: { main: { url: '${SERVER}' } },
    clinics: { database: 'c_{key}' },
  };
  writeFileSync(join(folder, 'clinic-migrate.config.json'), JSON.stringify(config));
  context = { ...(await contextIn(folder, env)), dumper: server.dumper };
  expect((await provisionCommand.run(context, [], NO_OPTIONS)).ok).toBe(true);
});
beforeEach(() => pgHba(original));
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(database: string, ...statements: readonly string[]): Promise<void> {
  await withSession(withDatabase(server.url, database), async (session) => {
    for (const statement of statements) await session.execute(statement);
  });
}

/** A connection made before the server has taken notice would be let in by the old rules. */
async function pgHba(text: string): Promise<void> {
  writeFileSync(hbaFile(), text);
  await run('postgres', 'SELECT pg_catalog.pg_reload_conf()');
  await new Promise((resolve) => setTimeout(resolve, 300));
}

async function findings(): Promise<{ said: string[]; hints: string[] }> {
  const report = await verifyCommand.run(context, ['access'], NO_OPTIONS);
  return {
    said: report.findings.map(
      ({ severity, code, subject, message }) => `${severity} ${code} ${subject}: ${message}`,
    ),
    hints: report.findings.map(({ hint = '' }) => hint),
  };
}

describe('a server that lets a login in without its password', () => {
  it('is found by trying a wrong one, where pg_hba.conf may not be read; its hint ends it', async () => {
    expect(await findings()).toEqual({ said: [], hints: [] });
    await pgHba(`${TRUST}\n${original}`);
    const { said, hints } = await findings();
    expect(said).toEqual([
      'error ACCESS_PASSWORD c_1: clinic 1 (One): its login c_1 is let in with any password',
    ]);
    expect(hints[0]).toMatch(/^Write scram-sha-256 in pg_hba.conf where it says trust for this login/);
    await pgHba(`${TRUST.replace('trust', 'scram-sha-256')}\n${original}`);
    expect(await findings()).toEqual({ said: [], hints: [] });
  });

  it('is found in its rules, where they may be read, and said once', async () => {
    await run('postgres', 'ALTER ROLE maker SUPERUSER');
    expect(await findings()).toEqual({ said: [], hints: [] });
    await pgHba(`# nothing\n${TRUST}\n${original}`);
    const { said, hints } = await findings();
    expect(said).toEqual([
      expect.stringMatching(/^error ACCESS_PASSWORD pg_hba\.conf:2: line 2 .*\(host, trust\).* may be c_1$/),
    ]);
    expect(hints[0]).toMatch(/^Write scram-sha-256 in place of trust on line 2 of pg_hba\.conf/);
    await pgHba(`# nothing\n${TRUST.replace('trust', 'scram-sha-256')}\n${original}`);
    expect(await findings()).toEqual({ said: [], hints: [] });
    // One that is never reached lets nobody in.
    await pgHba(`host all all 127.0.0.1/32 scram-sha-256\n${TRUST}\n${original}`);
    expect(await findings()).toEqual({ said: [], hints: [] });
  });

  it('is found for a whole server, by a rule for everybody', async () => {
    await pgHba(`host all all 0.0.0.0/0 trust\n${original}`);
    const { said } = await findings();
    expect(said).toEqual([
      expect.stringMatching(
        /^error ACCESS_PASSWORD pg_hba\.conf:1: .*whoever comes from 0\.0\.0\.0\/0.* c_1, c_2$/,
      ),
    ]);
  });
});

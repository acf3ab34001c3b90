import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import type { Finding } from '../../src/core/finding.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import type { Progress } from '../../src/core/ports.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { follow } from '../support/follow-hint.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

let legacy: Legacy;
beforeAll(async () => {
  legacy = await legacyDatabase(`
    CREATE TABLE companies (id int PRIMARY KEY, name text);
    CREATE TABLE patients (id serial PRIMARY KEY, company_id int REFERENCES companies, name text);
    INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
    INSERT INTO patients (company_id, name) SELECT 1 + i % 2, 'p' || i FROM generate_series(1, 30) i;`);
  await provisionCommand.run(legacy.context, [], NO_OPTIONS);
  expect((await splitCommand.run(legacy.context, [], NO_OPTIONS)).ok).toBe(true);
});
afterAll(async () => {
  await withSession(adminUrl(), (session) =>
    session.execute(`ALTER DATABASE ${quoteIdent(named(1))} WITH ALLOW_CONNECTIONS true CONNECTION LIMIT -1`),
  );
  await legacy.drop();
});

const named = (key: number): string => `${legacy.prefix}_${key}`;
const clinicUrl = (key: number): string => withDatabase(adminUrl(), named(key));

async function data(progress: Progress = legacy.context.progress, options = {}): Promise<Finding[]> {
  const report = await verifyCommand.run({ ...legacy.context, progress }, ['data'], {
    ...NO_OPTIONS,
    ...options,
  });
  return [...report.findings];
}

describe.each([
  ['takes no connections', 'ALLOW_CONNECTIONS false'],
  ['is closed by its limit', 'CONNECTION LIMIT 0'],
])('a database that %s', (_, option) => {
  it('is a finding of its clinic; what is wrong elsewhere is found too, and the hint ends it', async () => {
    await withSession(adminUrl(), (session) =>
      session.execute(`ALTER DATABASE ${quoteIdent(named(1))} WITH ${option}`),
    );
    await withSession(clinicUrl(2), (session) =>
      session.execute(`UPDATE public.patients SET name = 'x' WHERE id = 1`),
    );
    const found = (await data()).filter(({ code }) => code !== 'DATA_NOT_CONSERVED');
    expect(found.map(({ code, severity, message }) => `${severity} ${code} ${message}`)).toEqual([
      expect.stringMatching(/^error DATA_DATABASE_CLOSED clinic 1 \(One\): its database .* cannot be opened/),
      expect.stringMatching(/^error DATA_ROWS_CHANGED clinic 2 \(Two\): 1 row of public.patients/),
    ]);
    const split = await splitCommand.run(legacy.context, [], NO_OPTIONS);
    // A superuser passes a limit.
    const isShut = option === 'ALLOW_CONNECTIONS false';
    expect(split.findings.filter(({ code }) => code === 'DATA_DATABASE_CLOSED')).toEqual(
      isShut
        ? [expect.objectContaining({ subject: named(1), message: expect.stringContaining('"One" (1)') })]
        : [],
    );
    await follow(found[0], legacy);
    await withSession(clinicUrl(2), (session) =>
      session.execute(`UPDATE public.patients SET name = 'p1' WHERE id = 1`),
    );
    expect(await data()).toEqual([]);
  });
});

it('a database that only reads is a finding, and the hint ends it', async () => {
  await withSession(adminUrl(), (session) =>
    session.execute(`ALTER DATABASE ${quoteIdent(named(1))} SET default_transaction_read_only = on`),
  );
  const found = await data();
  expect(found.map(({ code, subject }) => `${code} ${subject}`)).toEqual([
    `DATA_SETTING_DIFFERS ${named(1)}`,
  ]);
  await follow(found[0], legacy);
  expect(await data()).toEqual([]);
});

describe('a lock of somebody else’s', () => {
  /** What a person is shown. */
  const told: string[] = [];
  const progress: Progress = {
    start: () => ({ advance() {}, done() {}, fail: (text) => void (text !== undefined && told.push(text)) }),
  };
  const locked = async (url: string, work: () => Promise<Finding[]>): Promise<Finding[]> =>
    withSession(url, async (session) => {
      await session.execute("SET application_name = 'the holder'; BEGIN; LOCK TABLE public.patients");
      return work();
    });

  it('is waited for a bounded time, and told of; then it is a finding of its clinic', async () => {
    told.length = 0;
    const found = await locked(clinicUrl(1), () => data(progress, { lockTimeout: '3' }));
    expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(
        /^DATA_LOCKED clinic 1 \(One\): .*waiting for a lock on public\.patients that is held by the session \d+ of \w+ \(the holder\), idle in transaction/,
      ),
    ]);
    expect(told).toEqual([expect.stringContaining('(the holder)')]);
  });

  it('is a finding in the legacy database too, where nothing can be compared then', async () => {
    const found = await locked(legacy.database.url, () => data(progress, { lockTimeout: '3' }));
    expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(/^DATA_LOCKED verify data could not go on: .*\(the holder\)/),
    ]);
  });

  it('is waited for where it ends in time', async () => {
    told.length = 0;
    let found: Promise<Finding[]> | undefined;
    await locked(clinicUrl(1), async () => {
      found = data(progress);
      while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      return [];
    });
    expect(await found).toEqual([]);
  });

  it('is a finding of its clinic where it is on a catalog, which verify access has to read', async () => {
    const found = await withSession(clinicUrl(1), async (session) => {
      await session.execute(
        "SET application_name = 'the holder'; BEGIN; LOCK TABLE pg_catalog.pg_largeobject_metadata",
      );
      const report = await verifyCommand.run(legacy.context, ['access'], {
        ...NO_OPTIONS,
        lockTimeout: '3',
      });
      return report.findings.filter(({ code }) => code === 'DATA_LOCKED');
    });
    expect(found.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      expect.stringMatching(
        /^error clinic 1 \(One\): .*waiting for a lock on .* that is held by .*\(the holder\)/,
      ),
    ]);
  });
});

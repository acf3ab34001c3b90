import { afterAll, beforeAll, expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import type { Finding } from '../../src/core/finding.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { follow } from '../support/follow-hint.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';
import { AFTER } from './fleet.js';

const SCHEMA = `
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TABLE users (id serial PRIMARY KEY, email text);
  CREATE TABLE drugs (id serial PRIMARY KEY, name text);
  CREATE TABLE patients (id serial PRIMARY KEY, company_id int REFERENCES companies, name text);
  CREATE TABLE visits (id serial PRIMARY KEY, patient_id int REFERENCES patients, kind text DEFAULT 'check');
  CREATE TABLE photos (id serial PRIMARY KEY, company_id int REFERENCES companies, data oid);
  CREATE INDEX visits_kind ON visits (kind);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touched BEFORE UPDATE ON visits FOR EACH ROW EXECUTE FUNCTION touch();
  ALTER TABLE visits ADD CONSTRAINT kind_known CHECK (kind <> '');
  INSERT INTO companies SELECT i, 'Clinic ' || i FROM generate_series(1, 7) i;
  INSERT INTO users (email) VALUES ('a'), ('b');
  INSERT INTO drugs (name) VALUES ('a'), ('b');
  INSERT INTO patients (company_id, name) SELECT 1 + i % 7, 'p' || i FROM generate_series(1, 70) i;
  INSERT INTO patients (id, name) VALUES (999, 'nobody''s');
  SELECT setval('patients_id_seq', 1000);
  INSERT INTO visits (patient_id) SELECT i FROM generate_series(1, 70) i;
  SELECT lo_from_bytea(50000 + i, convert_to('object ' || i, 'UTF8')) FROM generate_series(1, 7) i;
  INSERT INTO photos (company_id, data) SELECT i, 50000 + i FROM generate_series(1, 7) i;`;

const CONFIG = {
  unassignable: 'quarantine',
  tables: {
    users: { scope: 'central' },
    drugs: { scope: 'shared' },
    photos: { scope: 'clinic', key: 'company_id', largeObjects: ['data'] },
  },
};

let legacy: Legacy;
beforeAll(async () => {
  legacy = await legacyDatabase(SCHEMA, CONFIG);
  await provisionCommand.run(legacy.context, [], NO_OPTIONS);
  expect((await splitCommand.run(legacy.context, [], NO_OPTIONS)).ok).toBe(true);
});
afterAll(() => legacy.drop());

const verified = async (): Promise<readonly Finding[]> =>
  (await verifyCommand.run(legacy.context, ['data'], NO_OPTIONS)).findings;

const told = (findings: readonly Finding[]): string[] =>
  findings.map(({ code, message }) => `${code} ${message}`);

async function plant(where: string, sql: string): Promise<void> {
  const { prefix, database, centralUrl } = legacy;
  const url = { legacy: database.url, central: centralUrl, server: adminUrl() }[where];
  await withSession(url ?? withDatabase(adminUrl(), `${prefix}_${where}`), async (session) => {
    await session.execute('SET search_path = public');
    await session.execute(sql.replaceAll('{prefix}', prefix));
  });
}

/** Follows each hint once, in the order in which they are printed. */
async function followAll(findings: readonly Finding[]): Promise<void> {
  const hints = new Map(findings.map((finding) => [finding.hint, finding]));
  for (const finding of hints.values()) await follow(finding, legacy);
}

it('whatever verify data finds ends when each hint is followed to the letter', async () => {
  expect(told(await verified())).toEqual([]);
  for (const { where, sql } of AFTER) await plant(where, sql);
  const found = await verified();
  expect([...new Set(found.map(({ code }) => code))].sort()).toEqual(
    [...new Set(AFTER.map(({ code }) => code))].sort(),
  );
  for (const { code, says } of AFTER)
    expect(told(found), `${code} ${says}`).toContainEqual(expect.stringMatching(`^${code} .*${says}`));
  await followAll(found);
  const after = await verified();
  // What was behind a fault that is gone shows itself now: nothing is compared in a database that cannot be looked at.
  await followAll(after);
  expect(told(await verified())).toEqual([]);
});

it('a sum that does not come out comes out when its hint alone is followed', async () => {
  await plant('1', 'DELETE FROM visits WHERE id = (SELECT min(id) FROM visits)');
  const found = await verified();
  expect(found.map(({ code }) => code).sort()).toEqual(['DATA_NOT_CONSERVED', 'DATA_ROWS_MISSING']);
  await follow(
    found.find(({ code }) => code === 'DATA_NOT_CONSERVED'),
    legacy,
  );
  expect(told(await verified())).toEqual([]);
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import type { Finding } from '../../src/core/finding.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { follow } from '../support/follow-hint.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

const SCHEMA = `
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TABLE users (id serial PRIMARY KEY, email text);
  CREATE TABLE patients (id serial PRIMARY KEY, company_id int REFERENCES companies, name text);
  INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
  INSERT INTO users (email) VALUES ('a');
  INSERT INTO patients (company_id, name) VALUES (1, 'a'), (1, 'b'), (2, 'c');`;

let legacy: Legacy;
beforeAll(async () => {
  legacy = await legacyDatabase(SCHEMA, { tables: { users: { scope: 'central' } } });
});
afterAll(() => legacy.drop());

async function run(where: 'legacy' | 'central' | '1' | '2', sql: string): Promise<void> {
  const own = { legacy: legacy.database.url, central: legacy.centralUrl }[where as 'legacy'];
  const url = own ?? withDatabase(adminUrl(), `${legacy.prefix}_${where}`);
  await withSession(url, (session) => session.execute(`SET search_path = public; ${sql}`));
}

const codesOf = (findings: readonly Finding[]): string[] =>
  [...new Set(findings.map(({ code }) => code))].sort();

/** Neither what the map says of every run, nor what a clinic's row in another table is called. */
async function said(what: 'provision' | 'split' | 'refresh'): Promise<readonly Finding[]> {
  const command = what === 'provision' ? provisionCommand : splitCommand;
  const report = await command.run(legacy.context, [], { ...NO_OPTIONS, refresh: what === 'refresh' });
  return report.findings;
}

async function followAll(findings: readonly Finding[]): Promise<void> {
  for (const finding of new Map(findings.map((each) => [each.hint, each])).values())
    await follow(finding, legacy);
}

it('PROVISION_PUBLIC_CONNECT ends when its hint is followed', async () => {
  await said('provision');
  await withSession(adminUrl(), (session) =>
    session.execute(`GRANT CONNECT ON DATABASE ${legacy.database.name} TO PUBLIC`),
  );
  const found = await said('provision');
  expect(codesOf(found)).toEqual(['PROVISION_PUBLIC_CONNECT']);
  await followAll(found);
  expect(await said('provision')).toEqual([]);
});

it('SPLIT_NOT_CONSERVED ends when the column is what it was, and split has run again', async () => {
  await run('1', 'ALTER TABLE patients ALTER name TYPE char(99)'); // pads the names
  expect(codesOf(await said('split'))).toContain('SPLIT_NOT_CONSERVED');
  await run('1', 'ALTER TABLE patients ALTER name TYPE text');
  expect(await said('split')).toEqual([]);
  expect((await verifyCommand.run(legacy.context, ['data'], NO_OPTIONS)).findings).toEqual([]);
});

it('SPLIT_COPY_STALE ends when its hint is followed', async () => {
  await run('legacy', "UPDATE patients SET name = 'new'; UPDATE users SET email = 'new'");
  const found = await said('split');
  expect(codesOf(found)).toEqual(['SPLIT_COPY_STALE']);
  await followAll(found);
  expect(await said('split')).toEqual([]);
});

it('SPLIT_COPY_WRITTEN ends when its hint is followed', async () => {
  await run('1', "UPDATE patients SET name = 'written here'");
  const found = await said('refresh');
  expect(codesOf(found)).toEqual(['SPLIT_COPY_WRITTEN']);
  await followAll(found);
  expect(await said('refresh')).toEqual([]);
});

it('SPLIT_COPY_IN_USE ends when what uses it has stopped, and its hint is followed', async () => {
  await run('legacy', "UPDATE patients SET name = 'newer'");
  const found = await withSession(withDatabase(adminUrl(), `${legacy.prefix}_1`), async (session) => {
    await session.execute(
      'BEGIN; LOCK TABLE public.patients IN ROW EXCLUSIVE MODE; CREATE TABLE public.other (id int)',
    );
    return said('refresh');
  });
  expect(codesOf(found)).toEqual(['SPLIT_COPY_IN_USE']);
  await followAll(found);
  expect(await said('refresh')).toEqual([]);
});

it('PROVISION_SCHEMA_STALE of the central database ends when the change is made there, and its hint is followed', async () => {
  for (const change of ['ADD born date', 'DROP born']) {
    await run('legacy', `ALTER TABLE users ${change}`);
    const found = await said('provision');
    expect(codesOf(found)).toEqual(['PROVISION_SCHEMA_STALE']);
    await run('central', `ALTER TABLE users ${change}`);
    await followAll(found);
    expect(await said('provision')).toEqual([]);
  }
});

it('SPLIT_CLINIC_GONE ends when its hint is followed', async () => {
  await run('legacy', 'DELETE FROM patients WHERE company_id = 2; DELETE FROM companies WHERE id = 2');
  const found = (await said('refresh')).filter(({ code }) => code === 'SPLIT_CLINIC_GONE');
  expect(found).toHaveLength(1);
  await followAll(found);
  await said('refresh');
  expect(await said('refresh')).toEqual([]);
  expect((await verifyCommand.run(legacy.context, ['data'], NO_OPTIONS)).findings).toEqual([]);
});

it('TENANCY_NO_CLINICS ends when the first clinic is entered', async () => {
  const other = await legacyDatabase('CREATE TABLE companies (id int PRIMARY KEY, name text)');
  const codes = async (): Promise<string[]> =>
    codesOf((await inspectCommand.run(other.context, [], NO_OPTIONS)).findings);
  expect(await codes()).toEqual(['TENANCY_NO_CLINICS']);
  await withSession(other.database.url, (session) =>
    session.execute("INSERT INTO public.companies VALUES (1, 'First')"),
  );
  expect(await codes()).toEqual([]);
  await other.drop();
});

import { afterAll, beforeAll, expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { type Maker, makerOf } from '../support/maker.js';

let legacy: Legacy;
let maker: Maker;
beforeAll(async () => {
  legacy = await legacyDatabase(`
    CREATE TABLE companies (id int PRIMARY KEY, name text);
    CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies, name text);
    INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
    INSERT INTO patients SELECT i, 1 + i % 2, 'p' || i FROM generate_series(1, 30) i;
    ALTER TABLE patients ENABLE ROW LEVEL SECURITY;
    ALTER TABLE patients FORCE ROW LEVEL SECURITY;
    CREATE POLICY early ON patients USING (id < 10);`);
  maker = await makerOf(legacy);
  for (const command of [provisionCommand, splitCommand]) {
    const { findings } = await command.run(maker.context, [], NO_OPTIONS);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  }
});
afterAll(async () => {
  await legacy.drop();
  await maker.drop();
});

it('rows that policies hide from whoever verifies are an error, and not fewer rows', async () => {
  const { findings, ok } = await verifyCommand.run(maker.context, ['data'], NO_OPTIONS);
  expect(ok).toBe(false);
  expect(findings.map(({ code, severity, message }) => `${severity} ${code} ${message}`)).toEqual(
    ['clinic 1 \\(One\\)', 'clinic 2 \\(Two\\)'].map((clinic) =>
      expect.stringMatching(
        new RegExp(
          `^error DATA_NOT_CHECKED ${clinic}: its rows could not be read: .*row-level security policy for table "patients"`,
        ),
      ),
    ),
  );
});

it('a superuser sees them, as the hint has it', async () => {
  expect((await verifyCommand.run(legacy.context, ['data'], NO_OPTIONS)).findings).toEqual([]);
});

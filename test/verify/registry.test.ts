import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import type { Finding } from '../../src/core/finding.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { follow } from '../support/follow-hint.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

const SCHEMA = `
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TABLE patients (id serial PRIMARY KEY, company_id int REFERENCES companies, name text);
  INSERT INTO companies VALUES (1, 'One'), (2, 'Two'), (3, 'Three');
  INSERT INTO patients (company_id, name) SELECT 1 + i % 3, 'p' || i FROM generate_series(1, 30) i;`;

let legacy: Legacy;
beforeAll(async () => {
  legacy = await legacyDatabase(SCHEMA);
  await provisionCommand.run(legacy.context, [], NO_OPTIONS);
  expect((await splitCommand.run(legacy.context, [], NO_OPTIONS)).ok).toBe(true);
});
afterAll(() => legacy.drop());

const named = (key: number): string => `${legacy.prefix}_${key}`;
const central = (sql: string): Promise<void> =>
  withSession(legacy.centralUrl, (session) => session.execute(sql));
const admin = (sql: string): Promise<void> => withSession(adminUrl(), (session) => session.execute(sql));

/** What one check has to say of the registry, and of the clinics beside. */
async function found(check: string): Promise<Finding[]> {
  const { findings } = await verifyCommand.run(legacy.context, [check], NO_OPTIONS);
  return findings.filter(({ code }) => code.startsWith('REGISTRY_') || code.startsWith('DATA_'));
}

interface Fault {
  readonly what: string;
  readonly plant: () => Promise<void>;
  /** Code and subject of each finding, in their order. */
  readonly says: () => readonly string[];
}

const FAULTS: readonly Fault[] = [
  {
    what: 'the row of a clinic is gone',
    plant: () => central(`DELETE FROM clinic_migrate.clinics WHERE key = '2'`),
    says: () => [`REGISTRY_ROW_MISSING ${named(2)}`],
  },
  {
    what: 'the rows of two clinics are exchanged but for their passwords',
    plant: () =>
      central(`UPDATE clinic_migrate.clinics SET database = 'x' WHERE key = '1';
        UPDATE clinic_migrate.clinics SET (database, role) = ('${named(1)}', '${named(1)}') WHERE key = '2';
        UPDATE clinic_migrate.clinics SET (database, role) = ('${named(2)}', '${named(2)}') WHERE key = '1'`),
    says: () => [`REGISTRY_ENTRY ${named(2)}`, `REGISTRY_ENTRY ${named(1)}`],
  },
  {
    what: 'a row names another login',
    plant: () => central(`UPDATE clinic_migrate.clinics SET role = '${named(3)}' WHERE key = '1'`),
    says: () => [`REGISTRY_ENTRY ${named(1)}`],
  },
  {
    what: 'a row names a database that is not there, and its own is',
    plant: () => central(`UPDATE clinic_migrate.clinics SET database = 'nowhere' WHERE key = '1'`),
    says: () => ['REGISTRY_ENTRY nowhere'],
  },
  {
    what: 'the row of a clinic holds the password of another',
    plant: () =>
      central(`UPDATE clinic_migrate.clinics SET password =
        (SELECT password FROM clinic_migrate.clinics WHERE key = '1') WHERE key = '2'`),
    says: () => [`REGISTRY_ENTRY ${named(2)}`],
  },
  {
    what: 'a row sends the application elsewhere',
    plant: () => central(`UPDATE clinic_migrate.clinics SET host = 'elsewhere.example' WHERE key = '3'`),
    says: () => [`REGISTRY_ENTRY ${named(3)}`],
  },
  {
    what: 'a database lost the mark of its clinic',
    plant: () => admin(`COMMENT ON DATABASE ${quoteIdent(named(1))} IS NULL`),
    says: () => [`REGISTRY_UNMARKED ${named(1)}`],
  },
  {
    what: 'a login lost the mark of its clinic',
    plant: () => admin(`COMMENT ON ROLE ${quoteIdent(named(1))} IS 'mine'`),
    says: () => [`REGISTRY_UNMARKED ${named(1)}`],
  },
];

describe.each(FAULTS)('where $what', ({ plant, says }) => {
  it('verify data and verify access say so of that clinic alone, and the hint ends it', async () => {
    expect(await found('data'), 'before').toEqual([]);
    await plant();
    for (const check of ['access', 'data']) {
      const findings = await found(check);
      const told = findings.filter(({ code }) => code !== 'DATA_NOT_CHECKED');
      expect(
        told.map(({ code, subject }) => `${code} ${subject}`),
        check,
      ).toEqual(says());
    }
    for (const finding of await found('access')) await follow(finding, legacy);
    for (const check of ['access', 'data']) expect(await found(check), `${check} after`).toEqual([]);
  });
});

it('a backup of another clinic in a clinic’s database is an error, and the others are looked at', async () => {
  const url = withDatabase(adminUrl(), named(1));
  await withSession(url, (session) => session.execute(`UPDATE clinic_migrate.origin SET clinic_key = '2'`));
  const told = await found('data');
  expect(told.map(({ code, message }) => `${code} ${message}`)).toEqual([
    `DATA_ANOTHERS_DATABASE clinic 1 (One): its database ${named(1)} says that it is that of clinic 2`,
  ]);
  await follow(told[0], legacy);
  expect(await found('data')).toEqual([]);
});

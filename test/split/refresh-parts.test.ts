import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import type { Report } from '../../src/report/report.js';
import { NO_OPTIONS } from '../support/context.js';
import { errorsOf } from '../support/errors-of.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

const SCRIPT = `
  CREATE TABLE clinics (id int PRIMARY KEY, name text);
  CREATE TABLE units (code text PRIMARY KEY, name text);
  CREATE TABLE kinds (id int PRIMARY KEY, clinic_id int REFERENCES clinics, name text);
  CREATE TABLE notes (id int PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics, text text);
  CREATE TABLE lines (note_id int NOT NULL REFERENCES notes, text text, PRIMARY KEY (note_id, text)) PARTITION BY HASH (note_id);
  CREATE TABLE lines_0 PARTITION OF lines FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE lines_1 PARTITION OF lines FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  INSERT INTO clinics VALUES (1, 'a'), (2, 'b');
  INSERT INTO units SELECT 'u' || i, 'unit' FROM generate_series(1, 100) i;
  INSERT INTO kinds SELECT i, nullif(i % 3, 0), 'k' || i FROM generate_series(1, 300) i;
  INSERT INTO notes SELECT i, 1 + i % 2, 'n' || i FROM generate_series(1, 400) i;
  INSERT INTO lines SELECT i, 'l' || j FROM generate_series(1, 400) i, generate_series(1, 2) j;`;

let source: Legacy;
let context: Context;
beforeAll(async () => {
  source = await legacyDatabase(SCRIPT);
  context = await source.configured({
    tables: { units: { scope: 'shared' }, kinds: { scope: 'clinic', key: 'clinic_id', nullKey: 'shared' } },
  });
  expect(errorsOf(await provisionCommand.run(context, [], NO_OPTIONS))).toEqual([]);
  expect(errorsOf(await splitCommand.run(context, [], NO_OPTIONS))).toEqual([]);
});
afterAll(() => source?.drop());

const inLegacy = (sql: string): Promise<void> =>
  withSession(source.database.url, (session) => session.execute(`SET search_path = public; ${sql}`));
const inCopies = async (sql: string): Promise<void> => {
  const urls = [
    source.centralUrl,
    ...[1, 2].map((key) => withDatabase(adminUrl(), `${source.prefix}_${key}`)),
  ];
  for (const url of urls) await withSession(url, (session) => session.execute(sql));
};

/** A row of each kind that changes, goes, comes and changes its clinic; two that lie where another part begins. */
async function refreshAfter(round: number): Promise<Report> {
  await inLegacy(`
    UPDATE notes SET text = 'r${round}' WHERE id = ${round}; UPDATE notes SET clinic_id = 3 - clinic_id WHERE id = ${20 + round};
    DELETE FROM lines WHERE note_id = ${40 + round}; INSERT INTO lines VALUES (${60 + round}, 'r${round}');
    UPDATE kinds SET name = 'r${round}' WHERE id IN (${3 * round}, ${3 * round + 1});
    UPDATE kinds SET clinic_id = 1 WHERE id = ${60 + 3 * round}; UPDATE kinds SET clinic_id = NULL WHERE id = ${100 + 3 * round};
    UPDATE units SET name = 'r${round}' WHERE code = 'u${round}'`);
  const report = await splitCommand.run(context, [], { ...NO_OPTIONS, refresh: true });
  expect(errorsOf(report)).toEqual([]);
  expect(errorsOf(await verifyCommand.run(context, ['data'], NO_OPTIONS))).toEqual([]);
  return report;
}

const PARTS = 'clinic_migrate.receipts';
const RECEIPTS = {
  'as split writes them': 'SELECT',
  'as a refresh writes them': 'SELECT',
  'of a version that wrote down no parts': `ALTER TABLE ${PARTS} DROP COLUMN parts`,
  'with parts that are not those of their digest': `UPDATE ${PARTS} SET parts = overlay(parts PLACING '\\x01' FROM 9)`,
  'with parts that nobody wrote': `UPDATE ${PARTS} SET parts = '\\x0102'`,
  'of a version that wrote down no stamps': `ALTER TABLE ${PARTS} DROP COLUMN stamp`,
  'with stamps of rows that were written since, each as it was':
    "UPDATE public.clinics SET name = name; UPDATE public.units SET name = name WHERE code LIKE '%1'",
};

it.each(Object.entries(RECEIPTS).map(([name, sql], i) => ({ name, sql, round: i + 1 })))(
  'split --refresh goes by receipts $name',
  async ({ sql, round }) => {
    await inCopies(sql);
    await refreshAfter(round);
  },
);

it('split --refresh says what was written into a copy whose receipts have parts', async () => {
  const url = withDatabase(adminUrl(), `${source.prefix}_1`);
  await withSession(url, (session) =>
    session.execute(`UPDATE public.notes SET text = 'written' WHERE id = 14`),
  );
  await inLegacy(`UPDATE notes SET text = 'changed' WHERE id IN (12, 13)`);
  const refused = await splitCommand.run(context, [], { ...NO_OPTIONS, refresh: true });
  expect(errorsOf(refused)).toEqual([
    expect.stringMatching(/^SPLIT_COPY_WRITTEN .*_1 was .* public\.notes hold/),
  ]);
  const forced = await splitCommand.run(context, [], { ...NO_OPTIONS, refresh: true, yes: true });
  expect(errorsOf(forced)).toEqual([]);
  expect(errorsOf(await verifyCommand.run(context, ['data'], NO_OPTIONS))).toEqual([]);
});

it('split --refresh goes on where a table has grown beyond its parts', async () => {
  await inLegacy(`INSERT INTO notes SELECT i, 1 + i % 2, 'new' FROM generate_series(1000, 9000) i`);
  for (const round of [8, 9]) await refreshAfter(round);
});

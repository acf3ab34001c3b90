import { afterAll, beforeAll, expect, it } from 'vitest';
import { stampTables } from '../../src/split/stamps.js';
import { createDatabase, type TestDatabase, withSession } from '../support/postgres.js';

const SCRIPT = `
  CREATE TYPE kind AS ENUM ('dog', 'cat');
  CREATE TYPE pair AS (a int, b int);
  CREATE TABLE notes (id int, kind kind, pair pair);
  CREATE TABLE parts (id int) PARTITION BY RANGE (id);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
  CREATE TABLE empty (id int);
  INSERT INTO notes SELECT i, 'dog', ROW(i, i)::pair FROM generate_series(1, 50) i;
  INSERT INTO parts SELECT i FROM generate_series(1, 50) i;`;

const PLANS = [{ rows: 'ONLY public.notes' }, { rows: 'public.parts' }, { rows: 'ONLY public.empty' }];

const REPLACED = `
  BEGIN; DELETE FROM notes; INSERT INTO notes SELECT i, 'dog', NULL FROM generate_series(1, 50) i; COMMIT`;

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase(SCRIPT);
});
afterAll(() => database?.drop());

const stamps = (): Promise<string[]> => withSession(database.url, (session) => stampTables(session, PLANS));

/** Which tables have another stamp once this was done. */
async function changedBy(sql: string): Promise<string[]> {
  const before = await stamps();
  await withSession(database.url, async (session) => {
    await session.execute('SET search_path = public');
    await session.execute(sql);
  });
  const after = await stamps();
  return ['notes', 'parts', 'empty'].filter((_, i) => before[i] !== after[i]);
}

it.each([
  'SELECT FROM notes FOR UPDATE',
  'ANALYZE notes',
  'VACUUM (FREEZE) notes, parts',
  'BEGIN; DELETE FROM notes; INSERT INTO empty VALUES (1); ROLLBACK',
  'CREATE TEMPORARY TABLE notes (id int); CREATE VIEW seen AS SELECT 1 AS one; CREATE INDEX ON notes (id)',
])('has nothing to say after: %s', async (sql) => {
  expect(await changedBy(sql)).toEqual([]);
});

it.each([
  ["INSERT INTO notes VALUES (0, 'cat', NULL)", ['notes']],
  ['UPDATE notes SET id = id WHERE id = 7', ['notes']],
  ['DELETE FROM notes WHERE id = 8', ['notes']],
  [REPLACED, ['notes']],
  // As many rows as before of one transaction, and none of them was there.
  [REPLACED, ['notes']],
  ['INSERT INTO parts VALUES (51)', ['parts']],
  ['DELETE FROM parts_1 WHERE id = 3', ['parts']],
  ['INSERT INTO empty VALUES (1)', ['empty']],
  ['TRUNCATE empty', ['empty']],
])('says that rows were written by: %s', async (sql, tables) => {
  expect(await changedBy(sql)).toEqual(tables);
});

it.each([
  "ALTER TYPE kind RENAME VALUE 'dog' TO 'wolf'",
  'ALTER TABLE notes ALTER id TYPE oid',
  'ALTER TYPE pair RENAME TO couple; CREATE TYPE pair AS (a int)',
  'ALTER TABLE notes DROP pair',
])('says that rows are read by other types after: %s', async (sql) => {
  expect(await changedBy(sql)).toContain('notes');
});

it('is another one in another database, even of an empty table', async () => {
  const other = await createDatabase(SCRIPT);
  try {
    const there = await withSession(other.url, (session) => stampTables(session, PLANS));
    const here = await stamps();
    expect(there.filter((stamp) => here.includes(stamp))).toEqual([]);
  } finally {
    await other.drop();
  }
});

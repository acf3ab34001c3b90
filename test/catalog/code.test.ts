import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Code, codeReader, readCode } from '../../src/catalog/code.js';
import { withDatabase } from '../../src/core/urls.js';
import {
  adminUrl,
  createDatabase,
  dropDatabase,
  type TestDatabase,
  uniqueName,
  withSession,
} from '../support/postgres.js';

const SCRIPT = `
  CREATE EXTENSION citext;
  CREATE FUNCTION fold(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT pg_catalog.lower(t)';
  CREATE FUNCTION twice(t text) RETURNS text IMMUTABLE LANGUAGE sql RETURN fold(t) || fold(t);
  CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE FUNCTION as_text(point) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT NULL::text';
  CREATE DOMAIN word AS text CONSTRAINT folded CHECK (fold(VALUE) <> '');
  CREATE TYPE pair AS (a int, b int);
  CREATE TYPE span AS RANGE (subtype = int);
  CREATE FUNCTION sum_of(pair) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1.a + $1.b';
  CREATE CAST (pair AS int) WITH FUNCTION sum_of(pair);
  CREATE TABLE base (id int, name text DEFAULT fold('x'), other text, CONSTRAINT named CHECK (fold(name) <> ''));
  CREATE TABLE child () INHERITS (base);
  CREATE TABLE parts (id int, name text) PARTITION BY LIST (fold(name));
  CREATE INDEX base_fold ON base (fold(name)) WHERE fold(other) <> '';
  CREATE STATISTICS base_both ON fold(name), fold(other) FROM base;
  CREATE TRIGGER first BEFORE UPDATE ON base FOR EACH ROW WHEN (fold(old.name) <> '') EXECUTE FUNCTION fired();
  CREATE RULE kept AS ON DELETE TO base WHERE fold(old.name) = 'keep' DO INSTEAD NOTHING;
  CREATE VIEW folded AS SELECT fold(name) AS name FROM base;`;

/** Each changes what a database of its kind would run, or what that is called; some in two ways that look alike. */
const CHANGES = [
  "CREATE FUNCTION evil() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  "CREATE OR REPLACE FUNCTION fold(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT pg_catalog.upper(t)'",
  'CREATE OR REPLACE FUNCTION twice(t text) RETURNS text IMMUTABLE LANGUAGE sql RETURN fold(fold(t))',
  'ALTER FUNCTION fold(text) SECURITY DEFINER',
  'ALTER FUNCTION fold(text) VOLATILE',
  'ALTER FUNCTION fold(text) RENAME TO folds',
  'CREATE SCHEMA other; ALTER FUNCTION fold(text) SET SCHEMA other',
  'DROP CAST (pair AS int)',
  'DROP CAST (pair AS int); CREATE CAST (pair AS int) WITH INOUT',
  'CREATE CAST (point AS text) WITH FUNCTION as_text(point)',
  'DROP INDEX base_fold',
  'CREATE INDEX base_other ON base (fold(other))',
  "DROP INDEX base_fold; CREATE INDEX base_fold ON base (fold(other)) WHERE fold(other) <> ''",
  "DROP INDEX base_fold; CREATE INDEX base_fold ON base (fold(name)) WHERE fold(name) <> ''",
  "CREATE INDEX base_key ON base (id) WHERE fold(other) <> 'x'",
  'DROP STATISTICS base_both; CREATE STATISTICS base_both ON fold(other), twice(name) FROM base',
  'DROP TABLE parts; CREATE TABLE parts (id int, name text) PARTITION BY LIST (twice(name))',
  "ALTER TABLE base DROP CONSTRAINT named; ALTER TABLE base ADD CONSTRAINT named CHECK (fold(other) <> '')",
  "ALTER TABLE base ADD CHECK (fold(other) <> '')",
  'ALTER TABLE child NO INHERIT base',
  "ALTER DOMAIN word DROP CONSTRAINT folded; ALTER DOMAIN word ADD CONSTRAINT folded CHECK (twice(VALUE) <> '')",
  "ALTER TABLE base ALTER name SET DEFAULT fold('y')",
  'ALTER TABLE base ALTER name DROP DEFAULT',
  'DROP TRIGGER first ON base',
  "DROP TRIGGER first ON base; CREATE TRIGGER first BEFORE UPDATE ON base FOR EACH ROW WHEN (fold(old.other) <> '') EXECUTE FUNCTION fired()",
  "DROP TRIGGER first ON base; CREATE TRIGGER first AFTER UPDATE ON base FOR EACH ROW WHEN (fold(old.name) <> '') EXECUTE FUNCTION fired()",
  "DROP TRIGGER first ON base; CREATE TRIGGER first BEFORE UPDATE OF name ON base FOR EACH ROW WHEN (fold(old.name) <> '') EXECUTE FUNCTION fired()",
  "DROP TRIGGER first ON base; CREATE TRIGGER first BEFORE UPDATE ON base FOR EACH ROW WHEN (fold(old.name) <> '') EXECUTE FUNCTION fired('x')",
  'DROP RULE kept ON base; CREATE RULE kept AS ON DELETE TO base DO INSTEAD NOTHING',
  "DROP RULE kept ON base; CREATE RULE kept AS ON UPDATE TO base WHERE fold(old.name) = 'keep' DO INSTEAD NOTHING",
  'CREATE OR REPLACE VIEW folded AS SELECT twice(name) AS name FROM base',
];

let original: TestDatabase;
let clone: string;
const owner = uniqueName('owner');
beforeAll(async () => {
  original = await createDatabase(SCRIPT);
  clone = uniqueName('t');
  await withSession(adminUrl(), async (session) => {
    await session.execute(`CREATE ROLE ${owner}; ALTER DATABASE ${original.name} OWNER TO ${owner}`);
    await session.execute(`CREATE DATABASE ${clone} TEMPLATE ${original.name} OWNER ${owner}`);
    await session.execute(`REVOKE CONNECT, TEMPORARY ON DATABASE ${clone} FROM PUBLIC`);
  });
});
afterAll(async () => {
  await dropDatabase(clone);
  await original.drop();
  await withSession(adminUrl(), (session) => session.execute(`DROP ROLE ${owner}`));
});

/** What is read in the clone once this was done, in full and by whoever has read the original; all of it is undone. */
async function readAfter(sql: string): Promise<{ full: Code; remembered: Code; before: Code }> {
  const read = codeReader();
  const before = await withSession(original.url, read);
  return withSession(withDatabase(adminUrl(), clone), async (session) => {
    await session.execute(
      `BEGIN; SET LOCAL search_path = public; ${sql}; RESET ROLE; SET LOCAL search_path = ''`,
    );
    return { full: await readCode(session), remembered: await read(session), before };
  });
}

it('is not read again where a clone has the same', async () => {
  const { full, remembered, before } = await readAfter('ANALYZE base; CREATE TABLE more (id int)');
  expect(remembered).toBe(before);
  expect(full).toEqual(before);
  expect([...full.entries.keys()].filter((place) => place.includes('span'))).toEqual([]);
});

it.each(CHANGES)('is what is there, whatever was read before, after: %s', async (sql) => {
  const { full, remembered, before } = await readAfter(sql);
  expect(full).not.toEqual(before);
  expect(remembered).toEqual(full);
});

const HIDDEN = `CREATE FUNCTION evil() RETURNS int LANGUAGE sql AS 'SELECT 1';`;

it('is not hidden in an extension that the owner of the database made', async () => {
  const hide = `CREATE EXTENSION hstore; ${HIDDEN} ALTER EXTENSION hstore ADD FUNCTION evil()`;
  const { full, remembered } = await readAfter(
    `GRANT CREATE ON SCHEMA public TO ${owner}; SET LOCAL ROLE ${owner}; ${hide}`,
  );
  expect([...full.entries.keys()]).toContain('the function public.evil()');
  expect(remembered).toEqual(full);
});

it('leaves out what came with an extension of somebody else', async () => {
  const { full, before } = await readAfter('CREATE EXTENSION hstore');
  expect(full).toEqual(before);
});

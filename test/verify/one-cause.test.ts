import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../src/core/finding.js';
import { withDatabase } from '../../src/core/urls.js';
import { verifyData } from '../../src/verify/data.js';
import { adminUrl, dropDatabase, uniqueName, withSession } from '../support/postgres.js';
import { buildFleet, type Fleet } from './fleet.js';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await buildFleet();
  await withSession(fleet.legacy.url, (session) => session.execute(OF_CLINICS + OF_CENTRAL));
  await withSession(fleet.central.url, (session) => session.execute(STANDING + OF_CENTRAL));
  for (const { url } of fleet.clinics) await withSession(url, (session) => session.execute(OF_CLINICS));
});
afterAll(() => fleet.drop());

/** What uses other things than those that PostgreSQL brings along: in every database, in clinics', and in central. */
const STANDING = `SET search_path = public;
  CREATE FUNCTION tidy(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT trim(t)';
  CREATE FUNCTION rough(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT t';
  CREATE FUNCTION twice(t text) RETURNS text LANGUAGE sql RETURN tidy(t);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE DOMAIN grade AS text CHECK (tidy(VALUE) <> '');
  CREATE TYPE pair AS (a kind, b text);
  CREATE TYPE span AS RANGE (subtype = int);
  CREATE COLLATION german (provider = icu, locale = 'de');
  CREATE AGGREGATE longest(text) (SFUNC = textcat, STYPE = text);
  CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);
  CREATE TEXT SEARCH CONFIGURATION plain (PARSER = default);
  CREATE VIEW kinds AS SELECT 'check'::kind AS kind;`;

const OF_CLINICS = `${STANDING}
  CREATE FUNCTION patient_count() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM patients; END;
  CREATE FUNCTION note_count() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM notes; END;
  ALTER TABLE notes ADD tidied text DEFAULT tidy('x'), ADD CONSTRAINT tidy_body CHECK (tidy(body) <> ''),
    ADD short text GENERATED ALWAYS AS (tidy(body)) STORED, ADD named text;
  ALTER TABLE badges ADD state kind;
  ALTER TABLE categories ADD named text;
  CREATE INDEX notes_tidy ON notes (tidy(body));
  CREATE UNIQUE INDEX notes_once ON notes (subject_id, subject_type) WHERE tidy(body) = 'none';
  CREATE TRIGGER noting BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION note();
  CREATE RULE noted AS ON DELETE TO notes WHERE tidy(old.body) = 'keep' DO INSTEAD NOTHING;
  CREATE POLICY tidy_only ON notes USING (tidy(body) <> '');
  CREATE STATISTICS notes_stats ON tidy(body), subject_id FROM notes;
  CREATE VIEW tidy_notes AS SELECT tidy(body) AS body FROM notes;
  CREATE VIEW other_notes AS SELECT tidy(body) AS body FROM notes;

  CREATE MATERIALIZED VIEW held_notes AS SELECT tidy(body) AS body FROM notes;
  CREATE INDEX held_notes_body ON held_notes (tidy(body));`;

const OF_CENTRAL = `
  CREATE VIEW "User mails" AS SELECT email FROM users;
  CREATE MATERIALIZED VIEW all_mails AS SELECT email, tidy(email) AS tidied FROM users;
  CREATE INDEX all_mails_email ON all_mails (tidy(email));
  CREATE FUNCTION mails() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT email FROM users; END;
  CREATE FUNCTION mail_of(u users) RETURNS text LANGUAGE sql AS 'SELECT u.email';
  CREATE FUNCTION mail_of_whoever(the_user users, or_else_this text, and_with_more_than_63_bytes text) RETURNS text LANGUAGE sql AS 'SELECT or_else_this';
  CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION note();
  ALTER TABLE users ADD CONSTRAINT tidy_email CHECK (tidy(email) <> '');
  CREATE POLICY tidy_only ON users USING (tidy(email) <> '');`;

/** Another of each, and what is said of it. */
const PLANTS: readonly (readonly [sql: string, said: string])[] = [
  ['CREATE VIEW user_mails AS SELECT 1 AS one', 'the view public.user_mails is there'],
  ['CREATE VIEW "User mails" AS SELECT 1 AS one', 'the view public."User mails" is there'],
  [
    "CREATE MATERIALIZED VIEW all_mails AS SELECT 'x' AS email; CREATE INDEX all_mails_email ON all_mails (email)",
    'the materialized view public.all_mails is there',
  ],
  [
    `CREATE UNLOGGED TABLE users (id int, email text DEFAULT rough('x'), CONSTRAINT tidy_email CHECK (rough(email) <> ''));
     CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
     CREATE POLICY tidy_only ON users USING (rough(email) <> '')`,
    'public.users: the table is there, and it is central',
  ],
  [
    'CREATE FUNCTION mails() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT body FROM notes; END',
    'the function public.mails() does not mean what it means',
  ],
  [
    'CREATE OR REPLACE VIEW tidy_notes AS SELECT rough(body) AS body FROM notes',
    'the view public.tidy_notes does not mean what it means',
  ],
  [
    'CREATE OR REPLACE VIEW other_notes AS SELECT tidy(name) AS body FROM patients',
    'the view public.other_notes does not mean what it means',
  ],
  [
    "DROP VIEW kinds; CREATE VIEW kinds AS SELECT 'check'::text AS kind",
    'the view public.kinds does not mean what it means',
  ],
  [
    `DROP MATERIALIZED VIEW held_notes; CREATE MATERIALIZED VIEW held_notes AS SELECT rough(body) AS body FROM notes;
     CREATE INDEX held_notes_body ON held_notes (tidy(body))`,
    'the materialized view public.held_notes does not mean what it means',
  ],
  [
    'CREATE OR REPLACE FUNCTION patient_count() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM notes; END',
    'the function public.patient_count() does not mean what it means',
  ],
  [
    'CREATE OR REPLACE FUNCTION note_count() RETURNS bigint SECURITY DEFINER LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM patients; END',
    'the function public.note_count() does not mean what it means',
  ],
  [
    'DROP TRIGGER noting ON notes; CREATE TRIGGER noting BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION touch()',
    'the trigger noting is not what it was',
  ],
  [
    "CREATE OR REPLACE RULE noted AS ON DELETE TO notes WHERE rough(old.body) = 'keep' DO INSTEAD NOTHING",
    'the rule noted is not what it was',
  ],
  ["ALTER POLICY tidy_only ON notes USING (rough(body) <> '')", 'the policy tidy_only is not what it was'],
  [
    "ALTER TABLE notes DROP CONSTRAINT tidy_body, ADD CONSTRAINT tidy_body CHECK (rough(body) <> '')",
    'the check constraint tidy_body is not what it was',
  ],
  [
    "ALTER TABLE notes ALTER tidied SET DEFAULT rough('x')",
    'the default value for public.notes.tidied does not mean what it means',
  ],
  [
    'ALTER TABLE notes DROP short, ADD short text GENERATED ALWAYS AS (rough(body)) STORED',
    'the default value for public.notes.short does not mean what it means',
  ],
  [
    'DROP INDEX notes_tidy; CREATE INDEX notes_tidy ON notes (rough(body))',
    'the index public.notes_tidy does not mean what it means',
  ],
  [
    'DROP STATISTICS notes_stats; CREATE STATISTICS notes_stats ON rough(body), subject_id FROM notes',
    'the statistics object public.notes_stats does not mean what it means',
  ],
  [
    'ALTER TABLE badges ALTER state TYPE text',
    'public.badges: the column state is text and should be public.kind',
  ],
  [
    'ALTER TABLE categories ALTER named TYPE text COLLATE german',
    'the table public.categories does not mean what it means',
  ],
  [
    "ALTER DOMAIN grade DROP CONSTRAINT grade_check; ALTER DOMAIN grade ADD CONSTRAINT grade_check CHECK (rough(VALUE) <> '')",
    'the domain constraint grade_check on public.grade does not mean what it means',
  ],
  [
    'ALTER TYPE pair ALTER ATTRIBUTE a TYPE text',
    'the composite type public.pair does not mean what it means',
  ],
  ['DROP TYPE span', 'the type span is missing'],
  [
    "DROP AGGREGATE longest(text); CREATE AGGREGATE longest(text) (SFUNC = textcat, STYPE = text, INITCOND = 'x')",
    'the function longest(text) is not what it was',
  ],
  [
    'DROP OPERATOR === (text, text); CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = textne)',
    'the operator === (text, text) is not what it was',
  ],
];

/** What is found where the second clinic's database is a copy of itself in which the statement was run. */
async function foundAfter(sql: string): Promise<Finding[]> {
  const name = uniqueName('t');
  const url = withDatabase(adminUrl(), name);
  const options = await fleet.options();
  try {
    await withSession(adminUrl(), (session) =>
      session.execute(`CREATE DATABASE ${name} TEMPLATE ${fleet.clinics[1]?.name}`),
    );
    await withSession(url, (session) => session.execute(`SET search_path = public; ${sql}`));
    const targets = options.targets.map((target) =>
      target.clinic.key === '2' ? { ...target, database: name, adminUrl: url, roleUrl: url } : target,
    );
    return await verifyData({ ...options, targets });
  } finally {
    await dropDatabase(name);
  }
}

it('says of one cause one thing, whatever hangs on it and by whichever check it shows', async () => {
  expect(await verifyData(await fleet.options())).toEqual([]);
  const found = await foundAfter(PLANTS.map(([sql]) => sql).join(';\n'));
  const times = PLANTS.map(([, said]) => found.filter(({ message }) => message.includes(said)).length);
  expect(PLANTS.flatMap(([, said], i) => (times[i] === 1 ? [] : [`${said}: ${times[i]} times`]))).toEqual([]);
  // Some of it would run while rows are read: that they were not is said once for the database.
  const rest = found.filter(({ message }) => !PLANTS.some(([, said]) => message.includes(said)));
  expect(rest.map(({ code }) => code)).toEqual(['DATA_FOREIGN_CODE']);
  expect(found.filter(({ severity }) => severity !== 'error')).toEqual([]);
});

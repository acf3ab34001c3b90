import { afterAll, expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { NO_OPTIONS } from '../support/context.js';
import { errorsOf } from '../support/errors-of.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { withSession } from '../support/postgres.js';

/** Functions whose bodies name others without a schema. */
const FUNCTIONS = `
  CREATE TABLE clinics (id int PRIMARY KEY, name text); INSERT INTO clinics VALUES (1, 'a'), (2, 'b');
  CREATE FUNCTION spelled(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(t) $$;
  CREATE FUNCTION sounds(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN spelled(t); END $$;
  CREATE FUNCTION read(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT spelled(t) $$;`;

const CASES = {
  'a domain and a generated column': `
    CREATE DOMAIN word AS text CHECK (sounds(VALUE) <> '');
    CREATE TABLE notes (id int PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics, text word, sound text GENERATED ALWAYS AS (sounds(text)) STORED);`,
  'a domain that refuses to be empty in a generated column': `
    CREATE DOMAIN word AS text NOT NULL CHECK (sounds(VALUE) <> '');
    CREATE TABLE notes (id int PRIMARY KEY, gone int, sound word GENERATED ALWAYS AS (sounds(text)) STORED, clinic_id int NOT NULL REFERENCES clinics, text text);
    ALTER TABLE notes DROP gone;`,
  'a partitioned table’s check': `
    CREATE TABLE notes (id int, clinic_id int NOT NULL REFERENCES clinics, text text, CHECK (read(text) <> '')) PARTITION BY LIST (clinic_id);
    CREATE TABLE notes_1 PARTITION OF notes FOR VALUES IN (1); CREATE TABLE notes_2 PARTITION OF notes FOR VALUES IN (2);`,
};

const sources: Legacy[] = [];
afterAll(async () => {
  for (const source of sources) await source.drop();
});

it.each(Object.entries(CASES))(
  'split --refresh finds the functions of %s where the legacy database does',
  async (_, table) => {
    const source = await legacyDatabase(`${FUNCTIONS} ${table}
    INSERT INTO notes (id, clinic_id, text) SELECT i, 1 + i % 2, 'N' || i FROM generate_series(1, 400) i`);
    sources.push(source);
    const { context } = source;
    expect(errorsOf(await provisionCommand.run(context, [], NO_OPTIONS))).toEqual([]);
    expect(errorsOf(await splitCommand.run(context, [], NO_OPTIONS))).toEqual([]);
    await withSession(source.database.url, (session) =>
      session.execute(`SET search_path = public; UPDATE notes SET text = 'Other' WHERE id IN (5, 6);
      DELETE FROM notes WHERE id = 7; INSERT INTO notes (id, clinic_id, text) VALUES (700, 1, 'New')`),
    );
    expect(errorsOf(await splitCommand.run(context, [], { ...NO_OPTIONS, refresh: true }))).toEqual([]);
    expect(errorsOf(await verifyCommand.run(context, ['data'], NO_OPTIONS))).toEqual([]);
  },
);

import { afterEach, describe, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import { databaseOf, withDatabase } from '../../src/core/urls.js';
import { createEmpty } from '../../src/provision/databases.js';
import { NO_OPTIONS } from '../support/context.js';
import { errorsOf } from '../support/errors-of.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, uniqueName, withSession } from '../support/postgres.js';

const made: Legacy[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

async function legacy(options: string, script: string, config: object = {}): Promise<Legacy> {
  const result = await legacyDatabase(script, config, options);
  made.push(result);
  return result;
}

const SCRIPT = `
  CREATE TABLE clinics (id int PRIMARY KEY, name text);
  INSERT INTO clinics VALUES (1, 'Ängelholm'), (2, 'B');
  CREATE TABLE patients (id serial PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics, "näme" text UNIQUE);
  CREATE FUNCTION greet() RETURNS text LANGUAGE sql AS $$ SELECT 'Grüß Gott' $$;
  INSERT INTO patients (clinic_id, "näme") SELECT 1 + g % 2, 'Jörg ' || g FROM generate_series(1, 20) g;`;

const version = await withSession(adminUrl(), async (session) => {
  const [row] = await session.query<{ version: number }>(
    "SELECT current_setting('server_version_num')::int / 10000 AS version",
  );
  return row?.version ?? 0;
});

const KINDS = [
  ["ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'", 15],
  ["ENCODING 'WIN1252' LC_COLLATE 'C' LC_CTYPE 'C'", 15],
  ["ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'", 15],
  ["ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE' LC_COLLATE 'C' LC_CTYPE 'C'", 15],
  ["ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'und' ICU_RULES '&b < a' LC_COLLATE 'C' LC_CTYPE 'C'", 16],
  ["ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'", 17],
] as const;

const LOCALE = `SELECT pg_encoding_to_char(encoding) AS encoding, datcollate, datctype, datlocprovider,
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale, to_jsonb(d) ->> 'daticurules' AS rules
  FROM pg_database d WHERE datname = current_database()`;

const localeOf = (url: string): Promise<unknown> =>
  withSession(url, async (session) => (await session.query(LOCALE))[0]);

describe('a legacy database of another encoding or locale', () => {
  it.each(KINDS.filter(([, since]) => version >= since))('is split as it is: %s', async (options) => {
    const source = await legacy(options, SCRIPT);
    for (const command of [inspectCommand, provisionCommand, splitCommand])
      expect(errorsOf(await command.run(source.context, [], NO_OPTIONS)), command.name).toEqual([]);
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
    const locale = await localeOf(source.database.url);
    expect(await localeOf(source.centralUrl)).toEqual(locale);
    const clinic = withDatabase(adminUrl(), `${source.prefix}_1`);
    expect(await localeOf(clinic)).toEqual(locale);
    const names = await withSession(clinic, (session) =>
      session.query('SELECT "näme" AS name, public.greet() AS greeting FROM public.patients ORDER BY id'),
    );
    expect(names).toHaveLength(10);
    expect(names[0]).toEqual({ name: 'Jörg 2', greeting: 'Grüß Gott' });
    await withSession(clinic, (session) =>
      session.execute(`UPDATE public.patients SET "näme" = 'Jürg 2' WHERE id = 2`),
    );
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS)).join('\n')).toMatch(
      /DATA_ROWS_CHANGED clinic 1 .*public.patients with other values than in the legacy database: 2/,
    );
  });

  it('passes bytes that are no text where the database knows no encoding', async () => {
    const source = await legacy(
      "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
      `${SCRIPT} UPDATE patients SET "näme" = E'\\xff\\xfe' || id`,
    );
    for (const command of [inspectCommand, provisionCommand, splitCommand])
      expect(errorsOf(await command.run(source.context, [], NO_OPTIONS)), command.name).toEqual([]);
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
    const [row] = await withSession(withDatabase(adminUrl(), `${source.prefix}_1`), (session) =>
      session.query(
        `SELECT encode(convert_to("näme", 'SQL_ASCII'), 'hex') AS bytes FROM public.patients WHERE id = 4`,
      ),
    );
    expect(row).toEqual({ bytes: 'fffe34' });
  });
});

describe('a central database that is there already, in another encoding', () => {
  const make = (source: Legacy, encoding: string): Promise<void> =>
    withSession(adminUrl(), (session) =>
      session.execute(
        `CREATE DATABASE ${quoteIdent(databaseOf(source.centralUrl))} TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`,
      ),
    );
  const more = `${SCRIPT} CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ümit'), (2, 'Zoë');`;
  const tables = { users: { scope: 'central' } };

  it.each([
    ['LATIN1', 'UTF8'],
    ['UTF8', 'LATIN1'],
    ['LATIN1', 'SQL_ASCII'],
    ['SQL_ASCII', 'UTF8'],
  ])('gets the rows of a %s database in %s', async (from, to) => {
    const source = await legacy(`ENCODING '${from}' LC_COLLATE 'C' LC_CTYPE 'C'`, more, { tables });
    await make(source, to);
    for (const command of [provisionCommand, splitCommand])
      expect(errorsOf(await command.run(source.context, [], NO_OPTIONS)), command.name).toEqual([]);
    expect(errorsOf(await verifyCommand.run(source.context, ['data'], NO_OPTIONS))).toEqual([]);
  });

  it('is refused rows that it cannot hold before anything is copied, with their keys', async () => {
    const source = await legacy(
      "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
      `${more} INSERT INTO users VALUES (3, '5 €'), (4, 'Łódź');`,
      { tables },
    );
    await make(source, 'LATIN1');
    expect(errorsOf(await provisionCommand.run(source.context, [], NO_OPTIONS))).toEqual([]);
    const report = await splitCommand.run(source.context, [], NO_OPTIONS);
    expect(errorsOf(report)).toEqual([
      'SPLIT_TEXT_NOT_HELD 2 of 4 rows of public.users hold characters that the central database, whose encoding is LATIN1, cannot hold: 3 | 4',
    ]);
    const rows = await withSession(withDatabase(adminUrl(), `${source.prefix}_1`), (session) =>
      session.query('SELECT FROM public.patients'),
    );
    expect(rows).toEqual([]);
  });
});

describe('a server that lacks the locale', () => {
  it.each([
    "ENCODING 'UTF8' LC_COLLATE 'xx_YY' LC_CTYPE 'xx_YY' LOCALE_PROVIDER libc",
    "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER nobody",
    "ENCODING 'KLINGON' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc",
  ])('is said in one line: %s', async (options) => {
    await withSession(adminUrl(), (session) =>
      expect(createEmpty(session, uniqueName('t'), options)).rejects.toThrow(
        /cannot make a database like the legacy one \(ENCODING/,
      ),
    );
  });
});

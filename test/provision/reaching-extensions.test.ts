import { afterAll, beforeAll, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

/** A column's default needs one extension that reaches out, a function's text another; two stay inside. */
const SCRIPT = `
  CREATE EXTENSION dblink; CREATE EXTENSION file_fdw; CREATE EXTENSION pgcrypto; CREATE EXTENSION bloom;
  CREATE TABLE companies (id int PRIMARY KEY, name text, far text DEFAULT dblink_current_query());
  CREATE FUNCTION far() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN public.dblink_current_query(); END';
  INSERT INTO companies VALUES (1, 'A');`;

let legacy: Legacy;
beforeAll(async () => {
  legacy = await legacyDatabase(SCRIPT);
});
afterAll(() => legacy?.drop());

it('is named before anything is made, and stops where something is nothing without it', async () => {
  for (const command of [inspectCommand, provisionCommand]) {
    const { findings } = await command.run(legacy.context, [], NO_OPTIONS);
    const named = findings.filter(({ code }) => code === 'PROVISION_EXTENSION_REACHES_OUT');
    expect(named.map(({ severity, message, hint }) => `${severity} ${message}. ${hint}`)).toEqual([
      'error the extension dblink is not made: default value for public.companies.far needs it, and it may open connections, files or programs from inside a clinic\'s database. If the application needs it, in the configuration: extensions: ["dblink"].',
      'warning the extension file_fdw is not made: it may open connections, files or programs from inside a clinic\'s database. If the application needs it, in the configuration: extensions: ["file_fdw"].',
    ]);
  }
});

it('is made where the configuration lists it, and what stays inside in any case', async () => {
  const context = await legacy.configured({ extensions: ['dblink'] });
  const { ok, findings } = await provisionCommand.run(context, [], NO_OPTIONS);
  expect(ok).toBe(true);
  expect(findings.map(({ message }) => message).join()).not.toContain('dblink');
  const made = await withSession(withDatabase(adminUrl(), `${legacy.prefix}_1`), (session) =>
    session.query('SELECT extname::text AS name FROM pg_extension ORDER BY 1'),
  );
  expect(made.map(({ name }) => name)).toEqual(['bloom', 'dblink', 'pgcrypto', 'plpgsql']);
});

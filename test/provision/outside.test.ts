import { afterAll, beforeAll, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { NO_OPTIONS } from '../support/context.js';
import { newcomer } from '../support/init.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';

/** The application's tables, and three schemas without one: of each, or of what it needs, a table needs something. */
const SCRIPT = `
  CREATE SCHEMA app; CREATE SCHEMA "my tools"; CREATE SCHEMA deep; CREATE SCHEMA idle; CREATE SCHEMA ext;
  CREATE EXTENSION citext SCHEMA ext;
  CREATE TYPE deep.kind AS ENUM ('a');
  CREATE FUNCTION "my tools".of(deep.kind) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION "my tools".fine(int) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
  CREATE FUNCTION "my tools".touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE FUNCTION idle.nothing() RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE SEQUENCE "my tools".numbers; CREATE DOMAIN "my tools".mail AS ext.citext; CREATE COLLATION "my tools".bytes FROM "C";
  CREATE TABLE app.companies (id int PRIMARY KEY, name text COLLATE "my tools".bytes, mail "my tools".mail, mails "my tools".mail[]);
  CREATE TABLE app.patients (id int DEFAULT nextval('"my tools".numbers') PRIMARY KEY CHECK ("my tools".fine(id)),
    company_id int NOT NULL REFERENCES app.companies);
  CREATE TRIGGER touched BEFORE UPDATE ON app.patients FOR EACH ROW EXECUTE FUNCTION "my tools".touch();
  CREATE INDEX fine_ones ON app.patients (id) WHERE "my tools".fine(id);
  CREATE VIEW app.fine AS SELECT id FROM app.patients WHERE "my tools".fine(id);
  CREATE FUNCTION app.first() RETURNS "my tools".mail LANGUAGE sql AS 'SELECT NULL::"my tools".mail';
  CREATE TABLE app.left_behind (mail "my tools".mail);
  INSERT INTO app.companies VALUES (1, 'A', 'a@b', '{}'), (2, 'B', NULL, NULL);
  INSERT INTO app.patients (company_id) VALUES (1), (2), (2);`;

let legacy: Legacy;
beforeAll(async () => {
  legacy = await legacyDatabase(SCRIPT);
});
afterAll(() => legacy?.drop());

it('is named before anything is made, with what needs it and the line that settles it', async () => {
  const context = await legacy.configured({
    legacy: { url: '${LEGACY}', schemas: ['app'] },
    tables: { left_behind: { scope: 'ignored' } },
  });
  for (const command of [inspectCommand, provisionCommand]) {
    const { ok, findings } = await command.run(context, [], NO_OPTIONS);
    expect(ok).toBe(false);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([
      {
        code: 'PROVISION_SCHEMA_NEEDED',
        severity: 'error',
        subject: 'my tools',
        message: expect.stringMatching(
          /^the schema my tools is not read, and table app\.companies needs collation "my tools"\.bytes, .*, and 6 more$/,
        ),
        hint: expect.stringContaining('legacy: { schemas: ["app","my tools"] }'),
      },
    ]);
  }
});

it('is read where init writes the configuration, with what it needs in turn', async () => {
  const user = await newcomer(SCRIPT);
  try {
    await user.init();
    expect((await user.config()).legacy?.schemas).toEqual(['app', 'my tools', 'deep']);
    expect(user.text()).toContain(
      'Without tables, and yet something in the others needs what they hold: my tools, deep.',
    );
  } finally {
    await user.drop();
  }
  const whole = await legacy.configured({
    legacy: { url: '${LEGACY}', schemas: ['app', 'my tools', 'deep'] },
    tables: { left_behind: { scope: 'ignored' } },
  });
  for (const command of [provisionCommand, splitCommand])
    expect((await command.run(whole, [], NO_OPTIONS)).ok).toBe(true);
  const { findings } = await verifyCommand.run(whole, ['data'], NO_OPTIONS);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

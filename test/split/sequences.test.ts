import { afterAll, beforeAll, expect, it } from 'vitest';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

/** Rows that came with their numbers: no sequence was told of them. */
const SCRIPT = `
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE SEQUENCE loose; CREATE SEQUENCE joint; CREATE SEQUENCE down INCREMENT -1 START -1; CREATE SEQUENCE codes;
  CREATE SEQUENCE narrow MAXVALUE 100;
  CREATE TABLE one (id bigint DEFAULT nextval('loose') PRIMARY KEY, company_id int REFERENCES companies,
    two int DEFAULT nextval('joint'), less int DEFAULT nextval('down'), code text DEFAULT 'A' || nextval('codes'),
    narrow int DEFAULT nextval('narrow'));
  ALTER SEQUENCE codes OWNED BY one.code;
  CREATE TABLE other (id smallint DEFAULT nextval('joint') PRIMARY KEY, company_id int REFERENCES companies);
  INSERT INTO companies VALUES (1, 'A'), (2, 'B');
  INSERT INTO one VALUES (7, 1, 3, -9, 'A12', 500), (8, 2, 4, -10, 'A13', 501);
  INSERT INTO other VALUES (30, 1), (20, 2);`;

let legacy: Legacy;
beforeAll(async () => {
  legacy = await legacyDatabase(SCRIPT);
});
afterAll(() => legacy?.drop());

it('leaves no sequence behind a column that it counts, whoever owns it', async () => {
  for (const command of [provisionCommand, splitCommand])
    expect((await command.run(legacy.context, [], NO_OPTIONS)).ok).toBe(true);
  const { findings } = await verifyCommand.run(legacy.context, ['data'], NO_OPTIONS);
  // Nothing can be given to a column that has gone further than its sequence may.
  expect(findings.map(({ code, subject }) => `${code} ${subject}`)).toEqual(
    Array(2).fill('DATA_SEQUENCE_BEHIND public.narrow'),
  );
  const next = await withSession(withDatabase(adminUrl(), `${legacy.prefix}_1`), (session) =>
    session.query(`SELECT nextval('public.loose') AS loose, nextval('public.joint') AS joint, nextval('public.down') AS down,
      nextval('public.codes') AS codes, nextval('public.narrow') AS narrow`),
  );
  expect(next).toEqual([{ loose: '8', joint: '31', down: '-10', codes: '1', narrow: '1' }]);
});

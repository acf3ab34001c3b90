import { afterEach, expect, it } from 'vitest';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

let legacy: Legacy | undefined;
afterEach(() => legacy?.drop());

/** Every foreign key holds, and the texts on its two sides differ: in scale, in case, in sign, in trailing blanks. */
const SCRIPT = `
  CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE EXTENSION citext;
  CREATE TABLE companies (id numeric PRIMARY KEY, name text, code text COLLATE "fr-x-icu" UNIQUE, ci text COLLATE ci UNIQUE,
    cx citext UNIQUE, fl float8 UNIQUE, ch char(4) UNIQUE);
  INSERT INTO companies VALUES (1.0, 'One', 'ca', 'A', 'AA', 0, 'a'), (2, 'Two', 'cb', 'B', 'b', 1.5, '');
  CREATE TABLE p1 (id text COLLATE "de-x-icu" PRIMARY KEY, c text COLLATE "C" REFERENCES companies (code));
  CREATE TABLE p2 (id text COLLATE ci PRIMARY KEY, c text COLLATE ci REFERENCES companies (ci), up text COLLATE ci REFERENCES p2);
  CREATE TABLE p3 (id citext PRIMARY KEY, c citext REFERENCES companies (cx));
  CREATE TABLE p4 (id numeric(10, 2) PRIMARY KEY, c numeric(10, 2) REFERENCES companies);
  CREATE TABLE p5 (id float8 PRIMARY KEY, c float4 REFERENCES companies (fl), ch char(6) REFERENCES companies (ch));
  CREATE TABLE logs (id int PRIMARY KEY, company_id text COLLATE "fr-x-icu");
  CREATE TABLE undeclared (id int PRIMARY KEY, p1 text COLLATE "fr-x-icu", p3 citext);
  CREATE TABLE visits (id int PRIMARY KEY, p1 text COLLATE "fr-x-icu" REFERENCES p1, p2 text COLLATE ci REFERENCES p2,
    p3 citext REFERENCES p3, p4 numeric REFERENCES p4, p5 float4 REFERENCES p5);
  INSERT INTO p1 VALUES ('p1', 'ca'), ('P1', 'cb');
  INSERT INTO p2 VALUES ('p', 'a', NULL), ('q', 'b', 'Q'), ('r', 'B', 'Q');
  INSERT INTO p3 VALUES ('p', 'aA'), ('q', 'B');
  INSERT INTO p4 VALUES (1, 1), (2, 2);
  INSERT INTO p5 VALUES (0, -0.0, 'a'), (1.5, 1.5, '  ');
  INSERT INTO logs VALUES (1, '1.0'), (2, '2');
  INSERT INTO undeclared VALUES (1, 'p1', 'p'), (2, 'P1', 'q');
  INSERT INTO visits VALUES (1, 'p1', 'P', 'P', 1, '-0'), (2, 'P1', 'Q', 'q', 2.000, 1.5), (3, NULL, NULL, 'P', NULL, NULL),
    (4, NULL, 'R', NULL, NULL, NULL), (5, NULL, NULL, NULL, 1.00, NULL), (6, NULL, NULL, NULL, NULL, 1.5);`;

it('follows a foreign key by the equality that it was made with, whatever the texts and the collations', async () => {
  const via = [
    { column: 'p1', references: 'p1.id' },
    { column: 'p3', references: 'p3.id' },
  ];
  legacy = await legacyDatabase(SCRIPT, { tables: { undeclared: { scope: 'clinic', via } } });
  const { context, centralUrl } = legacy;
  for (const command of [inspectCommand, provisionCommand, splitCommand, verifyCommand]) {
    const { findings } = await command.run(context, command === verifyCommand ? ['data'] : [], NO_OPTIONS);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  }
  const made = await withSession(centralUrl, (session) =>
    session.query<{ key: string; database: string }>('SELECT key, database FROM clinic_migrate.clinics'),
  );
  const visits = made.map(async ({ key, database }) => {
    const rows = await withSession(withDatabase(adminUrl(), database), (session) =>
      session.query<{ id: number }>('SELECT id FROM public.visits ORDER BY id'),
    );
    return [key, rows.map(({ id }) => id)];
  });
  expect(Object.fromEntries(await Promise.all(visits))).toEqual({ '1.0': [1, 3, 5], '2': [2, 4, 6] });
});

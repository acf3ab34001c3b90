import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyData } from '../../src/verify/data.js';
import { stepsOf } from '../support/follow-hint.js';
import { withSession } from '../support/postgres.js';
import { buildFleet, type Fleet } from './fleet.js';

let fleet: Fleet;
beforeAll(async () => {
  fleet = await buildFleet();
});
afterAll(() => fleet.drop());

/** What a clinic's database may have over and above: the statement, and the subject of the one finding of it. */
const PLANTS: readonly (readonly [sql: string, subject: string])[] = [
  ['CREATE SCHEMA "odd "; CREATE TABLE "odd ".t (id int)', 'odd '],
  ['CREATE SCHEMA spare', 'spare'],
  ['CREATE VIEW v AS SELECT 1 AS one', 'public.v'],
  ['CREATE VIEW "V ""w" AS SELECT name FROM drugs', 'public."V ""w"'],
  // Of a table that is central: no clinic has it.
  ['CREATE VIEW user_mails WITH (security_barrier) AS SELECT 1 AS one', 'public.user_mails'],
  ['CREATE SEQUENCE users_id_seq', 'public.users_id_seq'],
  ['CREATE MATERIALIZED VIEW m AS SELECT * FROM drugs', 'public.m'],
  ['CREATE FUNCTION f(a int, b text) RETURNS int RETURN 1', 'public.f(integer,pg_catalog.text)'],
  ["CREATE PROCEDURE p() LANGUAGE sql AS ''", 'public.p()'],
  ['CREATE AGGREGATE a(int) (SFUNC = int4pl, STYPE = int)', 'public.a(integer)'],
  ['CREATE SEQUENCE s', 'public.s'],
  ["CREATE TYPE e AS ENUM ('a')", 'public.e'],
  ['CREATE DOMAIN d AS int', 'public.d'],
  ['CREATE TYPE c AS (a int)', 'public.c'],
  ['CREATE TYPE r AS RANGE (subtype = int)', 'public.r'],
  ['CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)', 'public.===(integer,integer)'],
  ['CREATE COLLATION k FROM "C"', 'public.k'],
  ['CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple)', 'public.dict'],
  ['CREATE EXTENSION hstore', 'hstore'],
  ['CREATE PUBLICATION pub', 'pub'],
  ['CREATE FOREIGN DATA WRAPPER wrap', 'wrap'],
  ['CREATE SERVER far FOREIGN DATA WRAPPER wrap', 'far'],
  [
    "CREATE FUNCTION fire() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER bang ON sql_drop EXECUTE FUNCTION fire()",
    'bang',
  ],
];

it('everything that a clinic’s database has over and above is found, and gone when the hints are followed', async () => {
  const url = String(fleet.clinics[1]?.url);
  const options = await fleet.options();
  expect(await verifyData(options)).toEqual([]);
  for (const [sql] of PLANTS)
    await withSession(url, (session) => session.execute(`SET search_path = public; ${sql}`));
  const found = await verifyData(options);
  const subjects = [...PLANTS.map(([, subject]) => subject), 'public.fire()'].sort();
  expect(found.map(({ subject }) => subject).sort()).toEqual(subjects);
  expect(new Set(found.map(({ code, severity }) => `${severity} ${code}`))).toEqual(
    new Set(['error DATA_OBJECT_EXTRA']),
  );
  for (const { hint } of found)
    for (const step of stepsOf(hint ?? ''))
      if ('sql' in step) await withSession(url, (session) => session.execute(step.sql));
  expect(await verifyData(options)).toEqual([]);
});

it('is nobody’s affair in the central database, which may serve other purposes', async () => {
  await withSession(fleet.central.url, (session) =>
    session.execute('CREATE SCHEMA spare; CREATE VIEW public.v AS SELECT 1 AS one'),
  );
  expect(await verifyData(await fleet.options())).toEqual([]);
});

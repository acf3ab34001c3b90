import { afterEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import type { Session } from '../../src/core/ports.js';
import { withDatabase } from '../../src/core/urls.js';
import { nameClinics } from '../../src/provision/naming.js';
import { ownerName, takeOver } from '../../src/provision/owner.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { type Maker, makerOf } from '../support/maker.js';
import { adminUrl, createDatabase, uniqueName, withSession } from '../support/postgres.js';

/** One of everything that has an owner and that any role may own. */
const EVERYTHING = `
  CREATE SCHEMA "Odd ""schema";
  CREATE TYPE "Odd ""schema".mood AS ENUM ('good', 'bad');
  CREATE TYPE pair AS (a int, b text);
  CREATE TYPE span AS RANGE (subtype = int);
  CREATE DOMAIN positive AS int CHECK (VALUE > 0);
  CREATE COLLATION plain (provider = libc, locale = 'C');
  CREATE TABLE companies (id int PRIMARY KEY, name text);
  CREATE TABLE patients (
    id serial PRIMARY KEY, number int GENERATED ALWAYS AS IDENTITY, company_id int REFERENCES companies, name text,
    mood "Odd ""schema".mood, UNIQUE (id, company_id));
  CREATE TABLE visits (id int, company_id int, day date, patient_id int, FOREIGN KEY (patient_id) REFERENCES patients)
    PARTITION BY RANGE (day);
  CREATE TABLE visits_old PARTITION OF visits FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
  CREATE TABLE visits_new PARTITION OF visits FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
  CREATE SEQUENCE "Odd ""schema"."free numbers";
  CREATE VIEW all_patients AS SELECT id, name FROM patients;
  CREATE MATERIALIZED VIEW patient_count AS SELECT count(*) AS patients FROM patients;
  CREATE STATISTICS known (dependencies) ON id, company_id FROM patients;
  CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
  CREATE FUNCTION same(int, int) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1 = $2';
  CREATE FUNCTION who() RETURNS text SECURITY DEFINER LANGUAGE sql AS 'SELECT current_user::text';
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE PROCEDURE nothing(INOUT x int) LANGUAGE plpgsql AS 'BEGIN x := x; END';
  CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
  CREATE AGGREGATE many(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
  CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = same);
  CREATE TRIGGER stamped BEFORE INSERT ON patients FOR EACH ROW EXECUTE FUNCTION stamp();
  CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
  CREATE TEXT SEARCH DICTIONARY plain_words (TEMPLATE = simple);
  CREATE POLICY own ON patients USING (true);
  INSERT INTO companies VALUES (1, 'One'), (2, 'Two');
  INSERT INTO patients (company_id, name) SELECT 1 + i % 2, 'p' || i FROM generate_series(1, 20) AS i;
  INSERT INTO visits SELECT i, 1 + i % 2, '2019-12-25'::date + i, i FROM generate_series(1, 20) AS i;`;

/** Only a superuser makes these, in the legacy database as well. */
const FOR_SUPERUSERS = `
  CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
  CREATE OPERATOR FAMILY numbers USING btree;
  CREATE OPERATOR CLASS number_ops FOR TYPE int USING btree FAMILY numbers AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =,
    OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);`;

const CONFIG = { legacy: { url: '${LEGACY}', schemas: ['public', 'Odd "schema'] } };

const made: { drop(): Promise<void> }[] = [];
const makers: Maker[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
  for (const maker of makers.splice(0)) await maker.drop();
});

const admin = (script: string): Promise<void> =>
  withSession(adminUrl(), (session) => session.execute(script));

async function legacy(script: string, config: object = CONFIG): Promise<Legacy> {
  const result = await legacyDatabase(script, config);
  made.push(result);
  return result;
}

async function asMaker(own: Legacy): Promise<Context> {
  const maker = await makerOf(own);
  makers.push(maker);
  return maker.context;
}

/** Whatever pg_shdepend says some role owns in a database, and the database, by role; extensions aside. */
async function owners(url: string, database: string): Promise<Record<string, string[]>> {
  const rows = await withSession(withDatabase(url, database), (session) =>
    session.query<{ role: string; objects: string[] }>(
      `SELECT s.refobjid::regrole::text AS role, array_agg(i.type || ' ' || i.identity ORDER BY i.type, i.identity) AS objects
         FROM pg_shdepend s, pg_identify_object(s.classid, s.objid, s.objsubid) AS i
        WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o'
          AND (s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
               OR s.dbid = 0 AND s.classid = 'pg_database'::regclass AND i.identity = quote_ident(current_database()))
          AND i.type <> 'extension'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = s.classid AND d.objid = s.objid AND d.deptype = 'e')
        GROUP BY 1`,
    ),
  );
  return Object.fromEntries(rows.map(({ role, objects }) => [role, objects]));
}

describe('the owner of a clinic database', () => {
  it.each(['a superuser', 'a role with CREATEDB and CREATEROLE'])(
    'owns everything in it, and the database, made by %s; split and verify hold',
    async (by) => {
      const own = await legacy(EVERYTHING + (by === 'a superuser' ? FOR_SUPERUSERS : ''));
      const context = by === 'a superuser' ? own.context : await asMaker(own);
      for (const command of [provisionCommand, splitCommand]) {
        const report = await command.run(context, [], NO_OPTIONS);
        expect(report.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      }
      const owned = await owners(adminUrl(), `${own.prefix}_1`);
      expect(Object.keys(owned)).toEqual([`${own.prefix}_1_owner`]);
      const kinds = new Set(Object.values(owned)[0]?.map((each) => each.replace(/ \S+$/, '')));
      expect(kinds.size).toBeGreaterThan(8);
      expect(Object.values(owned)[0]).toEqual(
        expect.arrayContaining([
          'schema public',
          'schema clinic_migrate',
          `database ${own.prefix}_1`,
          'type public.span',
          'function public.who()',
          'table public.visits_old',
        ]),
      );
      const [row] = await withSession(withDatabase(adminUrl(), `${own.prefix}_1`), (session) =>
        session.query('SELECT public.who(), (SELECT patients::int FROM public.patient_count) AS patients'),
      );
      expect(row).toEqual({ who: `${own.prefix}_1_owner`, patients: 10 });
      const verified = await verifyCommand.run(context, ['data'], NO_OPTIONS);
      expect(verified.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(await provisionCommand.run(context, [], NO_OPTIONS)).toMatchObject({ summary: { kept: 2 } });
    },
  );

  it('is no member of anything, has no attribute, cannot log in, and owns nothing elsewhere', async () => {
    const own = await legacy(EVERYTHING);
    const context = await asMaker(own);
    await provisionCommand.run(context, [], NO_OPTIONS);
    await withSession(adminUrl(), async (session) => {
      const roles = await session.query(
        `SELECT rolname::text, rolcanlogin OR rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls OR rolinherit AS can,
                EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid) AS belongs,
                (SELECT count(DISTINCT dbid)::int FROM pg_shdepend WHERE refobjid = r.oid AND deptype = 'o' AND dbid <> 0) AS databases
           FROM pg_roles r WHERE rolname ~ $1 ORDER BY 1`,
        [`^${own.prefix}_._owner$`],
      );
      expect(roles).toEqual(
        [1, 2].map((key) => ({
          rolname: `${own.prefix}_${key}_owner`,
          can: false,
          belongs: false,
          databases: 1,
        })),
      );
    });
  });

  it('is given to databases that were made without one, rows and all', async () => {
    const own = await legacy(EVERYTHING);
    for (const command of [provisionCommand, splitCommand]) await command.run(own.context, [], NO_OPTIONS);
    const name = `${own.prefix}_1`;
    // As an earlier version left it: everything the superuser's, and no owner role.
    await withSession(withDatabase(adminUrl(), name), async (session) => {
      const [me] = await session.query<{ me: string }>('SELECT current_user::text AS me');
      await takeOver(session, me?.me ?? '');
      await session.execute(
        `ALTER DATABASE ${quoteIdent(name)} OWNER TO CURRENT_USER; DROP OWNED BY ${quoteIdent(`${name}_owner`)}; DROP ROLE ${quoteIdent(`${name}_owner`)}`,
      );
    });
    await withSession(own.centralUrl, (session) =>
      session.execute("UPDATE clinic_migrate.clinics SET state = 'loading' WHERE key = '1'"),
    );
    await expect(splitCommand.run(own.context, [], NO_OPTIONS)).rejects.toThrow(
      `its owner "${name}_owner" could not be used`,
    );
    expect((await provisionCommand.run(own.context, [], NO_OPTIONS)).ok).toBe(true);
    expect(Object.keys(await owners(adminUrl(), name))).toEqual([`${name}_owner`]);
    expect((await splitCommand.run(own.context, [], NO_OPTIONS)).ok).toBe(true);
    const verified = await verifyCommand.run(own.context, ['data'], NO_OPTIONS);
    expect(verified.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('takes back single objects that somebody has taken', async () => {
    const own = await legacy(EVERYTHING);
    const context = await asMaker(own);
    await provisionCommand.run(context, [], NO_OPTIONS);
    const database = `${own.prefix}_2`;
    const takes = async (session: Session): Promise<void> => {
      const me = makers[0]?.name;
      await session.execute(
        `ALTER TABLE public.patients OWNER TO ${me}; ALTER FUNCTION public.who() OWNER TO ${me}`,
      );
    };
    await withSession(withDatabase(adminUrl(), database), takes);
    expect(Object.keys(await owners(adminUrl(), database))).toHaveLength(2);
    expect((await provisionCommand.run(context, [], NO_OPTIONS)).ok).toBe(true);
    expect(Object.keys(await owners(adminUrl(), database))).toEqual([`${database}_owner`]);
  });

  it('is not a role that was there before', async () => {
    const own = await legacy(EVERYTHING);
    await admin(`CREATE ROLE ${own.prefix}_1_owner`);
    await expect(provisionCommand.run(own.context, [], NO_OPTIONS)).rejects.toThrow('is not ours');
  });

  it('takes over what is left of a hostile schema, and twice changes nothing', async () => {
    const role = uniqueName(`o"w'n;er`);
    await admin(`CREATE ROLE ${quoteIdent(role)}`);
    const database = await createDatabase(`${EVERYTHING}${FOR_SUPERUSERS}
      CREATE TABLE "x; DROP TABLE y" ("a b" int); CREATE FUNCTION "f)("("Odd ""schema".mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
      SELECT lo_create(4711);`);
    try {
      await withSession(database.url, async (session) => {
        expect(await takeOver(session, role)).toBeGreaterThan(25);
        expect(await takeOver(session, role)).toBe(0);
      });
    } finally {
      await database.drop();
      await admin(`DROP ROLE ${quoteIdent(role)}`);
    }
  });
});

describe('the name of an owner', () => {
  it('is the database’s, and fits and differs where that is long', () => {
    expect(ownerName('clinic_1')).toBe('clinic_1_owner');
    const [a, b] = [ownerName('é'.repeat(31)), ownerName(`${'é'.repeat(30)}e`)];
    expect(a).not.toBe(b);
    for (const name of [a, b]) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    expect(a).toMatch(/^é+_[0-9a-f]{8}_owner$/);
  });

  it('is no other clinic’s database', () => {
    const clinics = [
      { key: '1', label: 'a' },
      { key: '2', label: 'a_owner' },
    ];
    const { names, findings } = nameClinics({ database: '{label}' }, clinics, new Map());
    expect([...names.keys()]).toEqual([]);
    expect(findings.map(({ code }) => code)).toEqual(['PROVISION_NAME_UNFIT', 'PROVISION_NAME_UNFIT']);
  });
});

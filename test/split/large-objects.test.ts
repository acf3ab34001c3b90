import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import type { Report } from '../../src/report/report.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, uniqueName, withSession } from '../support/postgres.js';

const codes = ({ findings }: Report, severity: string): string[] =>
  findings
    .filter((finding) => finding.severity === severity)
    .map(({ code, subject }) => `${code} ${subject}`)
    .sort();

/** Every large object of a database: its size, and a digest that this test works out in a way of its own. */
const objectsOf = (url: string): Promise<unknown> =>
  withSession(url, async (session) => {
    const rows = await session.query<{ oid: number; object: string }>(
      "SELECT oid::int, length(lo_get(oid)) || ' ' || md5(lo_get(oid)) AS object FROM pg_largeobject_metadata ORDER BY oid",
    );
    return Object.fromEntries(rows.map(({ oid, object }) => [oid, object]));
  });

/** In four pieces and a bit, none of them like another. */
const LARGE = `(SELECT string_agg(sha256(n::text::bytea), '' ORDER BY n) FROM generate_series(1, 160000) n)`;

const SCRIPT = `
  CREATE SCHEMA "it's"; CREATE EXTENSION lo SCHEMA "it's";
  SELECT lo_from_bytea(o::oid, convert_to('object ' || o, 'UTF8')) FROM generate_series(3000000001, 3000000012) o;
  SELECT lo_put(3000000005, 0, ${LARGE});
  SELECT lo_create(3000000013);
  SELECT lo_put(lo_create(3000000014), 3000000, 'after a hole');
  CREATE TABLE companies (id int PRIMARY KEY, name text, logo oid);
  INSERT INTO companies VALUES (1, 'A', 3000000001), (2, 'B', 0), (3, 'C', NULL);
  CREATE TABLE patients (id int PRIMARY KEY, company_id int REFERENCES companies, "the photo" oid, scan "it's".lo, older bigint);
  INSERT INTO patients VALUES (1, 1, 3000000002, 3000000003, NULL), (2, 2, 3000000004, 3000000005, 3000000006), (3, NULL, 3000000007, NULL, 0);
  CREATE TABLE visits (id int PRIMARY KEY, patient_id int NOT NULL REFERENCES patients, xray text) PARTITION BY RANGE (id);
  CREATE TABLE visits_old PARTITION OF visits FOR VALUES FROM (0) TO (10);
  INSERT INTO visits VALUES (1, 1, '3000000008'), (2, 1, '3000000008'), (3, 2, '3000000013'), (4, 3, '3000000014');
  CREATE TABLE leaflets (id int PRIMARY KEY, pdf "it's".lo); INSERT INTO leaflets VALUES (1, 3000000009), (2, NULL);
  CREATE TABLE users (id int PRIMARY KEY, face oid); INSERT INTO users VALUES (1, 3000000010), (2, 3000000002);
  CREATE TABLE staff (id int PRIMARY KEY, face oid); INSERT INTO staff VALUES (1, 3000000011), (2, 3000000012);
  ALTER TABLE patients ADD staff_id int REFERENCES staff; UPDATE patients SET staff_id = 1 WHERE id < 3;
  CREATE TABLE logs (id int, dump oid); INSERT INTO logs VALUES (1, lo_from_bytea(3000000015, 'ignored'));`;

const TABLES = {
  companies: { largeObjects: ['logo'] },
  patients: { largeObjects: ['the photo', 'older'] },
  visits: { largeObjects: ['xray'] },
  leaflets: { scope: 'shared' },
  users: { scope: 'central', largeObjects: ['face'] },
  staff: { scope: 'central', copyReferenced: true, largeObjects: ['face'] },
  logs: { scope: 'ignored', largeObjects: ['dump'] },
};

describe('large objects that rows name', () => {
  let legacy: Legacy;
  let context: Context;
  beforeAll(async () => {
    legacy = await legacyDatabase(SCRIPT, { tables: TABLES, unassignable: 'quarantine' });
    context = legacy.context;
  });
  afterAll(() => legacy?.drop());

  const clinicUrl = (key: string): string => withDatabase(adminUrl(), `${legacy.prefix}_${key}`);
  const some = async (...numbers: number[]): Promise<unknown> => {
    const all = (await objectsOf(legacy.database.url)) as Record<string, string>;
    const oids = numbers.map((number) => 3000000000 + number);
    return Object.fromEntries(oids.map((oid) => [oid - 2 ** 32, all[oid - 2 ** 32]]));
  };

  it('go with the rows, under the same oids', async () => {
    for (const command of [inspectCommand, provisionCommand, splitCommand]) {
      const report = await command.run(context, [], NO_OPTIONS);
      expect(codes(report, 'error')).toEqual([]);
    }
    expect(await objectsOf(clinicUrl('1'))).toEqual(await some(1, 2, 3, 8, 9, 11));
    expect(await objectsOf(clinicUrl('2'))).toEqual(await some(4, 5, 6, 9, 11, 13));
    expect(await objectsOf(clinicUrl('3'))).toEqual(await some(9));
    expect(await objectsOf(legacy.centralUrl)).toEqual(await some(1, 2, 7, 9, 10, 11, 12, 14));
    expect((await verifyCommand.run(context, ['data'], NO_OPTIONS)).findings).toEqual([]);
  });

  it('belong to the owner of the database, and the login may do with them what the application’s login may', async () => {
    const [found] = await withSession(clinicUrl('2'), (session) =>
      session.query(
        `SELECT count(*)::int AS objects, bool_and(m.lomowner = (SELECT nspowner FROM pg_namespace WHERE nspname = 'clinic_migrate')) AS owned,
                string_agg(DISTINCT a.grantee::regrole::text || ' ' || a.privilege_type, ', ') AS rights
           FROM pg_largeobject_metadata m CROSS JOIN aclexplode(m.lomacl) a WHERE a.grantee <> m.lomowner`,
      ),
    );
    const role = `${legacy.prefix}_2`;
    expect(found).toEqual({ objects: 12, owned: true, rights: `${role} SELECT, ${role} UPDATE` });
  });

  it('are missed by verify where they are lost, changed, or another’s', async () => {
    const faults = [
      ['2', 'SELECT lo_unlink(3000000013)', 'clinic 2 (B) MISSING 3000000013'],
      ['2', "SELECT lo_put(3000000005, 4000000, 'x')", 'clinic 2 (B) CHANGED 3000000005'],
      ['1', "SELECT lo_put(3000000009, 17, 'x')", 'clinic 1 (A) CHANGED 3000000009'],
      ['1', "SELECT lo_from_bytea(3000000004, 'x')", 'clinic 1 (A) FOREIGN 3000000004'],
      ['3', "SELECT lo_from_bytea(77, convert_to('object 3000000004', 'UTF8'))", 'clinic 3 (C) FOREIGN 77'],
      ['3', "SELECT lo_from_bytea(78, 'x')", 'clinic 3 (C) EXTRA 78'],
      ['central', 'SELECT lo_unlink(3000000014)', 'the central database MISSING 3000000014'],
      [
        'central',
        "SELECT lo_from_bytea(79, convert_to('object 3000000004', 'UTF8'))",
        'the central database FOREIGN 79',
      ],
    ] as const;
    for (const [place, fault] of faults)
      await withSession(clinicUrl(place), (session) => session.execute(fault));
    const verify = (): Promise<Report> => verifyCommand.run(context, ['data'], NO_OPTIONS);
    const { findings } = await verify();
    const said = findings.map(({ code, message }) => {
      const [, place, oid] = /^(.*): 1 large objects .*: (\d+)$/.exec(message) ?? [];
      return `${place} ${code.replace('DATA_LARGE_OBJECTS_', '')} ${oid}`;
    });
    expect(said.sort()).toEqual(faults.map(([, , message]) => message).sort());
    for (const { hint } of findings) {
      const [, database, sql] = /^In database "(.*?)": (.*)$/.exec(hint ?? '') ?? [];
      if (database !== undefined)
        await withSession(withDatabase(adminUrl(), database), (session) => session.execute(sql ?? ''));
    }
    const again = findings.filter(({ hint }) =>
      hint?.startsWith('Run `clinic-migrate split --refresh --yes'),
    );
    expect(again).toHaveLength(4);
    const refreshed = await splitCommand.run(context, [], { ...NO_OPTIONS, refresh: true, yes: true });
    expect(codes(refreshed, 'error')).toEqual([]);
    expect((await verify()).findings).toEqual([]);
  });

  it('make a copy old where they change, though no row does', async () => {
    await withSession(legacy.database.url, (session) =>
      session.execute("SELECT lo_put(3000000005, 7, 'new')"),
    );
    const before = await splitCommand.run(context, [], NO_OPTIONS);
    expect(codes(before, 'error')).toEqual([`SPLIT_COPY_STALE ${legacy.prefix}_2`]);
    expect(before.findings.at(-1)?.message).toMatch(/the legacy database has changed since: 1 large object$/);
    await splitCommand.run(context, ['2'], { ...NO_OPTIONS, refresh: true });
    expect(codes(await splitCommand.run(context, [], NO_OPTIONS), 'error')).toEqual([]);
    expect((await verifyCommand.run(context, ['data'], NO_OPTIONS)).findings).toEqual([]);
  });

  it('of a clinic that comes later reach central, too', async () => {
    await withSession(legacy.database.url, (session) =>
      session.execute(`SELECT lo_from_bytea(3000000016, 'late'); INSERT INTO public.companies VALUES (4, 'D', 3000000016);
        INSERT INTO public.patients VALUES (4, 4, 3000000017, NULL, NULL, 2); SELECT lo_from_bytea(3000000017, 'also');`),
    );
    for (const command of [provisionCommand, splitCommand])
      expect(codes(await command.run(context, [], NO_OPTIONS), 'error')).toEqual([]);
    expect(await objectsOf(clinicUrl('4'))).toEqual(await some(9, 12, 16, 17));
    expect(await objectsOf(legacy.centralUrl)).toEqual(await some(1, 2, 7, 9, 10, 11, 12, 14, 16));
    expect((await verifyCommand.run(context, ['data'], NO_OPTIONS)).findings).toEqual([]);
  });
});

describe('what is not settled of large objects', () => {
  const base = `
    CREATE TABLE companies (id int PRIMARY KEY, name text); INSERT INTO companies VALUES (1, 'A'), (2, 'B');
    CREATE TABLE scans (id int PRIMARY KEY, company_id int REFERENCES companies, image oid);
    SELECT lo_from_bytea(o::oid, 'x') FROM generate_series(101, 103) o;`;
  const named = { scans: { largeObjects: ['image'] } };
  const run = async (rows: string, config: object, check: (own: Legacy) => Promise<void>): Promise<void> => {
    const own = await legacyDatabase(`${base} ${rows}`, config);
    try {
      await check(own);
    } finally {
      await own.drop();
    }
  };

  it('stops inspect, provision and split until a line says that they stay', async () => {
    await run('INSERT INTO scans VALUES (1, 1, 101), (2, 2, 102), (3, 1, 0);', {}, async (own) => {
      const report = await provisionCommand.run(own.context, [], NO_OPTIONS);
      expect(codes(report, 'error')).toEqual(['PROVISION_LARGE_OBJECTS 3 large objects']);
      const line = /public\.scans\.image: 2 rows .*: tables: (\{.*?\} \})/.exec(
        report.findings[0]?.hint ?? '',
      )?.[1];
      expect(line).toBe('{ "scans": { largeObjects: ["image"] } }');
      const one = await own.configured({ tables: named });
      for (const command of [inspectCommand, provisionCommand])
        expect(codes(await command.run(one, [], NO_OPTIONS), 'error')).toEqual([
          'PROVISION_LARGE_OBJECTS 1 large objects',
        ]);
      const left = await own.configured({ tables: named, largeObjects: 'leave' });
      for (const command of [provisionCommand, splitCommand]) {
        const all = await command.run(left, [], NO_OPTIONS);
        expect(codes(all, 'error')).toEqual([]);
        expect(codes(all, 'warning')).toContain('PROVISION_LARGE_OBJECTS 1 large objects');
      }
      expect(codes(await verifyCommand.run(left, ['data'], NO_OPTIONS), 'error')).toEqual([]);
      expect(codes(await splitCommand.run(one, [], NO_OPTIONS), 'error')).toEqual([
        'PROVISION_LARGE_OBJECTS 1 large objects',
      ]);
    });
  });

  it.each([
    [
      'is not there',
      'INSERT INTO scans VALUES (1, 1, 101), (2, 2, 102), (3, 1, 103), (7, 2, 999), (8, 1, NULL), (9, 1, 0);',
      'SPLIT_LARGE_OBJECT_MISSING public.scans.image',
      /^1 row of public\.scans names by image large objects that are not there: 7 names 999$/,
      'leave',
    ],
    [
      'another clinic’s row names, too',
      'INSERT INTO scans VALUES (1, 1, 101), (2, 2, 102), (3, 1, 103), (4, 2, 103), (5, 1, 101);',
      'SPLIT_LARGE_OBJECT_OF_TWO 1 large objects',
      /103 by row 3 of public\.scans \(image\) of clinic 1 and row 4 of public\.scans \(image\) of clinic 2/,
      undefined,
    ],
  ])('is found before anything is copied: one that %s', async (_, rows, finding, message, settled) => {
    await run(rows, { tables: named }, async (own) => {
      expect(codes(await provisionCommand.run(own.context, [], NO_OPTIONS), 'error')).toEqual([]);
      for (const options of [{ ...NO_OPTIONS, dryRun: true }, NO_OPTIONS]) {
        const report = await splitCommand.run(own.context, [], options);
        expect(codes(report, 'error')).toEqual([finding]);
        expect(report.findings[0]?.message).toMatch(message);
      }
      expect(codes(await inspectCommand.run(own.context, [], NO_OPTIONS), 'error')).toEqual([finding]);
      const clinic = withDatabase(adminUrl(), `${own.prefix}_1`);
      expect(await objectsOf(clinic)).toEqual({});
      if (settled === undefined) return;
      const left = await own.configured({ tables: named, largeObjects: settled });
      const report = await splitCommand.run(left, [], NO_OPTIONS);
      expect(codes(report, 'error')).toEqual([]);
      expect(codes(report, 'warning')).toContain(finding);
      expect(Object.keys((await objectsOf(clinic)) as object)).toEqual(['101', '103']);
      expect(codes(await verifyCommand.run(left, ['data'], NO_OPTIONS), 'error')).toEqual([]);
    });
  });

  it('is an oid that the target has given to another', async () => {
    const rows = 'INSERT INTO scans VALUES (1, 1, 101), (2, 2, 102), (3, 1, 103);';
    await run(rows, { tables: named }, async (own) => {
      expect(codes(await provisionCommand.run(own.context, [], NO_OPTIONS), 'error')).toEqual([]);
      const clinic = withDatabase(adminUrl(), `${own.prefix}_2`);
      await withSession(clinic, (session) => session.execute("SELECT lo_from_bytea(102, 'mine')"));
      await expect(splitCommand.run(own.context, [], NO_OPTIONS)).rejects.toThrow(
        /has large objects of its own under oids that rows of the legacy database name: 102/,
      );
      await withSession(clinic, (session) => session.execute('SELECT lo_unlink(102)'));
      expect(codes(await splitCommand.run(own.context, [], NO_OPTIONS), 'error')).toEqual([]);
      expect(codes(await verifyCommand.run(own.context, ['data'], NO_OPTIONS), 'error')).toEqual([]);
    });
  });

  it('is what the application’s login may not do: its rights become the clinic’s login’s, and PUBLIC’s PUBLIC’s', async () => {
    const app = uniqueName('app');
    await withSession(adminUrl(), (session) => session.execute(`CREATE ROLE ${app} LOGIN`));
    try {
      const rows = `INSERT INTO scans VALUES (1, 1, 101), (2, 1, 102), (3, 1, 103);
        GRANT SELECT ON LARGE OBJECT 101 TO ${app}; GRANT SELECT ON LARGE OBJECT 102 TO PUBLIC; GRANT UPDATE ON LARGE OBJECT 102 TO ${app};`;
      const config = { legacy: { url: '${LEGACY}', login: app }, tables: named };
      await run(rows, config, async (own) => {
        for (const command of [provisionCommand, splitCommand])
          expect(codes(await command.run(own.context, [], NO_OPTIONS), 'error')).toEqual([]);
        const rights = await withSession(withDatabase(adminUrl(), `${own.prefix}_1`), (session) =>
          session.query(`SELECT m.oid::int, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE 'login' END AS who, a.privilege_type AS may
            FROM pg_largeobject_metadata m CROSS JOIN aclexplode(m.lomacl) a WHERE a.grantee <> m.lomowner ORDER BY 1, 2, 3`),
        );
        expect(rights).toEqual([
          { oid: 101, who: 'login', may: 'SELECT' },
          { oid: 102, who: 'PUBLIC', may: 'SELECT' },
          { oid: 102, who: 'login', may: 'UPDATE' },
        ]);
      });
    } finally {
      await withSession(adminUrl(), (session) => session.execute(`DROP ROLE ${app}`));
    }
  });
});

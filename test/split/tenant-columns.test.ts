import { afterEach, describe, expect, it } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { splitCommand } from '../../src/commands/split.js';
import { verifyCommand } from '../../src/commands/verify.js';
import { withDatabase } from '../../src/core/urls.js';
import type { Report } from '../../src/report/report.js';
import { NO_OPTIONS } from '../support/context.js';
import { type Legacy, legacyDatabase } from '../support/legacy.js';
import { adminUrl, withSession } from '../support/postgres.js';

const made: Legacy[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

async function start(script: string): Promise<Legacy> {
  const legacy = await legacyDatabase(script);
  made.push(legacy);
  return legacy;
}

const saidOf = ({ findings }: Report, severity = 'error'): string[] =>
  findings.filter((one) => one.severity === severity).map(({ code, message }) => `${code} ${message}`);

const inspect = (context: Context): Promise<Report> => inspectCommand.run(context, [], NO_OPTIONS);
const verify = (context: Context): Promise<Report> => verifyCommand.run(context, ['data'], NO_OPTIONS);

async function split(context: Context): Promise<Report> {
  expect(saidOf(await provisionCommand.run(context, [], NO_OPTIONS))).toEqual([]);
  return splitCommand.run(context, [], NO_OPTIONS);
}

async function clinicUrl({ centralUrl }: Legacy, key: string): Promise<string> {
  const [row] = await withSession(centralUrl, (session) =>
    session.query<{ database: string }>('SELECT database FROM clinic_migrate.clinics WHERE key = $1', [key]),
  );
  return withDatabase(adminUrl(), row?.database ?? '');
}

/** Reason and id of what is in quarantine. */
const aside = ({ centralUrl }: Legacy, table: string): Promise<string[]> =>
  withSession(centralUrl, async (session) => {
    const rows = await session.query<{ line: string }>(
      `SELECT clinic_migrate_reason || ' ' || id AS line FROM clinic_migrate_quarantine.${table} ORDER BY id`,
    );
    return rows.map(({ line }) => line);
  });

interface Kind {
  readonly type: string;
  readonly one: string;
  readonly two: string;
  readonly stranger: string;
  readonly column: string;
}

const INT: Kind = { type: 'int', one: '1', two: '2', stranger: '7', column: 'clinic_id' };
const UUID: Kind = {
  type: 'uuid',
  one: "'018f4c1e-7a2b-7c3d-8e4f-000000000001'",
  two: "'018f4c1e-7a2b-7c3d-8e4f-000000000002'",
  stranger: "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
  column: 'clinic_id',
};
const TEXT: Kind = {
  type: 'text',
  one: "'o''neil'",
  two: '\'Ü "b"\'',
  stranger: "'nobody'",
  column: 'clinic_id',
};

/** Visits 1 to 20 agree with their patients; 21 and 22 do not, 23 names no clinic, 24 names nothing. */
const visits = (
  { type, one, two, stranger, column }: Kind,
  reference = 'patients',
  patients = 'patients',
): string => `
  CREATE TABLE clinics (id ${type} PRIMARY KEY, name text); INSERT INTO clinics VALUES (${one}, 'A'), (${two}, 'B');
  CREATE TABLE ${patients} (id int PRIMARY KEY, "${column}" ${type} NOT NULL REFERENCES clinics);
  CREATE TABLE visits (id int PRIMARY KEY, "${column}" ${type}, patient_id int REFERENCES ${reference});
  INSERT INTO ${patients} SELECT g, CASE g % 2 WHEN 1 THEN ${two}::${type} ELSE ${one}::${type} END FROM generate_series(1, 20) g;
  INSERT INTO visits SELECT id, "${column}", id FROM ${patients};
  INSERT INTO visits VALUES (21, ${one}, 1), (22, ${two}, 2), (23, ${stranger}, 3), (24, NULL, 4);`;

const KINDS: readonly (readonly [string, string])[] = [
  ['of whole numbers', visits(INT)],
  ['of uuids', visits(UUID)],
  ['of texts', visits(TEXT)],
  ['in camelCase', visits({ ...INT, column: 'clinicId' })],
  ['of a name that only a foreign key elsewhere explains', visits({ ...INT, column: 'belongs to' })],
  [
    'whose foreign key to the clinic table is to another unique column',
    visits({ ...TEXT, column: 'clinic_code' })
      .replace('id text PRIMARY KEY, name text', 'id int PRIMARY KEY, name text, code text UNIQUE NOT NULL')
      .replace(`("o''neil", 'A')`, '')
      .replace(/VALUES \('o''neil', 'A'\), \((.*?), 'B'\)/, "VALUES (1, 'A', 'o''neil'), (2, 'B', $1)")
      .replace('REFERENCES clinics)', 'REFERENCES clinics (code))'),
  ],
  [
    'in a partitioned table',
    visits(INT).replace(
      'patient_id int REFERENCES patients);',
      `patient_id int REFERENCES patients) PARTITION BY RANGE (id);
       CREATE TABLE visits_a PARTITION OF visits FOR VALUES FROM (0) TO (22);
       CREATE TABLE visits_b PARTITION OF visits FOR VALUES FROM (22) TO (100);`,
    ),
  ],
  [
    'beside a composite key',
    visits(INT)
      .replace(
        'PRIMARY KEY, "clinic_id" int NOT NULL REFERENCES clinics);',
        'PRIMARY KEY, "clinic_id" int NOT NULL REFERENCES clinics, no int DEFAULT 5, UNIQUE (id, no));',
      )
      .replace(
        'patient_id int REFERENCES patients)',
        'patient_id int, no int DEFAULT 5, FOREIGN KEY (patient_id, no) REFERENCES patients (id, no))',
      ),
  ],
];

describe('a column that names a clinic without a foreign key', () => {
  it.each(KINDS)('%s: is held against the path, before the copy and after it', async (_, script) => {
    const source = await start(script);
    const found = saidOf(await inspect(source.context)).join('\n');
    expect(found).toMatch(/SPLIT_PATHS_DISAGREE 2 of 24 rows of public\.visits .*: 21 \| 22$/m);
    expect(found).toMatch(/SPLIT_UNKNOWN_CLINIC 1 of 24 rows of public\.visits .*: 23$/m);
    const stopped = await split(source.context);
    expect(saidOf(stopped).sort()).toEqual(found.split('\n').sort());

    const context = await source.configured({ unassignable: 'quarantine' });
    expect(saidOf(await split(context))).toEqual([]);
    expect(await aside(source, 'visits')).toEqual([
      'paths disagree 21',
      'paths disagree 22',
      'unknown clinic 23',
    ]);
    expect(saidOf(await verify(context))).toEqual([]);
  });

  it('tells the clinic where the path says nothing, and the path where the column is NULL', async () => {
    const script = visits(INT).replace(/\(21, .*\(23, .*?\),/, '(21, 1, NULL),');
    const source = await start(script);
    expect(await split(source.context)).toMatchObject({ ok: true });
    const one = await withSession(await clinicUrl(source, '1'), (session) =>
      session.query('SELECT id FROM public.visits WHERE id > 20 ORDER BY id'),
    );
    expect(one).toEqual([{ id: 21 }, { id: 24 }]);
    expect(saidOf(await verify(source.context))).toEqual([]);
  });

  it('is held against a declared key, and another of its kind', async () => {
    const source = await start(`
      CREATE TABLE clinics (id int PRIMARY KEY, name text); INSERT INTO clinics VALUES (1, 'A'), (2, 'B');
      CREATE TABLE rooms (id int PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics, tenant_id int, company_id int);
      INSERT INTO rooms VALUES (1, 1, 1, 1), (2, 2, 2, NULL), (3, 1, 2, 1), (4, 1, 1, 2), (5, 2, NULL, NULL);`);
    expect(saidOf(await inspect(source.context))).toEqual([
      expect.stringMatching(/^SPLIT_PATHS_DISAGREE 2 of 5 rows of public\.rooms .*: 3 \| 4$/),
    ]);
  });

  it('is found in another schema, and in a table whose name both schemas have', async () => {
    const source = await start(`${visits(INT)} CREATE SCHEMA other;
      CREATE TABLE other.visits (id int PRIMARY KEY, clinic_id int, patient_id int REFERENCES patients);
      INSERT INTO other.visits VALUES (1, 2, 1), (2, 2, 2);`);
    const context = await source.configured({ legacy: { url: '${LEGACY}', schemas: ['public', 'other'] } });
    expect(saidOf(await inspect(context))).toContainEqual(
      expect.stringMatching(/^SPLIT_PATHS_DISAGREE 1 of 2 rows of other\.visits .*: 2$/),
    );
  });

  it('is an error where it holds nothing of the kind, though such columns do elsewhere; else it is only said', async () => {
    const source = await start(`
      CREATE TABLE clinics (id int PRIMARY KEY, name text); INSERT INTO clinics VALUES (1, 'A'), (2, 'B');
      CREATE TABLE patients (id int PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics);
      CREATE TABLE visits (id int PRIMARY KEY, clinic_id int, hospital_id text, patient_id int NOT NULL REFERENCES patients);
      INSERT INTO patients VALUES (1, 1), (2, 2); INSERT INTO visits VALUES (1, 77, 'H1', 1), (2, 78, NULL, 2);`);
    const report = await inspect(source.context);
    expect(saidOf(report)).toEqual([
      `TENANCY_NOT_A_KEY public.visits.clinic_id is named like a clinic's key, but its values are none: "77", "78"`,
    ]);
    expect(saidOf(report, 'info')).toEqual([
      `TENANCY_NOT_A_KEY public.visits.hospital_id is named like a clinic's key, but its values are none: "H1"`,
    ]);
    expect(report.findings.find(({ severity }) => severity === 'error')?.hint).toContain(
      'tables: { "visits": { otherClinics: ["clinic_id"] } }',
    );
    const context = await source.configured({ tables: { visits: { otherClinics: ['clinic_id'] } } });
    expect(saidOf(await split(context))).toEqual([]);
    expect(saidOf(await inspect(context), 'warning')).toEqual([
      expect.stringContaining('TENANCY_OTHER_CLINICS public.visits.clinic_id is said to name other clinics'),
    ]);
    expect(saidOf(await verify(context))).toEqual([]);
  });

  it('keeps a table from being shared, unless that is said', async () => {
    const script = `
      CREATE TABLE clinics (id int PRIMARY KEY, name text); INSERT INTO clinics VALUES (1, 'A'), (2, 'B');
      CREATE TABLE rooms (id int PRIMARY KEY, clinic_id int REFERENCES clinics);
      CREATE TABLE labs (id int PRIMARY KEY, clinic_id int); INSERT INTO labs VALUES (1, 1), (2, 2);`;
    const source = await start(script);
    const shared = await source.configured({ tables: { labs: { scope: 'shared' } } });
    expect(saidOf(await inspect(shared))).toEqual([
      'TENANCY_SHARED_POINTS_AT_CLINIC public.labs is shared by all clinics, yet clinic_id names a clinic',
    ]);
    const said = await source.configured({
      tables: { labs: { scope: 'shared', otherClinics: ['clinic_id'] } },
    });
    expect(saidOf(await split(said))).toEqual([]);
    expect(saidOf(await verify(said))).toEqual([]);
  });

  it.each(['ids', 'parent_id'])(
    'is not looked for by a name that means something else, such as %s',
    async (name) => {
      const source = await start(`
      CREATE TABLE clinics (id int PRIMARY KEY, parent_id int REFERENCES clinics);
      INSERT INTO clinics VALUES (1, NULL), (2, 1);
      CREATE TABLE settings (ids int PRIMARY KEY REFERENCES clinics, parent_id int);
      CREATE TABLE things (ids int PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics, parent_id int);
      INSERT INTO settings VALUES (1, 9); INSERT INTO things VALUES (1, 2, 1), (2, 1, 55);`);
      const report = await inspect(source.context);
      expect(saidOf(report), name).toEqual([]);
    },
  );
});

const REFERRALS = `
  CREATE TABLE clinics (id int PRIMARY KEY, name text, parent_id int REFERENCES clinics);
  INSERT INTO clinics SELECT g, 'c' || g, nullif(g - 1, 0) FROM generate_series(1, 3) g;
  CREATE TABLE patients (id serial PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics);
  INSERT INTO patients (clinic_id) SELECT 1 + g % 3 FROM generate_series(1, 9) g;
  CREATE TABLE referrals (id serial PRIMARY KEY, clinic_id int NOT NULL REFERENCES clinics, to_clinic_id int REFERENCES clinics,
    patient_id int REFERENCES patients);
  INSERT INTO referrals (clinic_id, to_clinic_id, patient_id) SELECT clinic_id, 1 + clinic_id % 3, id FROM patients;`;

describe('a column that rightly names another clinic', () => {
  it('is a fault until the configuration says so, and then a value without its foreign key', async () => {
    const source = await start(REFERRALS);
    const before = await inspect(source.context);
    expect(saidOf(before)).toEqual([
      expect.stringMatching(/^SPLIT_PATHS_DISAGREE 9 of 9 rows of public\.referrals/),
    ]);
    expect(before.findings.find(({ severity }) => severity === 'error')?.hint).toContain(
      'tables: { "public.referrals": { otherClinics: ["to_clinic_id"] } }',
    );
    const context = await source.configured({ tables: { referrals: { otherClinics: ['to_clinic_id'] } } });
    const after = await inspect(context);
    expect(saidOf(after)).toEqual([]);
    expect(saidOf(after, 'info')).toContain(
      'TENANCY_CROSSING_KEY public.referrals keeps its values but loses the foreign key referrals_to_clinic_id_fkey to other clinics, which are in other databases',
    );
    expect(after.graph?.nodes.find(({ shortName }) => shortName === 'referrals')?.notes).toEqual([
      'other clinics: to_clinic_id',
    ]);
    expect(saidOf(await split(context))).toEqual([]);
    expect(saidOf(await verify(context))).toEqual([]);
    const rows = await withSession(await clinicUrl(source, '1'), (session) =>
      session.query('SELECT DISTINCT clinic_id, to_clinic_id FROM public.referrals'),
    );
    expect(rows).toEqual([{ clinic_id: 1, to_clinic_id: 2 }]);
  });

  const UUID = (n: string): string => `lpad((${n})::text, 32, '0')::uuid`;
  it.each([
    [
      'a uuid, in camelCase',
      `CREATE TABLE clinics (id uuid PRIMARY KEY, name text);
       INSERT INTO clinics SELECT ${UUID('g')}, 'c' || g FROM generate_series(1, 3) g;
       CREATE TABLE "medPatients" (id int PRIMARY KEY, "clinicId" uuid NOT NULL REFERENCES clinics);
       INSERT INTO "medPatients" SELECT g, ${UUID('1 + g % 3')} FROM generate_series(1, 9) g;
       CREATE TABLE "medReferrals" (id serial PRIMARY KEY, "clinicId" uuid NOT NULL REFERENCES clinics,
         "toClinicId" uuid REFERENCES clinics, "patientId" int REFERENCES "medPatients");
       INSERT INTO "medReferrals" ("clinicId", "toClinicId", "patientId")
         SELECT "clinicId", ${UUID('1 + (id + 1) % 3')}, id FROM "medPatients"`,
      'public',
      'medReferrals',
      'toClinicId',
    ],
    [
      'a text, in another schema, beside a composite key',
      `CREATE TABLE clinics (id text PRIMARY KEY, name text);
       INSERT INTO clinics SELECT 'k' || g, 'c' || g FROM generate_series(1, 3) g;
       CREATE TABLE patients (id int, clinic_id text NOT NULL REFERENCES clinics, PRIMARY KEY (clinic_id, id));
       INSERT INTO patients SELECT g, 'k' || 1 + g % 3 FROM generate_series(1, 9) g;
       CREATE SCHEMA sent; CREATE TABLE sent.referrals (id serial PRIMARY KEY, clinic_id text NOT NULL, to_clinic_id text REFERENCES clinics,
         patient_id int, FOREIGN KEY (clinic_id, patient_id) REFERENCES patients);
       INSERT INTO sent.referrals (clinic_id, to_clinic_id, patient_id) SELECT clinic_id, 'k' || 1 + (id + 1) % 3, id FROM patients`,
      'sent',
      'referrals',
      'to_clinic_id',
    ],
  ])('is one whatever it is: %s', async (_, script, schema, name, column) => {
    const source = await start(script);
    const legacy = { url: '${LEGACY}', schemas: [...new Set(['public', schema])] };
    expect(saidOf(await inspect(await source.configured({ legacy })))).toEqual([
      expect.stringMatching(`^SPLIT_PATHS_DISAGREE 9 of 9 rows of ${schema}."?${name}`),
    ]);
    const tables = { [`${schema}.${name}`]: { otherClinics: [column] } };
    const context = await source.configured({ legacy, tables });
    expect(saidOf(await split(context))).toEqual([]);
    expect(saidOf(await verify(context))).toEqual([]);
    const [first] = await withSession(source.centralUrl, (session) =>
      session.query<{ key: string }>('SELECT min(key) AS key FROM clinic_migrate.clinics'),
    );
    const rows = await withSession(await clinicUrl(source, first?.key ?? ''), (session) =>
      session.query(
        `SELECT count(*)::int AS rows, count(DISTINCT "${column}")::int AS others FROM ${schema}."${name}"`,
      ),
    );
    expect(rows).toEqual([{ rows: 3, others: 1 }]);
  });

  it('is a fault of the clinic’s own row too, where no foreign key says that it is another', async () => {
    const source =
      await start(`CREATE TABLE clinics (id int PRIMARY KEY, company_id int); INSERT INTO clinics VALUES (1, 1), (2, 1);
      CREATE TABLE rooms (id int, clinic_id int REFERENCES clinics);`);
    const report = await inspect(source.context);
    expect(saidOf(report)).toEqual([
      expect.stringMatching(/^SPLIT_PATHS_DISAGREE 1 of 2 rows of public\.clinics .*: 2$/),
    ]);
    expect(report.findings[0]?.hint).toContain(
      'tables: { "public.clinics": { otherClinics: ["company_id"] } }',
    );
    const context = await source.configured({ tables: { clinics: { otherClinics: ['company_id'] } } });
    expect(saidOf(await split(context))).toEqual([]);
    expect(saidOf(await verify(context))).toEqual([]);
  });

  it.each([
    [{ referrals: { otherClinics: ['to_clinc_id'] } }, /to_clinc_id/],
    [{ referrals: { key: 'to_clinic_id', otherClinics: ['to_clinic_id'] } }, /otherClinics/],
    [{ referrals: { via: 'patient_id', otherClinics: ['patient_id'] } }, /otherClinics/],
  ])('has to be there, and nothing else: %o', async (tables, message) => {
    const source = await start(REFERRALS);
    await expect(inspect(await source.configured({ tables }))).rejects.toThrow(message);
  });
});

describe('rows that a valid foreign key forbids', () => {
  const CLINICS = `CREATE TABLE clinics (id int PRIMARY KEY, name text); INSERT INTO clinics VALUES (1, 'A'), (2, 'B');
    CREATE TABLE p (id serial PRIMARY KEY, clinic_id int REFERENCES clinics, no int DEFAULT 1, UNIQUE (id, no));
    INSERT INTO p (clinic_id) SELECT 1 + g % 2 FROM generate_series(1, 10) g;`;
  const OFF = 'SET session_replication_role = replica;';

  it.each([
    [
      'by a witness',
      `CREATE TABLE lab (id int PRIMARY KEY, clinic_id int REFERENCES clinics, p_id int REFERENCES p); ${OFF}
       INSERT INTO lab VALUES (1, 1, 2), (2, 2, 999), (3, 1, 1000), (4, 2, NULL)`,
      ['dangling 2', 'dangling 3'],
    ],
    [
      'by the rule',
      `CREATE TABLE lab (id int PRIMARY KEY, p_id int NOT NULL REFERENCES p); ${OFF}
       INSERT INTO lab VALUES (1, 2), (2, 999)`,
      ['dangling 2'],
    ],
    [
      'by a key to the clinic table',
      `CREATE TABLE lab (id int PRIMARY KEY, clinic_id int REFERENCES clinics, p_id int REFERENCES p); ${OFF}
       INSERT INTO lab VALUES (1, 1, 2), (2, 99, NULL)`,
      ['unknown clinic 2'],
    ],
    [
      'by half a name under MATCH FULL, and by a composite key',
      `CREATE TABLE lab (id int PRIMARY KEY, clinic_id int REFERENCES clinics, p_id int, no int,
         FOREIGN KEY (p_id, no) REFERENCES p (id, no) MATCH FULL); ${OFF}
       INSERT INTO lab VALUES (1, 1, 2, 1), (2, 2, NULL, 1), (3, 2, 3, 7), (4, 1, NULL, NULL)`,
      ['dangling 2', 'dangling 3'],
    ],
    [
      'in a partition, by a key of its own, and in what refers to such a row',
      `CREATE TABLE drugs (id int PRIMARY KEY); INSERT INTO drugs VALUES (1);
       CREATE TABLE lab (id int PRIMARY KEY, clinic_id int REFERENCES clinics, drug_id int) PARTITION BY RANGE (id);
       CREATE TABLE lab_a PARTITION OF lab FOR VALUES FROM (0) TO (3);
       CREATE TABLE lab_b PARTITION OF lab FOR VALUES FROM (3) TO (9);
       ALTER TABLE lab_b ADD FOREIGN KEY (drug_id) REFERENCES drugs;
       CREATE TABLE tubes (id int PRIMARY KEY, lab_id int NOT NULL REFERENCES lab); ${OFF}
       INSERT INTO lab VALUES (1, 1, 1), (2, 1, 55), (3, 1, 1), (4, 2, 66), (5, 2, NULL);
       INSERT INTO tubes VALUES (1, 1), (2, 4)`,
      ['dangling 4'],
    ],
    [
      'to its own table',
      `CREATE TABLE lab (id int PRIMARY KEY, clinic_id int REFERENCES clinics, lab_id int REFERENCES lab); ${OFF}
       INSERT INTO lab VALUES (1, 1, 3), (2, 1, 77), (3, 1, 2), (4, 1, NULL)`,
      ['dangling 1', 'dangling 2', 'dangling 3'],
    ],
    [
      'to lent rows',
      `CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1);
       CREATE TABLE lab (id int PRIMARY KEY, clinic_id int REFERENCES clinics, user_id int REFERENCES users); ${OFF}
       INSERT INTO lab VALUES (1, 1, 1), (2, 1, 77)`,
      ['dangling 2'],
    ],
  ])('%s: are found before the copy, with keys, and kept aside', async (_, script, expected) => {
    const tables = {
      ...(script.includes('drugs (id') ? { drugs: { scope: 'shared' } } : {}),
      ...(script.includes('users (id') ? { users: { scope: 'central', copyReferenced: true } } : {}),
    };
    const source = await start(`${CLINICS} ${script}`);
    const stopped = await split(await source.configured({ tables }));
    const ids = expected.map((line) => line.split(' ').at(-1)).join(' | ');
    const code = expected[0]?.startsWith('dangling') ? 'SPLIT_DANGLING' : 'SPLIT_UNKNOWN_CLINIC';
    expect(saidOf(stopped)[0]).toMatch(
      new RegExp(`^${code} ${expected.length} of .*: ${ids.replaceAll('|', '\\|')}$`),
    );
    const context = await source.configured({ tables, unassignable: 'quarantine' });
    expect(saidOf(await split(context))).toEqual([]);
    expect(await aside(source, 'lab')).toEqual(expected);
    if (script.includes('tubes')) expect(await aside(source, 'tubes')).toEqual(['dangling 2']);
    expect(saidOf(await verify(context))).toEqual([]);
  });

  it('stop the run where they are in shared or central tables, which no quarantine helps', async () => {
    const source = await start(`${CLINICS} CREATE TABLE classes (id int PRIMARY KEY);
      CREATE TABLE drugs (id int PRIMARY KEY, class_id int REFERENCES classes);
      CREATE TABLE users (id int PRIMARY KEY, boss int REFERENCES users); ${OFF}
      INSERT INTO drugs VALUES (1, 5), (2, NULL); INSERT INTO users VALUES (1, 1), (2, 9);`);
    const context = await source.configured({
      unassignable: 'quarantine',
      tables: { classes: { scope: 'shared' }, drugs: { scope: 'shared' }, users: { scope: 'central' } },
    });
    expect(saidOf(await split(context))).toEqual([
      expect.stringMatching(/^SPLIT_DANGLING 1 of 2 rows of public\.drugs .*: 1$/),
      expect.stringMatching(/^SPLIT_DANGLING 1 of 2 rows of public\.users .*: 2$/),
    ]);
  });

  it('are no fault of a key that is not valid, or that is dropped', async () => {
    const source = await start(`${CLINICS} CREATE TABLE users (id int PRIMARY KEY);
      CREATE TABLE lab (id int PRIMARY KEY, clinic_id int REFERENCES clinics, p_id int, made_by int REFERENCES users); ${OFF}
      INSERT INTO lab VALUES (1, 1, 99, 1), (2, 2, NULL, 44);
      ALTER TABLE lab ADD FOREIGN KEY (p_id) REFERENCES p NOT VALID;`);
    const context = await source.configured({ tables: { users: { scope: 'central' } } });
    expect(saidOf(await split(context))).toEqual([]);
    expect(saidOf(await verify(context))).toEqual([]);
  });
});

describe('verify data', () => {
  it('finds a row that names another clinic once, by its values and by its column', async () => {
    const source = await start(visits(INT).replace(/INSERT INTO visits VALUES.*/, ''));
    expect(saidOf(await split(source.context))).toEqual([]);
    await withSession(await clinicUrl(source, '1'), (session) =>
      session.execute('UPDATE public.visits SET clinic_id = 2 WHERE id IN (4, 6)'),
    );
    expect(saidOf(await verify(source.context))).toEqual([
      expect.stringMatching(/^DATA_ROWS_CHANGED .* 2 rows of public\.visits .*: 4, 6$/),
      expect.stringMatching(/^DATA_FOREIGN_ROWS .* holds 2 rows of public\.visits .*: 4, 6$/),
      expect.stringMatching(/^DATA_NOT_CONSERVED public\.visits/),
    ]);
  });
});

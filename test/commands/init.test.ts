import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { initCommand } from '../../src/commands/init.js';
import { inspectCommand } from '../../src/commands/inspect.js';
import { provisionCommand } from '../../src/commands/provision.js';
import { contextIn, NO_OPTIONS } from '../support/context.js';
import { type Newcomer, newcomer } from '../support/init.js';
import { sampleMigration } from '../support/sample-migration.js';

const made: { drop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each.drop();
});

async function start(script: string): Promise<Newcomer> {
  const user = await newcomer(script);
  made.push(user);
  return user;
}

const CLINICS =
  "CREATE TABLE companies (id int PRIMARY KEY, name text); INSERT INTO companies VALUES (1, 'A'), (2, 'B');";
const PATIENTS = `CREATE TABLE patients (id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies);
  INSERT INTO patients SELECT i, 1 + i % 2 FROM generate_series(1, 20) AS i;`;

describe('init --yes', () => {
  it('writes for the sample application a configuration that inspect and provision accept', async () => {
    const sample = await sampleMigration(5, 5000);
    made.push(sample);
    const folder = join(sample.folder, 'fresh');
    for (const part of ['src', 'server.js', 'package.json'])
      cpSync(join(sample.folder, part), join(folder, part), { recursive: true });
    const env = { ...sample.env, CLINIC_SERVER_URL: sample.env.SERVER_URL ?? '' };
    rmSync(join(sample.folder, 'clinic-migrate.config.mjs'));
    const report = await initCommand.run(await contextIn(folder, env), [], { ...NO_OPTIONS, yes: true });
    expect(report).toMatchObject({ ok: true, summary: { tables: 16, decisions: 2, 'left open': 0 } });
    expect(report.findings.map(({ code, subject }) => `${code} ${subject}`)).toEqual([
      'INIT_LOGINS public.users',
      'INIT_DECIDED public.drugs',
      'INIT_DECIDED public.categories',
    ]);
    const context = await contextIn(folder, env);
    expect(context.config.tables).toEqual({
      categories: { scope: 'clinic', key: 'company_id', nullKey: 'shared' },
      drugs: { scope: 'shared' },
    });
    expect(context.config.clinics).toMatchObject({ table: 'companies', key: 'id', label: 'name' });
    expect(context.config.app).toMatchObject({
      models: 'src/models',
      server: 'server.js',
      clinicId: 'req.user.companyId',
      authMiddleware: 'authMiddleware',
    });
    const inspected = await inspectCommand.run(context, [], NO_OPTIONS);
    expect(inspected).toMatchObject({ ok: true, summary: { unresolved: 0, clinics: 5 } });
    const dry = await provisionCommand.run(context, [], { ...NO_OPTIONS, dryRun: true });
    expect(dry).toMatchObject({ ok: true, summary: { 'to make': 5 } });
  });

  it('says at each decision what was decided, why, and what else it could be', async () => {
    const user = await start(`${CLINICS} CREATE TABLE settings (name text PRIMARY KEY, value text);
      INSERT INTO settings VALUES ('a', 'b');`);
    await user.init();
    expect(plain(user.text())).toContain(
      'settings: 1 row; columns name, value; no table refers to it. Decided: central, because no table refers to it, ' +
        "and no clinic gets another's rows this way. It could also be: shared; ignored; leave it open.",
    );
  });

  it('writes no address of a database, and lists the variables that are not set', async () => {
    const user = await start(CLINICS);
    const report = await user.init({ url: user.url });
    expect(user.text()).not.toContain(new URL(user.url).port);
    expect(user.text()).toContain("legacy: { url: '${LEGACY_DATABASE_URL}' }");
    expect(report.data?.variables).toContainEqual({ name: 'CLINIC_MIGRATE_KEY', isSet: false });
    expect(report.data?.variables).toContainEqual({ name: 'CENTRAL_DATABASE_URL', isSet: true });
  });

  it('writes no app section where there is no application', async () => {
    const user = await start(CLINICS);
    await user.init();
    expect(user.text()).not.toContain('app:');
  });
});

describe('init --yes shares a table only where clinics have its rows in common', () => {
  const referring = (columns: string, rows: string, use: string): string => `${CLINICS}
    CREATE TABLE things (id int PRIMARY KEY, ${columns}); INSERT INTO things ${rows};
    CREATE TABLE patients (id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies,
      thing_id int NOT NULL REFERENCES things);
    INSERT INTO patients SELECT i, 1 + i % 2, ${use} FROM generate_series(1, 40) AS i;`;
  const ROWS = "SELECT i, 'x' FROM generate_series(0, 40) AS i";

  it.each([
    ['shares rows that several clinics refer to', 'label text', ROWS, 'i % 5', 'shared'],
    ['keeps rows central that each belong to one row', 'label text', ROWS, 'i', 'central'],
    [
      'keeps rows central that only rows of one clinic use, however often',
      'label text',
      ROWS,
      'i % 2',
      'central',
    ],
    [
      'keeps rows central of which clinics have only a few in common',
      'label text',
      ROWS,
      'CASE WHEN i <= 4 THEN 0 ELSE 1 + i % 8 END',
      'central',
    ],
    ['keeps what describes a person central', 'phone_number text', ROWS, 'i % 5', 'central'],
    ['keeps what somebody made central', 'created_by text', ROWS, 'i % 5', 'central'],
    ['keeps what may name a clinic central', 'owning_clinic text', ROWS, 'i % 5', 'central'],
  ])('%s', async (_, columns, rows, use, scope) => {
    const user = await start(referring(columns, rows, use));
    await user.init();
    expect((await user.config()).tables).toEqual({ things: { scope } });
    expect((await user.inspect()).ok).toBe(true);
  });

  it('keeps people central, whatever refers to them', async () => {
    const user = await start(referring('label text', ROWS, 'i % 5').replaceAll('things', 'staff_members'));
    await user.init();
    expect((await user.config()).tables).toEqual({ staff_members: { scope: 'central' } });
  });

  it('shares what shared rows refer to, and nothing that refers to what is not', async () => {
    const user = await start(`${CLINICS}
      CREATE TABLE forms (id int PRIMARY KEY, label text); INSERT INTO forms VALUES (1, 'x');
      CREATE TABLE logins (id int PRIMARY KEY, label text);
      CREATE TABLE drugs (id int PRIMARY KEY, form_id int REFERENCES forms); INSERT INTO drugs VALUES (1, 1);
      CREATE TABLE tests (id int PRIMARY KEY, login_id int REFERENCES logins); INSERT INTO tests VALUES (1);
      CREATE TABLE patients (id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies,
        drug_id int REFERENCES drugs, test_id int REFERENCES tests);
      INSERT INTO patients SELECT i, 1 + i % 2, 1, 1 FROM generate_series(1, 10) AS i;`);
    await user.init();
    expect((await user.config()).tables).toEqual({
      drugs: { scope: 'shared' },
      forms: { scope: 'shared' },
      logins: { scope: 'central' },
      tests: { scope: 'central' },
    });
    expect((await user.inspect()).ok).toBe(true);
  });
});

describe('init --yes gives a table to the clinics', () => {
  it('by a column that names clinics and others, and keeps the others aside with counts and keys', async () => {
    const user = await start(`${CLINICS} CREATE TABLE rooms (id int PRIMARY KEY, company_id int);
      INSERT INTO rooms VALUES (1, 1), (2, 2), (3, 99), (4, 98), (5, NULL);`);
    await user.init();
    const config = await user.config();
    expect(config.tables).toEqual({ rooms: { scope: 'clinic', key: 'company_id' } });
    expect(config.unassignable).toBe('quarantine');
    expect(plain(user.text())).toContain('public.rooms: 2 of 5 rows, a clinic that does not exist: 3, 4');
    expect(plain(user.text())).toContain('public.rooms: 1 of 5 rows, no clinic: 5');
    expect((await user.inspect()).ok).toBe(true);
  });

  it('not by a column whose numbers are clinics by chance', async () => {
    const user = await start(`${CLINICS} CREATE TABLE licences (id int PRIMARY KEY, organization_id int);
      INSERT INTO licences SELECT i, i FROM generate_series(1, 50) AS i;
      CREATE TABLE forms (id int PRIMARY KEY, company_size int); INSERT INTO forms VALUES (1, 1), (2, 2);`);
    await user.init();
    expect((await user.config()).tables).toEqual({
      forms: { scope: 'central' },
      licences: { scope: 'central' },
    });
  });

  it('through a reference that the schema does not declare, and what refers to it by its foreign key', async () => {
    const user = await start(`${CLINICS} ${PATIENTS}
      CREATE TABLE visits (id int PRIMARY KEY, patient_id bigint); INSERT INTO visits VALUES (1, 1), (2, 2), (3, 2);
      CREATE TABLE bills (id int PRIMARY KEY, visit_id int REFERENCES visits); INSERT INTO bills VALUES (1, 3);
      CREATE TABLE guesses (id int PRIMARY KEY, patient_id int); INSERT INTO guesses VALUES (1, 1), (2, 77), (3, 78);`);
    await user.init();
    expect((await user.config()).tables).toEqual({
      guesses: { scope: 'central' },
      visits: { scope: 'clinic', via: { column: 'patient_id', references: 'patients.id' } },
    });
    expect((await user.inspect()).data?.tables).toContainEqual(
      expect.objectContaining({ name: 'public.bills', scope: 'clinic' }),
    );
  });

  it('through another unique column of the table of clinics', async () => {
    const user = await start(`CREATE TABLE companies (id int PRIMARY KEY, code text UNIQUE NOT NULL);
      INSERT INTO companies VALUES (1, 'a'), (2, 'b');
      CREATE TABLE badges (id int PRIMARY KEY, company_code text); INSERT INTO badges VALUES (1, 'a'), (2, 'b');`);
    await user.init();
    expect((await user.config()).tables).toEqual({
      badges: { scope: 'clinic', via: { column: 'company_code', references: 'companies.code' } },
    });
    expect((await user.inspect()).ok).toBe(true);
  });

  it('and keeps rows without a clinic aside, unless several clinics use them', async () => {
    const user = await start(`${CLINICS}
      CREATE TABLE notes (id int PRIMARY KEY, company_id int REFERENCES companies);
      INSERT INTO notes VALUES (1, 1), (2, NULL);
      CREATE TABLE kinds (id int PRIMARY KEY, company_id int REFERENCES companies);
      INSERT INTO kinds VALUES (1, 1), (2, NULL);
      CREATE TABLE visits (id int PRIMARY KEY, company_id int NOT NULL REFERENCES companies, kind_id int REFERENCES kinds);
      INSERT INTO visits VALUES (1, 1, 2), (2, 2, 2), (3, 1, 1);`);
    const report = await user.init();
    const config = await user.config();
    expect(config.tables).toEqual({ kinds: { scope: 'clinic', key: 'company_id', nullKey: 'shared' } });
    expect(config.unassignable).toBe('quarantine');
    expect(plain(user.text())).toContain('public.notes: 1 of 2 rows, no clinic: 2');
    expect(report.findings.map(({ subject }) => subject)).toEqual([
      'public.kinds',
      'public.notes',
      'unassignable',
    ]);
    expect((await user.inspect()).ok).toBe(true);
  });
});

describe('the table of clinics', () => {
  const TWO = `CREATE TABLE clinics (id int PRIMARY KEY, name text); CREATE TABLE tenants (id int PRIMARY KEY);
    CREATE TABLE patients (id int PRIMARY KEY, note text)`;

  it('is a usage error where two look alike, and may be named', async () => {
    const user = await start(TWO);
    await expect(user.init()).rejects.toMatchObject({
      exitCode: 2,
      message: 'the table that holds the clinics may be public.clinics or public.tenants',
      hint: expect.stringContaining('--clinic-table'),
    });
    expect(readdirSync(user.folder)).toEqual([]);
    await user.init({ clinicTable: 'tenants' });
    expect((await user.config()).clinics).toMatchObject({ table: 'tenants', key: 'id', label: 'id' });
  });

  it('is decided by columns of its name where no foreign key tells, with a comment', async () => {
    const user = await start(
      `${TWO}; CREATE TABLE rooms (id int PRIMARY KEY, tenant_id int); INSERT INTO tenants (id) VALUES (1)`,
    );
    await user.init();
    expect((await user.config()).clinics.table).toBe('tenants');
    expect(plain(user.text())).toContain('It could also be: public.clinics.');
    expect((await user.inspect()).ok).toBe(true);
  });

  it('is a usage error where there is none, and may be named', async () => {
    const user = await start(
      "CREATE TABLE branches (code text PRIMARY KEY); CREATE TABLE patients (id int PRIMARY KEY, branch text REFERENCES branches); INSERT INTO branches VALUES ('a')",
    );
    await expect(user.init()).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('no table of the legacy database has a name like'),
      hint: expect.stringContaining('--clinic-table'),
    });
    await user.init({ clinicTable: 'branches' });
    expect((await user.inspect()).ok).toBe(true);
  });

  it('needs a column that tells its rows apart', async () => {
    const user = await start('CREATE TABLE clinics (id int, name text)');
    await expect(user.init()).rejects.toThrow('public.clinics has no column that tells clinics apart');
  });

  it('may have a unique column in place of a primary key', async () => {
    const user = await start(
      'CREATE TABLE clinics (a int, b int, code text NOT NULL UNIQUE, PRIMARY KEY (a, b))',
    );
    await user.init();
    expect((await user.config()).clinics.key).toBe('code');
  });
});

describe('names', () => {
  const HOSTILE = [
    "o'neil",
    'say "hi"',
    'a.b',
    'line\nbreak',
    'end\u2028*/ }',
    'ümläut 表',
    '__proto__',
    'back\\slash',
    '123',
    '${HOME}',
    'public.companies',
  ];

  it('are written so that they are read again, whatever they contain', async () => {
    const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
    const user = await start(
      `${CLINICS} CREATE SCHEMA "Other 's"; ${HOSTILE.map((name) => `CREATE TABLE ${quoted(name)} (id int PRIMARY KEY);`).join('\n')}
       CREATE TABLE "Other 's".twice (id int); CREATE TABLE twice (company_id int); INSERT INTO twice VALUES (1), (7);`,
    );
    await user.init();
    const { tables, legacy } = await user.config();
    expect(legacy?.schemas).toEqual(["Other 's", 'public']);
    expect(new Set(Object.keys(tables))).toEqual(
      new Set([
        ...HOSTILE.map((name) =>
          ['__proto__', 'public.companies'].includes(name) ? `public.${name}` : name,
        ),
        "Other 's.twice",
        'public.twice',
      ]),
    );
    expect(tables['public.twice']).toEqual({ scope: 'clinic', key: 'company_id' });
    expect((await user.inspect()).ok).toBe(true);
  });

  it('that would be read as a variable are refused', async () => {
    const user = await start('CREATE TABLE "${HOME}" (id int PRIMARY KEY)');
    await expect(user.init({ clinicTable: '${HOME}' })).rejects.toThrow(
      'would be read as an environment variable',
    );
  });
});

describe('init writes nothing', () => {
  it.each(['clinic-migrate.config.yaml', 'clinic-migrate.config.mjs'])(
    'where there is a %s',
    async (name) => {
      const user = await start(CLINICS);
      user.write(name, name.endsWith('yaml') ? 'tables: {}' : 'export default {}');
      await expect(user.init()).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringContaining(name),
      });
      expect(readdirSync(user.folder)).toEqual([name]);
      expect(readFileSync(join(user.folder, name), 'utf8')).toMatch(/^(tables: {}|export default {})$/);
    },
  );

  it('with --dry-run, and shows what it would', async () => {
    const user = await start(CLINICS);
    const dry = await user.init({ dryRun: true });
    expect(readdirSync(user.folder)).toEqual([]);
    await user.init();
    expect(`${dry.text}\n`).toBe(user.text());
  });

  it('where nothing says which database, unless .env does', async () => {
    const user = await start(CLINICS);
    delete user.env.LEGACY_DATABASE_URL;
    await expect(user.init()).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('--url') });
    user.write('.env', `LEGACY_DATABASE_URL=${user.url}`);
    expect((await user.init()).ok).toBe(true);
  });

  it('but the part of the application, which needs no database, with --yes', async () => {
    const user = await start(CLINICS);
    delete user.env.LEGACY_DATABASE_URL;
    user.write('package.json', '{ "dependencies": { "express": "4", "sequelize": "6", "pg": "8" } }');
    user.write(
      'app.js',
      `const { DataTypes, Sequelize } = require('sequelize');
      const sequelize = new Sequelize(process.env.DB);
      const Patient = sequelize.define('Patient', { name: DataTypes.TEXT });
      app.use(authenticate);
      const authenticate = (req, res, next) => { req.user = { id: 1, companyId: 2 }; next(); };
      app.get('/', (req, res) => res.json(Patient.findAll({ where: { companyId: req.user.companyId } })));
      app.listen(1);`,
    );
    await expect(user.init({ yes: false })).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringContaining("--yes writes the application's part"),
    });
    expect(await user.init()).toMatchObject({
      ok: true,
      findings: [{ code: 'INIT_NO_DATABASE', severity: 'warning' }],
    });
    expect(user.text()).toContain('// TO DO: no database was looked at');
    expect(user.text()).not.toMatch(/legacy:|DATABASE_URL/);
    const config = await user.config();
    expect(config.legacy).toBeUndefined();
    expect(config.app).toMatchObject({ clinicId: 'req.user.companyId', authMiddleware: 'authenticate' });
  });

  it('and leaves open a clinic that nothing sets, as exit code 1', async () => {
    const user = await start(CLINICS);
    delete user.env.LEGACY_DATABASE_URL;
    user.write('package.json', '{ "dependencies": { "express": "4", "sequelize": "6", "pg": "8" } }');
    user.write(
      'app.js',
      `const sequelize = new Sequelize(process.env.DB);
      const User = sequelize.define('User', { email: DataTypes.TEXT });
      app.use(async (req, res, next) => { req.user = await User.findByPk(1); next(); });
      app.get('/', (req, res) => res.json(req.user.clinic_id));`,
    );
    expect(await user.init()).toMatchObject({
      ok: false,
      findings: [
        { code: 'INIT_CLINIC_ID', severity: 'error', subject: 'app.clinicId' },
        { code: 'INIT_NO_DATABASE' },
      ],
    });
    expect(user.text()).toContain('// TO DO: clinicId: req.user.clinic_id is read');
    expect(user.text()).not.toMatch(/^ *clinicId:/m);
  });

  it('for an application that is not on PostgreSQL, before anything is asked', async () => {
    const user = await start(CLINICS);
    user.write('package.json', '{ "dependencies": { "express": "4", "sequelize": "6", "mysql2": "3" } }');
    await expect(user.init()).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('MySQL (package.json has mysql2, and no pg)'),
    });
    expect(readdirSync(user.folder)).toEqual(['package.json']);
  });

  it('without a terminal and --yes', async () => {
    const user = await start(CLINICS);
    await expect(user.init({ yes: false })).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringContaining('--yes'),
    });
    expect(readdirSync(user.folder)).toEqual([]);
  });

  it('where the database has no table', async () => {
    const user = await start('');
    await expect(user.init()).rejects.toThrow('has no table that could be split');
  });
});

describe('what cannot be settled', () => {
  it('is left alone where it is a foreign table, which inspect names', async () => {
    const user =
      await start(`${CLINICS} CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
      CREATE FOREIGN TABLE remote (id int) SERVER far;`);
    const report = await user.init();
    expect(report.ok).toBe(true);
    expect((await user.config()).tables).toEqual({});
  });

  it('goes to the file that --config names, which has to be a module', async () => {
    const user = await start(CLINICS);
    await expect(user.init({ config: 'x.json' })).rejects.toThrow('x.json does not end in .mjs');
    await user.init({ config: 'ops/x.mjs' });
    expect(existsSync(join(user.folder, 'ops/x.mjs'))).toBe(true);
  });
});

/** Comments as running text. */
function plain(text: string): string {
  return text.replaceAll(/\n\s*\/\/ /g, ' ');
}

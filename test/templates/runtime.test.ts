import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppConfig } from '../../src/config/types.js';
import { endpointOf } from '../../src/core/urls.js';
import type { Model } from '../../src/project/types.js';
import { encryptPassword } from '../../src/provision/password.js';
import { ensureRegistry, saveEntry, setState } from '../../src/provision/registry.js';
import type { ClinicState } from '../../src/provision/types.js';
import { runtimeFiles } from '../../src/templates/runtime-files.js';
import { createDatabase, type TestDatabase, withSession } from '../support/postgres.js';

const ROOT = join(import.meta.dirname, '../..');
const SECRET = randomBytes(32);
const model = (name: string, scope: Model['scope'], directory = false): Model => ({
  name,
  file: `src/models/${name}.js`,
  tableName: name.toLowerCase(),
  scope,
  directory,
  location: { file: '', line: 1, column: 1 },
});

/** A model that was migrated: `define` and, for one of them, an association. */
const source = (name: string, column: string, associate = ''): string => `
const { DataTypes } = require('sequelize');
module.exports = {
  define: (sequelize) => sequelize.define('${name}', { ${column}: DataTypes.TEXT }, { tableName: '${name.toLowerCase()}', timestamps: false }),
  ${associate}
};`;

interface Runtime {
  readonly manager: {
    initializeCentralConnection(): Promise<unknown>;
    getCentralConnection(): unknown;
    getClinicConnection(key: unknown): Promise<{ clinicDb: Connection; release(): void }>;
    closeConnections(): Promise<void>;
    ClinicUnavailableError: new () => Error;
  };
  readonly ModelFactory: {
    getModel(
      connection: unknown,
      name: string,
    ): Promise<{
      findAll(options?: object): Promise<{ name: string }[]>;
      create(values: object, options?: object): Promise<unknown>;
      associations: Record<string, unknown>;
    }>;
    ModelFactory: unknown;
  };
  readonly routing: (req: object, res: object, next: (error?: unknown) => void) => Promise<void>;
}

interface Connection {
  query(sql: string, options?: object): Promise<unknown>;
  transaction(): Promise<{ rollback(): Promise<void> }>;
}

let central: TestDatabase;
let clinics: TestDatabase[];
let folder: string;
let runtime: Runtime;

beforeAll(async () => {
  central = await createDatabase('CREATE TABLE account (id serial, name text)');
  clinics = [];
  for (const key of ['1', '2', '3', '4', '5'])
    clinics.push(
      await createDatabase(
        `CREATE TABLE patient (id serial, name text, room_id int); CREATE TABLE room (id serial, name text);
         INSERT INTO patient (name) SELECT 'patient of ${key}' FROM generate_series(1, 3)`,
      ),
    );
  await withSession(central.url, async (session) => {
    await ensureRegistry(session);
    for (const [at, database] of clinics.slice(0, 4).entries())
      await register(String(at + 1), database.url, database.name);
    await register('5', clinics[0]?.url ?? '', 'no_such_database');
  });
  folder = mkdtempSync(join(tmpdir(), 'runtime-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const app = {
    root: folder,
    modelFactory: 'src/base/ModelFactory',
    clinicId: 'req.user.companyId',
    clinicDb: 'req.clinicDb',
  } as AppConfig;
  const models = [
    model('Patient', 'clinic'),
    model('Room', 'shared'),
    model('Account', 'central'),
    model('Old', 'ignored'),
  ];
  const files = [
    ...runtimeFiles(app, models, '{ logging: false }'),
    {
      path: join(folder, 'src/models/Patient.js'),
      text: source(
        'Patient',
        'name',
        "associate: ({ models }) => { models.Patient.belongsTo(models.Room, { foreignKey: 'room_id' }); }",
      ),
    },
    { path: join(folder, 'src/models/Room.js'), text: source('Room', 'name') },
    { path: join(folder, 'src/models/Account.js'), text: source('Account', 'name') },
  ];
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  process.env.CENTRAL_DATABASE_URL = central.url;
  process.env.CLINIC_MIGRATE_KEY = SECRET.toString('base64');
  // Two clinics at once, so that the third has to wait or to push one out.
  process.env.CLINIC_CONNECTIONS_MAX = '4';
  process.env.CLINIC_POOL_MAX = '2';
  const require = createRequire(join(folder, 'server.js'));
  runtime = {
    manager: require('./src/base/connectionManager.js'),
    ModelFactory: require('./src/base/ModelFactory.js'),
    routing: require('./src/middleware/clinicRoutingMiddleware.js'),
  };
  await runtime.manager.initializeCentralConnection();
});

afterAll(async () => {
  await runtime.manager.closeConnections();
  rmSync(folder, { recursive: true });
  for (const database of [central, ...clinics]) await database.drop();
});

async function register(
  key: string,
  url: string,
  database: string,
  state: ClinicState = 'active',
): Promise<void> {
  const parsed = new URL(url);
  await withSession(central.url, (session) =>
    saveEntry(session, {
      key,
      label: key,
      state,
      server: 'main',
      ...endpointOf(url),
      database,
      role: decodeURIComponent(parsed.username),
      password: encryptPassword(decodeURIComponent(parsed.password), key, SECRET),
      schemaFingerprint: '',
    }),
  );
}

/** Sends a request of this user through the routing; what its clinic's patients are called, or the refusal. */
async function ask(user: unknown): Promise<{ status: number; names?: string[]; retryAfter?: string }> {
  let release: () => void = () => undefined;
  let refusal = { status: 0, retryAfter: '' };
  const res = {
    once: (_: string, done: () => void) => {
      release = done;
    },
    status: (status: number) => {
      refusal = { ...refusal, status };
      return res;
    },
    set: (_: string, value: string) => {
      refusal = { ...refusal, retryAfter: value };
      return res;
    },
    json: () => res,
  };
  const req: { user: unknown; clinicDb?: unknown } = { user };
  let failure: unknown;
  let isPassed = false;
  await runtime.routing(req, res, (error) => {
    failure = error;
    isPassed = true;
  });
  if (failure !== undefined) throw failure;
  if (!isPassed) return refusal;
  try {
    const Patient = await runtime.ModelFactory.getModel(req.clinicDb, 'Patient');
    return { status: 200, names: [...new Set((await Patient.findAll()).map(({ name }) => name))] };
  } finally {
    release();
  }
}

/** Asks until the answer is the one that is waited for. */
async function until(wanted: number, user: unknown): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (let status = 0; status !== wanted; ) {
    ({ status } = await ask(user));
    // Answers from the cache alone would leave no turn to the socket that the news comes by.
    await new Promise(setImmediate);
    if (Date.now() > deadline) throw new Error(`the answer stayed ${status}`);
  }
}

describe('the runtime files in an application', () => {
  it('answer each clinic with its own rows, however many ask at once and few may be open', async () => {
    const asked = Array.from({ length: 40 }, (_, i) => (i % 4) + 1);
    const answers = await Promise.all(asked.map((companyId) => ask({ companyId })));
    expect(answers).toEqual(asked.map((companyId) => ({ status: 200, names: [`patient of ${companyId}`] })));
  });

  it('refuse a clinic that nobody knows, and a login without one, without a word', async () => {
    expect(await ask({ companyId: 99 })).toMatchObject({ status: 403 });
    expect(await ask({ companyId: null })).toMatchObject({ status: 403 });
    expect(await ask({ companyId: "1' OR '1'='1" })).toMatchObject({ status: 403 });
  });

  it('hear of changes in the registry while they run', async () => {
    const change = (state: ClinicState): Promise<void> =>
      withSession(central.url, (session) => setState(session, '2', state));
    await change('moving');
    await until(503, { companyId: 2 });
    expect(await ask({ companyId: 2 })).toMatchObject({ status: 503, retryAfter: '30' });
    await change('suspended');
    await until(403, { companyId: 2 });
    await change('ready');
    await until(200, { companyId: 2 });
  });

  it('do not keep a connection that could not be made', async () => {
    await expect(ask({ companyId: 5 })).rejects.toThrow('no_such_database');
    await register('5', clinics[4]?.url ?? '', clinics[4]?.name ?? '');
    const deadline = Date.now() + 10_000;
    let names: string[] | undefined;
    while (names === undefined && Date.now() < deadline)
      ({ names } = await ask({ companyId: 5 }).catch(() => ({ names: undefined })));
    expect(names).toEqual(['patient of 5']);
  });

  it('close no pool that a request holds, and let the next one wait', async () => {
    const one = await runtime.manager.getClinicConnection('1');
    const two = await runtime.manager.getClinicConnection('2');
    let isOpen = false;
    const third = runtime.manager.getClinicConnection('3').then((lease) => {
      isOpen = true;
      return lease;
    });
    await one.clinicDb.query('SELECT pg_sleep(0.05)');
    expect(isOpen).toBe(false);
    one.release();
    const three = await third;
    await two.clinicDb.query('SELECT 1');
    await expect(one.clinicDb.query('SELECT 1')).rejects.toThrow();
    two.release();
    three.release();
  });

  it("refuse one clinic's transaction on another's connection", async () => {
    const one = await runtime.manager.getClinicConnection('1');
    const two = await runtime.manager.getClinicConnection('2');
    const transaction = await one.clinicDb.transaction();
    const Patient = await runtime.ModelFactory.getModel(two.clinicDb, 'Patient');
    await expect(Patient.create({ name: 'lost' }, { transaction })).rejects.toThrow(
      'transaction of another database',
    );
    await transaction.rollback();
    one.release();
    two.release();
  });

  it('hand out models by any of the three imports, with their associations, and say what is wrong', async () => {
    const { ModelFactory } = runtime;
    const { getModel } = ModelFactory;
    expect(ModelFactory.ModelFactory).toBe(ModelFactory);
    const { clinicDb, release } = await runtime.manager.getClinicConnection('1');
    expect(Object.keys((await getModel(clinicDb, 'Patient')).associations)).toEqual(['Room']);
    expect(await (await getModel(runtime.manager.getCentralConnection(), 'Account')).findAll()).toEqual([]);
    await expect(getModel(clinicDb, 'Account')).rejects.toThrow('not a model of a clinic');
    await expect(getModel(clinicDb, 'Old')).rejects.toThrow('Register it in MODEL_MAP');
    await expect(getModel(clinicDb, 'toString')).rejects.toThrow('Model not found');
    await expect(getModel(undefined, 'Patient')).rejects.toThrow('clinicRoutingMiddleware');
    release();
  });
});

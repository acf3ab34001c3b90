import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { setState } from '../../src/provision/registry.js';
import type { ClinicState } from '../../src/provision/types.js';
import { createDatabase, uniqueName, withSession } from '../support/postgres.js';
import { type Application, type Lease, makeApplication, ODD_KEY, type Runtime } from './application.js';

// The same copy that the runtime files load, which are CommonJS.
const { Sequelize } = createRequire(import.meta.url)('sequelize') as {
  Sequelize: { useCLS(namespace: object): unknown };
};

let application: Application;
let runtime: Runtime;
let server: Server;
let base: string;
/** Called with every request's response before the routing. */
let onArrival: (res: express.Response) => void = () => undefined;
let afterResponse: Promise<unknown> = Promise.resolve();

beforeAll(async () => {
  application = await makeApplication();
  runtime = application.load();
  await runtime.manager.initializeCentralConnection();
  server = serve(runtime).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await runtime.manager.closeConnections();
  await application.remove();
});

afterEach(() => {
  onArrival = () => undefined;
});

/** Authentication as far as it matters: whoever the verified token names is req.user. */
function serve({ routing, ModelFactory }: Runtime): express.Express {
  const app = express();
  app.use(express.json());
  app.use((req, res, next) => {
    onArrival(res);
    const token = req.headers.authorization;
    if (token !== undefined) Object.assign(req, { user: JSON.parse(token) });
    next();
  });
  app.use((req, res, next) => void routing(req, res, next));
  const names = async (req: object): Promise<string[]> => {
    const Patient = await ModelFactory.getModel((req as { clinicDb?: unknown }).clinicDb, 'Patient');
    return [...new Set((await Patient.findAll()).map(({ name }) => name))];
  };
  app.use('/patients', async (req, res) => void res.json(await names(req)));
  app.use('/health', (req, res) => void res.json({ hasClinic: 'clinicDb' in req }));
  app.use('/late', (req, res) => {
    afterResponse = once(res, 'close')
      .then(() => closeClinic('1'))
      .then(() => names(req));
    res.json([]);
  });
  app.use(((error, _req, res, _next) => {
    res.status(500).json({ error: String(error) });
  }) satisfies express.ErrorRequestHandler);
  return app;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter: string | null;
}

async function ask(user: unknown, path = '/patients', init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(base + path, {
    ...init,
    headers: { ...init.headers, ...(user === undefined ? {} : { authorization: JSON.stringify(user) }) },
  });
  return {
    status: response.status,
    body: await response.json(),
    retryAfter: response.headers.get('retry-after'),
  };
}

/** Repeats until it gives what is waited for. */
async function until<T>(wanted: T, look: () => Promise<T>): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (let found = await look(); found !== wanted; found = await look())
    if (Date.now() > deadline) throw new Error(`it stayed ${found} and did not become ${wanted}`);
}

const spare = (): string => application.clinics.at(-1)?.name ?? '';
const statusOf = async (companyId: unknown): Promise<number> => (await ask({ companyId })).status;
const inCentral = (sql: string): Promise<Record<string, unknown>[]> =>
  withSession(application.central.url, (session) => session.query(sql));
const change = (key: string, state: ClinicState): Promise<void> =>
  withSession(application.central.url, (session) => setState(session, key, state));

/** Opens the other clinics, until this one has no connection left. */
async function closeClinic(key: string): Promise<void> {
  for (const other of ['1', '2', '3', '4'].filter((one) => one !== key))
    (await runtime.manager.getClinicConnection(other)).release();
  await until(0, () => connectionsOf(key));
}

async function connectionsOf(key: string): Promise<number> {
  const name = application.clinics[Number(key) - 1]?.name;
  const [row] = await inCentral(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = '${name}' AND backend_type = 'client backend'`,
  );
  return Number(row?.n);
}

async function holding<T>(keys: readonly string[], work: (...leases: Lease[]) => Promise<T>): Promise<T> {
  const leases: Lease[] = [];
  for (const key of keys) leases.push(await runtime.manager.getClinicConnection(key));
  try {
    return await work(...leases);
  } finally {
    for (const { release } of leases) release();
  }
}

describe('the routing', () => {
  it('answers each clinic with its own rows, however many ask at once and few may be open', async () => {
    const asked = Array.from({ length: 40 }, (_, at) => (at % 4) + 1);
    const answers = await Promise.all(asked.map((companyId) => ask({ companyId })));
    expect(answers.map(({ body }) => body)).toEqual(asked.map((companyId) => [`patient of ${companyId}`]));
  });

  it('serves a clinic whose key and database have odd names', async () => {
    expect((await ask({ companyId: ODD_KEY })).body).toEqual([`patient of ${ODD_KEY}`]);
  });

  it('takes the clinic from the verified token alone', async () => {
    const forged = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-company-id': '2', companyid: '2' },
      body: JSON.stringify({ companyId: 2, user: { companyId: 2 } }),
    };
    const path = '/patients?companyId=2&user[companyId]=2';
    expect((await ask({ companyId: 1 }, path, forged)).body).toEqual(['patient of 1']);
    expect((await ask({}, path, forged)).status).toBe(403);
  });

  it.each([99, null, undefined, '', "1' OR '1'='1", ['1'], { toString: 1 }, true])(
    'refuses the clinic %j without a word',
    async (companyId) => {
      expect(await ask({ companyId })).toMatchObject({ status: 403, body: { error: 'Forbidden' } });
    },
  );

  it('lets a request pass that nobody has logged in for, without a database', async () => {
    expect(await ask(undefined, '/health')).toMatchObject({ status: 200, body: { hasClinic: false } });
    expect(await ask(undefined)).toMatchObject({
      status: 500,
      body: { error: expect.stringContaining('apply clinicRoutingMiddleware before this route') },
    });
  });

  it('leaves no lease behind where the client goes while it waits', async () => {
    const client = new AbortController();
    const closed = new Promise((resolve) => {
      onArrival = (res) => {
        res.once('close', resolve);
        client.abort();
      };
    });
    await holding(['1', '2'], async () => {
      const asked = ask({ companyId: 3 }, '/patients', { signal: client.signal });
      await expect(asked).rejects.toThrow('abort');
      await closed;
    });
    // Both places must be free again.
    await holding(['1', '2'], async (one, two) => {
      await one.clinicDb.query('SELECT 1');
      await two.clinicDb.query('SELECT 1');
    });
  });

  it('lets a handler go on after its response, although its clinic was closed meanwhile', async () => {
    expect((await ask({ companyId: 1 }, '/late')).status).toBe(200);
    expect(await afterResponse).toEqual(['patient of 1']);
  });
});

describe('the registry', () => {
  it('is heard while the application runs', async () => {
    expect(await statusOf(2)).toBe(200);
    await change('2', 'moving');
    await until(503, () => statusOf(2));
    expect(await ask({ companyId: 2 })).toMatchObject({ retryAfter: '30' });
    await change('2', 'suspended');
    await until(403, () => statusOf(2));
    await change('2', 'ready');
    await until(200, () => statusOf(2));
  });

  it('is heard again after the listening connection was lost', async () => {
    const terminated = await inCentral(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN %'`,
    );
    expect(terminated).toHaveLength(1);
    expect(await statusOf(2)).toBe(200);
    await change('2', 'suspended');
    await until(403, () => statusOf(2));
    await change('2', 'active');
    await until(200, () => statusOf(2));
  });

  it('is read again after half a minute where a notification was lost', async () => {
    expect(await statusOf(3)).toBe(200);
    await inCentral("UPDATE clinic_migrate.clinics SET state = 'suspended' WHERE key = '3'");
    expect(await statusOf(3)).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30_001 });
    expect(await statusOf(3)).toBe(403);
    vi.useRealTimers();
    await change('3', 'active');
    await until(200, () => statusOf(3));
  });

  it('sends a clinic that has moved to its new database, and closes the way to the old one', async () => {
    const [first] = application.clinics;
    expect((await ask({ companyId: 1 })).body).toEqual(['patient of 1']);
    await application.register('1', spare());
    await until('patient of spare', async () => String((await ask({ companyId: 1 })).body));
    await until(0, () => connectionsOf('1'));
    await application.register('1', first?.name ?? '');
    await until('patient of 1', async () => String((await ask({ companyId: 1 })).body));
  });

  it('does not keep a connection that could not be made', async () => {
    const name = uniqueName('late');
    await application.register('9', name);
    const failed = await Promise.all([ask({ companyId: 9 }), ask({ companyId: 9 })]);
    expect(failed.map(({ status }) => status)).toEqual([500, 500]);
    const database = await createDatabase(
      "CREATE TABLE patient (id serial, name text, room_id int); INSERT INTO patient (name) VALUES ('late')",
      name,
    );
    expect((await ask({ companyId: 9 })).body).toEqual(['late']);
    await application.register('9', spare());
    await until('patient of spare', async () => String((await ask({ companyId: 9 })).body));
    await database.drop();
  });

  it('yields no password to a key that it was not made for', async () => {
    await inCentral(
      "UPDATE clinic_migrate.clinics SET password = (SELECT password FROM clinic_migrate.clinics WHERE key = '2') WHERE key = '9'",
    );
    await change('9', 'active');
    await until(500, () => statusOf(9));
  });
});

describe('the connections', () => {
  it('of an idle clinic make room for another, and those that are held do not', async () => {
    await holding(['1'], async (one) => {
      const pid = await pidOf(one);
      await closeClinic('2');
      expect(await pidOf(one)).toEqual(pid);
    });
    await holding(['1', '2'], async (one, two) => {
      const waiting = runtime.manager.getClinicConnection('3');
      let isOpen = false;
      void waiting.then(() => {
        isOpen = true;
      });
      const pid = await pidOf(two);
      expect(isOpen).toBe(false);
      one.release();
      const three = await waiting;
      expect(await pidOf(two)).toEqual(pid);
      three.release();
    });
  });

  it('are one for requests that come together', async () => {
    await closeClinic('1');
    const leases = await Promise.all([
      runtime.manager.getClinicConnection(1),
      runtime.manager.getClinicConnection('1'),
    ]);
    expect(leases[0]?.clinicDb).toBe(leases[1]?.clinicDb);
    for (const { release } of leases) release();
  });

  it("refuse another clinic's transaction, nested or not", async () => {
    await holding(['1', '2'], async (one, two) => {
      const Patient = await runtime.ModelFactory.getModel(two.clinicDb, 'Patient');
      const name = 'lost';
      const foreign: ((transaction: unknown) => Promise<unknown>)[] = [
        (transaction) => Patient.create({ name }, { transaction }),
        (transaction) => Patient.findOrCreate({ where: { name }, transaction }),
        (transaction) => two.clinicDb.query('SELECT 1', { transaction }),
        (transaction) => two.clinicDb.transaction({ transaction }),
      ];
      for (const work of foreign) {
        const transaction = await one.clinicDb.transaction();
        await expect(work(transaction)).rejects.toThrow('transaction of another database');
        await transaction.rollback();
      }
      const own = await two.clinicDb.transaction();
      const nested = await two.clinicDb.transaction({ transaction: own });
      await Patient.create({ name }, { transaction: nested });
      await own.rollback();
    });
  });

  it("refuse another clinic's transaction that Sequelize finds by itself", async () => {
    const storage = new AsyncLocalStorage<Map<string, unknown>>();
    Sequelize.useCLS({
      bind: (work: unknown) => work,
      run: (work: (context: object) => unknown) => storage.run(new Map(), () => work({})),
      get: (key: string) => storage.getStore()?.get(key),
      set: (key: string, value: unknown) => storage.getStore()?.set(key, value),
    });
    try {
      await holding(['1', '2'], async (one, two) => {
        const Patient = await runtime.ModelFactory.getModel(two.clinicDb, 'Patient');
        const crossing = one.clinicDb.transaction(() => Patient.create({ name: 'lost' }));
        await expect(crossing).rejects.toThrow('transaction of another database');
      });
    } finally {
      Reflect.deleteProperty(Sequelize, '_cls');
    }
  });

  it('can be opened after a first attempt failed, and are closed for good at the end', async () => {
    const { manager } = application.load();
    const url = process.env.CENTRAL_DATABASE_URL;
    process.env.CENTRAL_DATABASE_URL = 'postgres://127.0.0.1:1/nowhere';
    await expect(manager.initializeCentralConnection()).rejects.toThrow();
    expect(() => manager.getCentralConnection()).toThrow('call initializeCentralConnection()');
    process.env.CENTRAL_DATABASE_URL = `${url}?sslmode=disable`;
    const [first, second] = await Promise.all([
      manager.initializeCentralConnection(),
      manager.initializeCentralConnection(),
    ]);
    expect(first).toBe(second);
    process.env.CENTRAL_DATABASE_URL = url;
    const { clinicDb, release } = await manager.getClinicConnection('1');
    expect(clinicDb.options.dialectOptions).toMatchObject({ ssl: false });
    release();
    await manager.closeConnections();
    await expect(clinicDb.query('SELECT 1')).rejects.toThrow('closed');
    await expect(manager.getClinicConnection('1')).rejects.toThrow('call initializeCentralConnection()');
  });
});

async function pidOf({ clinicDb }: Lease): Promise<unknown> {
  return clinicDb.query('SELECT pg_backend_pid()', { type: 'SELECT', plain: true });
}

describe('ModelFactory', () => {
  it('hands out models by any of the three imports, with their associations', async () => {
    const { ModelFactory } = runtime;
    const { getModel } = ModelFactory;
    expect(ModelFactory.ModelFactory).toBe(ModelFactory);
    await holding(['1'], async ({ clinicDb }) => {
      const [Patient, again] = await Promise.all([
        getModel(clinicDb, 'Patient'),
        getModel(clinicDb, 'Patient'),
      ]);
      expect(Object.keys(Patient.associations)).toEqual(['Room']);
      expect(again).toBe(Patient);
    });
    expect(await (await getModel(runtime.manager.getCentralConnection(), 'Account')).findAll()).toEqual([]);
  });

  it('says what is wrong', async () => {
    const { getModel } = runtime.ModelFactory;
    const central = runtime.manager.getCentralConnection();
    await holding(['1'], async ({ clinicDb }) => {
      await expect(getModel(clinicDb, 'Account')).rejects.toThrow('ask for it on getCentralConnection()');
      await expect(getModel(central, 'Patient')).rejects.toThrow('ask for it on req.clinicDb');
      await expect(getModel(clinicDb, 'Old')).rejects.toThrow('Register it in MODEL_MAP');
      await expect(getModel(clinicDb, 'toString')).rejects.toThrow('Model not found');
    });
  });

  it.each([[undefined], ['42'], [{ id: 42 }]])(
    'refuses %j, which is no connection, and goes on',
    async (given) => {
      await expect(runtime.ModelFactory.getModel(given, 'Patient')).rejects.toThrow(
        'req.clinicDb is missing for Patient',
      );
    },
  );

  it('serves repositories by their name, or by the one they give', async () => {
    interface Repository {
      count(clinicDb: unknown, options?: object): Promise<number>;
      create(clinicDb: unknown, values: object): Promise<{ id: number }>;
      update(clinicDb: unknown, values: object, options: object): Promise<[number]>;
      destroy(clinicDb: unknown, options: object): Promise<number>;
      findByPk(clinicDb: unknown, id: number): Promise<{ name: string } | null>;
    }
    const Base = runtime.Repository;
    class RoomRepository extends Base {}
    class People extends Base {
      static readonly modelName = 'Patient';
    }
    const rooms = RoomRepository as unknown as Repository;
    await holding(['4'], async ({ clinicDb }) => {
      expect(await (People as unknown as Repository).count(clinicDb)).toBe(3);
      const { id } = await rooms.create(clinicDb, { name: 'a' });
      expect(await rooms.update(clinicDb, { name: 'b' }, { where: { id } })).toEqual([1]);
      expect((await rooms.findByPk(clinicDb, id))?.name).toBe('b');
      expect(await rooms.destroy(clinicDb, { where: { id } })).toBe(1);
    });
  });
});

import { describe, expect, it } from 'vitest';
import { readModels } from '../../src/project/models/registry.js';
import { openProject } from '../../src/project/source/open-project.js';
import { runtimeFiles } from '../../src/templates/runtime-files.js';
import { verifyCode } from '../../src/verify/code.js';
import { inputFor } from '../codemods/fixture.js';

/** A migrated application of ES modules, as people write them. */
const FILES: Readonly<Record<string, string>> = {
  'server.js': `import app from './src/app.js';
import { initializeCentralConnection } from './src/base/connectionManager.js';

await initializeCentralConnection();
app.listen(3000);
`,
  'src/app.js': `import express from 'express';
import { authMiddleware } from './middleware/auth.js';
import routing from './middleware/clinicRoutingMiddleware.js';
import mountRoutes from './routes/index.js';

const app = express();
app.get('/health', (req, res) => res.json({}));
app.use('/api', authMiddleware, routing);
mountRoutes(app);

export default app;
`,
  'src/middleware/auth.js': `import { verify } from '../lib/token.js';

export function authMiddleware(req, res, next) {
  req.user = verify(req.headers.authorization);
  next();
}
`,
  'src/lib/token.js': `export const verify = (text) => ({ companyId: JSON.parse(text).companyId });
`,
  'src/lib/shared.js': `export const shared = { rows: 0 };
export const cache = new Map();
`,
  'src/models/Patient.js': `import { DataTypes } from 'sequelize';

export default {
  define: (sequelize) => {
    const Patient = sequelize.define('Patient', { name: DataTypes.STRING }, { tableName: 'patients' });
    Patient.afterCreate((patient) => sequelize.models.Appointment.create({ patientId: patient.id }));
    return Patient;
  },
  associate: (clinicDb) => {
    const { Patient, Appointment } = clinicDb.models;
    Patient.hasMany(Appointment);
  },
};
`,
  'src/models/Appointment.js': `import { DataTypes } from 'sequelize';

export default {
  define: (sequelize) => sequelize.define('Appointment', { at: DataTypes.DATE }, { tableName: 'appointments' }),
};
`,
  'src/models/User.js': `import { DataTypes } from 'sequelize';

export default {
  define: (sequelize) => sequelize.define('User', { name: DataTypes.STRING }, { tableName: 'users' }),
};
`,
  'src/repositories/PatientRepository.js': `import Repository from '../base/Repository.js';

export class PatientRepository extends Repository {
  static async named(clinicDb, name) {
    const Patient = await this.getModel(clinicDb);
    return Patient.findAll({ where: { name } });
  }
}
`,
  'src/services/patients.js': `import { getModel } from '../base/ModelFactory.js';

export async function load(clinicDb, id) {
  const Patient = await getModel(clinicDb, 'Patient');
  return Patient.findByPk(id);
}

export async function count({ clinicDb, where }) {
  let Patient;
  try {
    Patient = await getModel(clinicDb, 'Patient');
  } catch (error) {
    return 0;
  }
  return Patient.count({ where });
}

export class PatientService {
  constructor(clinicDb) {
    this.clinicDb = clinicDb;
  }

  async all() {
    const Patient = await getModel(this.clinicDb, 'Patient');
    return Patient.findAll();
  }
}
`,
  'src/services/queue.js': `class Queue {
  waiting = [];

  run(clinicDb, id) {
    return clinicDb.query('SELECT $1', { bind: [id] });
  }
}

/** Made where the process starts, which is not among the application's files. */
export class Jobs {
  constructor() {
    this.queue = new Queue();
  }
}
`,
  'src/routes/index.js': `import { Router } from 'express';
import patients from './patients.js';

export default function mountRoutes(app) {
  const api = Router();
  api.use('/patients', patients);
  app.use('/api', api);
}
`,
  'src/routes/patients.js': `import { Router } from 'express';
import { ModelFactory } from '../base/ModelFactory.js';
import { getCentralConnection, getClinicConnection } from '../base/connectionManager.js';
import { cache, shared } from '../lib/shared.js';
import { PatientRepository } from '../repositories/PatientRepository.js';
import { count, load, PatientService } from '../services/patients.js';

const router = Router();
const central = () => getCentralConnection();

async function show(req, res) {
  res.json(await load(req.clinicDb, req.params.id));
}

router.get('/', async (req, res) => {
  const { clinicDb } = req;
  const Patient = await ModelFactory.getModel(clinicDb, 'Patient');
  const User = await ModelFactory.getModel(central(), 'User');
  const rows = await clinicDb.query('SELECT 1');
  shared.rows = rows.length;
  shared.isReady = true;
  shared.days = [];
  const key = \`\${req.user.companyId}:patients\`;
  cache.set(key, rows);
  cache.set([req.user.companyId, 'all'].join(), rows);
  shared.byClinic[req.user.companyId].last = rows;
  shared.waiting.push({ id: 1, clinic: req.user.companyId });
  const own = new Map();
  own.set('rows', rows);
  res.locals.rows = rows;
  await Patient.sequelize.transaction(async () => {});
  res.json([await Patient.findAll(), await User.findAll(), rows]);
});
router.get('/service', async (req, res) => {
  const service = new PatientService(req.clinicDb);
  res.json([await service.all(), await count({ clinicDb: req.clinicDb, where: {} })]);
});
router.get('/named', async (req, res) => {
  res.json(await PatientRepository.named(req.clinicDb, req.query.name));
  res.json(await PatientRepository.findAll(req.clinicDb, { limit: 1 }));
});
const wrap = (handler) => (...given) => handler(...given).catch(given[2]);
router.get('/wrapped', wrap(async (req, res) => res.json(await load(req.clinicDb, 1))));
router.get('/:id', (req, res, next) => show(req, res).catch(next));

export default router;
`,
};

function application(changes: Readonly<Record<string, string>> = {}): Map<string, string> {
  const all = { ...FILES, ...changes };
  const files = new Map(Object.entries(all).map(([path, text]) => [`/app/${path}`, text]));
  const { app, sources, facts } = inputFor(new Map(files));
  const models = readModels(openProject(sources, app), app, facts);
  for (const { path, text } of runtimeFiles(app, models, '{}', { kind: 'esm' })) files.set(path, text);
  return files;
}

function verify(changes: Readonly<Record<string, string>> = {}) {
  const { app, sources, facts } = inputFor(application(changes));
  return verifyCode({ app, sources, facts });
}

function errorsOf(changes: Readonly<Record<string, string>>) {
  return verify(changes)
    .filter(({ severity }) => severity === 'error')
    .map(({ code, location }) => ({
      code,
      file: location?.file.replace('/app/', '') ?? '',
      line: location?.line ?? 0,
    }));
}

const ROUTES = 'src/routes/patients.js';
const SERVICE = 'src/services/patients.js';
const MODEL = "const Patient = await ModelFactory.getModel(clinicDb, 'Patient');";
const MOUNT = "app.use('/api', authMiddleware, routing);\nmountRoutes(app);\n";

/** What is planted: its name, the file, the text there, what takes its place, and the finding there (or elsewhere). */
type Planted = readonly [string, string, string, string, string];

const PLANTED: readonly Planted[] = [
  // Another connection than the request's own
  [
    'a request made up',
    ROUTES,
    '=> show(req, res)',
    '=> show({ ...req, clinicDb: shared.db }, res)',
    'UNKNOWN',
  ],
  [
    'a default in a parameter',
    SERVICE,
    'load(clinicDb, id)',
    'load(clinicDb = globalThis.db, id)',
    'UNKNOWN',
  ],
  ['a second choice', ROUTES, 'load(req.clinicDb, req', 'load(req.clinicDb || shared.db, req', 'UNKNOWN'],
  [
    'a parameter given anew',
    SERVICE,
    "const Patient = await getModel(clinicDb, 'Patient');\n  return Patient.findByPk",
    "clinicDb = globalThis.db; const Patient = await getModel(clinicDb, 'Patient');\n  return Patient.findByPk",
    'UNKNOWN',
  ],
  ['a variable of the module', ROUTES, 'load(req.clinicDb, req', 'load(shared.db, req', 'UNKNOWN'],
  ['no connection', ROUTES, 'load(req.clinicDb, req.params.id)', 'load()', 'UNKNOWN'],
  [
    'a constructor given another',
    ROUTES,
    'new PatientService(req.clinicDb)',
    'new PatientService(shared.db)',
    'UNKNOWN',
  ],
  [
    'an option given another',
    ROUTES,
    'count({ clinicDb: req.clinicDb',
    'count({ clinicDb: shared.db',
    'UNKNOWN',
  ],
  [
    'a repository given another',
    ROUTES,
    'PatientRepository.findAll(req.clinicDb',
    'PatientRepository.findAll(shared.db',
    'UNKNOWN',
  ],
  [
    'a repository on the central database',
    ROUTES,
    'PatientRepository.findAll(req.clinicDb',
    'PatientRepository.findAll(getCentralConnection()',
    'WRONG_DATABASE',
  ],
  [
    'all connections, one by one',
    ROUTES,
    MODEL,
    "const found = await Promise.all(shared.all.map(async (clinicDb) => (await ModelFactory.getModel(clinicDb, 'Patient')).findAll())); const Patient = await ModelFactory.getModel(clinicDb, 'Patient');",
    'UNKNOWN',
  ],
  [
    'a function handed on',
    ROUTES,
    'const router = Router();',
    'const router = Router(); shared.run(load);',
    'UNKNOWN',
  ],
  [
    'a false getCentralConnection',
    ROUTES,
    'const central = () => getCentralConnection();',
    'const central = () => shared.getCentralConnection();',
    'UNKNOWN',
  ],
  [
    'a query on another connection',
    ROUTES,
    "clinicDb.query('SELECT 1')",
    "shared.clinicDb.query('SELECT 1')",
    'UNKNOWN',
  ],
  [
    'a computed model',
    ROUTES,
    MODEL,
    'const Patient = shared.models[req.query.model]; await Patient.update({}, { where: {} });',
    'UNKNOWN',
  ],
  [
    'a driver beside Sequelize',
    'src/lib/token.js',
    'export const verify',
    "import { Pool } from 'pg';\nexport const pool = new Pool();\nexport const verify",
    'GLOBAL_CONNECTION',
  ],
  // A clinic that the client chooses
  [
    'a helper that connects',
    ROUTES,
    MODEL,
    "const open = (id) => getClinicConnection(id); const { clinicDb: other } = await open(req.params.id); const Patient = await ModelFactory.getModel(other, 'Patient');",
    'CLINIC_SOURCE',
  ],
  [
    'a connection under another name',
    ROUTES,
    'const { clinicDb } = req;',
    "const connect = getClinicConnection; const { clinicDb } = await connect(req.headers['x-clinic']);",
    'CLINIC_SOURCE',
  ],
  [
    'a clinic of a request header',
    'src/middleware/auth.js',
    '  next();',
    "  req.user.companyId = Number(req.headers['x-clinic']);\n  next();",
    'CLINIC_SOURCE',
  ],
  [
    'a clinic of a query',
    'src/middleware/auth.js',
    'req.user = verify(req.headers.authorization);',
    'req.user = { ...verify(req.headers.authorization), companyId: req.query.clinic };',
    'CLINIC_SOURCE',
  ],
  [
    'clinicDb put by a helper',
    ROUTES,
    'const { clinicDb } = req;',
    'Object.assign(req, { clinicDb: shared.db }); const { clinicDb } = req;',
    'CLINIC_SOURCE',
  ],
  [
    'clinicDb put by its name',
    ROUTES,
    'const { clinicDb } = req;',
    "req['clinicDb'] = shared.db; const { clinicDb } = req;",
    'CLINIC_SOURCE',
  ],
  // What outlives its request
  ['an import that keeps', ROUTES, MODEL, `${MODEL} shared.Patient = Patient;`, 'KEPT'],
  ['a map that keeps', ROUTES, MODEL, `${MODEL} cache.set('db', { db: req.clinicDb });`, 'KEPT'],
  ['a class that keeps', ROUTES, MODEL, `${MODEL} PatientRepository.model = Patient;`, 'KEPT'],
  ['the request kept', ROUTES, MODEL, `${MODEL} shared.last = req;`, 'KEPT'],
  [
    'a service kept',
    ROUTES,
    MODEL,
    `${MODEL} shared.service = shared.service || new PatientService(req.clinicDb);`,
    'KEPT',
  ],
  // What is put where other clinics find it, without a word of whose it is
  ...[
    'const rows = await Patient.findAll(); cache.set("patients", rows);',
    'const one = await Patient.findOne(); cache.set(one.id, one);',
    'const { id } = req.params; cache.set(`patient:${id}`, await Patient.findByPk(id));',
    'shared.settings ??= await Patient.findAll();',
    'shared.byId[req.params.id] = await Patient.findOne();',
    'shared.waiting.push({ id: req.params.id });',
    'await shared.redis.setEx(`rows:${req.query.page}`, 60, JSON.stringify(await Patient.findAll()));',
    'await shared.queue.add("letter", { patientId: req.params.id });',
  ].map((text): Planted => [`a cache for all: ${text}`, ROUTES, MODEL, `${MODEL} ${text}`, 'CACHE']),
  [
    'a queue of a class that lasts',
    'src/services/queue.js',
    'run(clinicDb, id) {',
    'run(clinicDb, id) { this.waiting.push(id);',
    'CACHE',
  ],
  ['the application keeps', ROUTES, MODEL, `${MODEL} req.app.set('db', req.clinicDb);`, 'KEPT'],
  [
    'taken apart and kept',
    ROUTES,
    'const router = Router();',
    'let kept; const router = Router(); router.use(async (req, res, next) => { [kept] = await Promise.all([ModelFactory.getModel(req.clinicDb, "Patient")]); next(); });',
    'KEPT',
  ],
  // Routing
  [
    'routing on another path',
    'src/app.js',
    "app.use('/api', authMiddleware, routing);",
    "app.use('/other', authMiddleware, routing);",
    'ROUTING elsewhere',
  ],
  [
    'routing under a condition',
    'src/app.js',
    MOUNT,
    "app.use('/api', authMiddleware);\nif (process.env.CLINICS) app.use('/api', routing);\nmountRoutes(app);\n",
    'ROUTING elsewhere',
  ],
  [
    'routing after the routes',
    'src/app.js',
    MOUNT,
    "mountRoutes(app);\napp.use('/api', authMiddleware, routing);\n",
    'ROUTING elsewhere',
  ],
  [
    'a router beside the routing',
    'src/routes/index.js',
    "app.use('/api', api);",
    "app.use('/x', api);",
    'ROUTING elsewhere',
  ],
  [
    'routing before authentication',
    'src/app.js',
    'authMiddleware, routing',
    'routing, authMiddleware',
    'ROUTING',
  ],
  [
    'authentication on another path',
    'src/app.js',
    "app.use('/api', authMiddleware, routing);",
    "app.use('/admin', authMiddleware);\napp.use('/api', routing);",
    'ROUTING',
  ],
  [
    'something called as the routing is',
    'src/app.js',
    "import routing from './middleware/clinicRoutingMiddleware.js';",
    'const routing = (req, res, next) => next();',
    'ROUTING elsewhere',
  ],
  [
    'routing after the router, in one call',
    'src/app.js',
    MOUNT,
    "import patients from './routes/patients.js';\napp.use('/api', authMiddleware);\napp.use('/api/x', patients, routing);\n",
    'ROUTING elsewhere',
  ],
  [
    'a model of another connection',
    ROUTES,
    MODEL,
    `${MODEL} await shared.clinicDb.models.Patient.create({});`,
    'UNKNOWN',
  ],
  [
    'a connection kept and used',
    ROUTES,
    'const router = Router();',
    'let db; const router = Router(); router.use((req, res, next) => { db = req.clinicDb; next(); }); router.get("/x", async (req, res) => { res.json(await load(db, 1)); });',
    'UNKNOWN',
  ],
  [
    'a model that becomes another',
    ROUTES,
    MODEL,
    `let Patient = await ModelFactory.getModel(clinicDb, 'Patient'); if (req.query.all) Patient = shared.Patient;`,
    'UNKNOWN elsewhere',
  ],
  [
    'a connection of its own',
    ROUTES,
    MODEL,
    "const Patient = await ModelFactory.getModel(new Sequelize(process.env.URL), 'Patient');",
    'UNKNOWN',
  ],
  ['a transaction of nobody knows what', ROUTES, MODEL, `${MODEL} await shared.db.transaction();`, 'UNKNOWN'],
  [
    'a statement on nobody knows what',
    ROUTES,
    MODEL,
    `${MODEL} await shared.db.query('SELECT * FROM patients');`,
    'UNKNOWN',
  ],
];

describe('verify code, on ES modules', () => {
  it('has nothing to say of factories, helpers, services, repositories and options that keep to the clinic', () => {
    expect(verify()).toEqual([]);
  });

  it.each(PLANTED)('finds %s', (_, file, text, replacement, expected) => {
    const source = FILES[file] ?? '';
    expect(source).toContain(text);
    const changed = source.replace(text, replacement);
    const first = changed.slice(0, changed.indexOf(replacement)).split('\n').length;
    const last = first + replacement.trimEnd().split('\n').length - 1;
    const found = errorsOf({ [file]: changed });
    const [code, isElsewhere] = expected.split(' ');
    const there = found.filter((one) => one.code === `ISOLATION_${code}`);
    const isThere = (one: { file: string; line: number }) =>
      one.file === file && one.line >= first && one.line <= last;
    expect(isElsewhere ? there : there.filter(isThere), JSON.stringify(found)).not.toEqual([]);
  });

  it('names every route that needs its clinic where the routing is missing, through helpers as well', () => {
    const source = (FILES['src/app.js'] ?? '').replace('authMiddleware, routing', 'authMiddleware');
    const found = verify({ 'src/app.js': source });
    expect(found.map(({ code, subject }) => `${code} ${subject}`)).toEqual(
      ['', '/service', '/named', '/wrapped', '/:id'].map(
        (path) => `ISOLATION_ROUTING GET /api/patients${path}`,
      ),
    );
  });

  it('names the route with all that it is mounted on, the function where there is none, and the mend', () => {
    const of = (file: string, text: string, replacement: string) =>
      verify({ [file]: (FILES[file] ?? '').replace(text, replacement) });
    expect(of(ROUTES, 'new PatientService(req.clinicDb)', 'new PatientService(shared.db)')).toEqual([
      expect.objectContaining({
        subject: 'GET /api/patients/service',
        hint: expect.stringContaining('clinicDb'),
      }),
    ]);
    expect(of(SERVICE, 'load(clinicDb, id)', 'load(clinicDb = globalThis.db, id)')).toEqual([
      expect.objectContaining({ subject: 'load', message: expect.stringContaining('globalThis.db') }),
    ]);
  });

  it('says of a job where it chooses its clinics, once, and takes a reason for it on that line or above', () => {
    const job = (comment: string) => `import { getClinicConnection } from '../base/connectionManager.js';
import { load } from '../services/patients.js';

export async function nightly(keys) {
  for (const key of keys) {
    ${comment}
    const { clinicDb, release } = await getClinicConnection(key);
    await load(clinicDb, 1).finally(release);
  }
}
`;
    const severities = (text: string) =>
      verify({ 'src/jobs/nightly.js': text }).map(({ code, severity }) => [code, severity]);
    const reasoned = '// clinic-migrate-ignore ISOLATION_CLINIC_SOURCE runs for every clinic in turn';
    expect(severities(job(''))).toEqual([['ISOLATION_CLINIC_SOURCE', 'error']]);
    expect(severities(job(reasoned))).toEqual([['ISOLATION_CLINIC_SOURCE', 'info']]);
    expect(severities(job('// clinic-migrate-ignore ISOLATION_CLINIC_SOURCE'))).toEqual([
      ['ISOLATION_CLINIC_SOURCE', 'error'],
    ]);
    expect(severities(job(`release(); ${reasoned}`))).toEqual([['ISOLATION_CLINIC_SOURCE', 'error']]);
  });
});

import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { AppConfig } from '../../src/config/types.js';
import { endpointOf } from '../../src/core/urls.js';
import type { Model } from '../../src/project/types.js';
import { encryptPassword } from '../../src/provision/password.js';
import { ensureRegistry, saveEntry } from '../../src/provision/registry.js';
import type { ClinicState } from '../../src/provision/types.js';
import { type Form, runtimeFiles } from '../../src/templates/runtime-files.js';
import { createDatabase, type TestDatabase, uniqueName, withSession } from '../support/postgres.js';

const ROOT = join(import.meta.dirname, '../..');
const SECRET = randomBytes(32);

export interface Connection {
  query(sql: string, options?: object): Promise<unknown>;
  transaction(optionsOrWork?: object): Promise<{ rollback(): Promise<void> }>;
  close(): Promise<void>;
  readonly options: { readonly dialectOptions: Record<string, unknown> };
}

export interface Lease {
  readonly clinicDb: Connection;
  release(): void;
}

export interface Manager {
  initializeCentralConnection(): Promise<Connection>;
  getCentralConnection(): Connection;
  getClinicConnection(key: unknown): Promise<Lease>;
  closeConnections(): Promise<void>;
}

interface SequelizeModel {
  findAll(options?: object): Promise<{ name: string }[]>;
  findOrCreate(options: object): Promise<unknown>;
  create(values: object, options?: object): Promise<unknown>;
  readonly associations: Record<string, unknown>;
}

export interface Runtime {
  readonly manager: Manager;
  readonly ModelFactory: {
    getModel(connection: unknown, name: string): Promise<SequelizeModel>;
    readonly ModelFactory: unknown;
  };
  readonly Repository: new () => object;
  readonly routing: (req: object, res: object, next: (error?: unknown) => void) => Promise<void>;
}

/** A migrated application in a folder of its own, with a central database and some clinics'. */
export interface Application {
  readonly folder: string;
  readonly central: TestDatabase;
  /** Of the clinics '1' to '4' and ODD_KEY, and one that is no clinic's yet. */
  readonly clinics: readonly TestDatabase[];
  /** Loads the runtime files, apart from whoever else has loaded them. */
  load(): Runtime;
  /** Writes a clinic's entry in the registry, as provision does. */
  register(key: string, database: string, state?: ClinicState): Promise<void>;
  remove(): Promise<void>;
}

const model = (name: string, scope: Model['scope']): Model => ({
  name,
  file: `src/models/${name}.js`,
  tableName: name.toLowerCase(),
  scope,
  directory: false,
  location: { file: '', line: 1, column: 1 },
});

export const MODELS = [
  model('Patient', 'clinic'),
  model('Room', 'shared'),
  model('Account', 'central'),
  model('Old', 'ignored'),
];

/** A model as the codemod leaves it. */
function source(name: string, associate: string, { kind }: Form): string {
  const [head, tail] =
    kind === 'cjs'
      ? ["const { DataTypes } = require('sequelize');", 'module.exports =']
      : ["import { DataTypes, type Sequelize } from 'sequelize';", 'export default'];
  return `${kind === 'ts' ? head : head.replace(', type Sequelize', '')}
${tail} {
  define: (sequelize${kind === 'ts' ? ': Sequelize' : ''}) => sequelize.define('${name}', { name: DataTypes.TEXT }, { tableName: '${name.toLowerCase()}', timestamps: false }),
  ${associate}
};`;
}

const associatePatients = (parameter: string): string =>
  `associate: async (${parameter}) => { models.Patient.belongsTo(models.Room, { foreignKey: 'room_id' }); },`;
const PATIENTS = {
  cjs: associatePatients('{ models }'),
  esm: associatePatients('{ models }'),
  ts: associatePatients('{ models }: Sequelize'),
};

/** The clinic whose key and database have names that nobody would choose. */
export const ODD_KEY = `o'Brien "é" %2F`;

export async function makeApplication(
  options = '{ logging: false }',
  form: Form = { kind: 'cjs' },
): Promise<Application> {
  const ending = form.kind === 'ts' ? 'ts' : 'js';
  const central = await createDatabase('CREATE TABLE account (id serial, name text)');
  const clinics: TestDatabase[] = [];
  for (const key of ['1', '2', '3', '4', ODD_KEY, 'spare'])
    clinics.push(
      await createDatabase(
        `CREATE TABLE patient (id serial, name text, room_id int); CREATE TABLE room (id serial, name text);
         INSERT INTO patient (name) SELECT 'patient of ${key.replaceAll("'", "''")}' FROM generate_series(1, 3)`,
        key === ODD_KEY ? uniqueName(`a "b" %20 é'`) : undefined,
      ),
    );
  const folder = mkdtempSync(join(tmpdir(), 'runtime-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const app = {
    root: folder,
    modelFactory: 'src/base/ModelFactory',
    clinicId: 'req.user.companyId',
    clinicDb: 'req.clinicDb',
  } as AppConfig;
  const files = [
    ...runtimeFiles(app, MODELS, options, form),
    ...['Patient', 'Room', 'Account'].map((name) => ({
      path: join(folder, `src/models/${name}.${ending}`),
      text: source(name, name === 'Patient' ? PATIENTS[form.kind] : '', form),
    })),
    { path: join(folder, 'package.json'), text: form.kind === 'cjs' ? '{}' : '{ "type": "module" }' },
  ];
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const login = new URL(central.url);
  const register = (key: string, database: string, state: ClinicState = 'active'): Promise<void> =>
    withSession(central.url, (session) =>
      saveEntry(session, {
        key,
        label: key,
        state,
        server: 'main',
        ...endpointOf(central.url),
        database,
        role: decodeURIComponent(login.username),
        password: encryptPassword(decodeURIComponent(login.password), key, SECRET),
        schemaFingerprint: '',
      }),
    );
  await withSession(central.url, (session) => ensureRegistry(session));
  for (const [at, key] of ['1', '2', '3', '4', ODD_KEY].entries())
    await register(key, clinics[at]?.name ?? '');
  process.env.CENTRAL_DATABASE_URL = central.url;
  process.env.CLINIC_MIGRATE_KEY = SECRET.toString('base64');
  // Two clinics at once, so that the third has to wait or to push one out.
  process.env.CLINIC_CONNECTIONS_MAX = '4';
  process.env.CLINIC_POOL_MAX = '2';
  const require = createRequire(join(folder, 'server.js'));
  return {
    folder,
    central,
    clinics,
    register,
    load: () => {
      for (const path of Object.keys(require.cache))
        if (path.includes(`${folder}/src`)) delete require.cache[path];
      return {
        manager: require('./src/base/connectionManager'),
        ModelFactory: require('./src/base/ModelFactory'),
        Repository: require('./src/base/Repository'),
        routing: require('./src/middleware/clinicRoutingMiddleware'),
      };
    },
    remove: async () => {
      rmSync(folder, { recursive: true });
      for (const database of [central, ...clinics]) await database.drop();
    },
  };
}

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import express from 'express';
import type { Model, ModelStatic, Sequelize } from 'sequelize';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModels } from '../../src/project/models/registry.js';
import { openProject } from '../../src/project/source/open-project.js';
import { runtimeFiles } from '../../src/templates/runtime-files.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { readCases } from './case.js';
import { inputFor } from './fixture.js';

const PROJECT = join(import.meta.dirname, '../..');

interface Row extends Model {
  readonly [name: string]: unknown;
  $get(alias: string): Promise<unknown>;
  $add(alias: string, other: unknown): Promise<unknown>;
}

interface Definition {
  define(sequelize: Sequelize): ModelStatic<Row>;
  associate(clinicDb: Sequelize): void;
}

interface Application {
  getModel(connection: Sequelize, name: string): Promise<ModelStatic<Row> & Record<string, unknown>>;
  load(path: string): Record<string, unknown>;
}

const folders: string[] = [];
const databases: TestDatabase[] = [];
const connections: Sequelize[] = [];
let connect: (url: string) => Sequelize;
let one: Sequelize;
let other: Sequelize;

beforeAll(async () => {
  for (const _ of [1, 2]) databases.push(await createDatabase(''));
});

afterAll(async () => {
  for (const connection of connections) await connection.close();
  for (const database of databases) await database.drop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A case after the codemod, with the runtime files that scaffold writes, compiled for Node. */
function applicationOf(name: string): Application {
  const found = readCases().find((each) => each.name === name && each.codemod === 'models');
  if (found === undefined) throw new Error(`there is no case ${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'decorated-'));
  folders.push(folder);
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  const { sources, app, facts } = inputFor(found.expected);
  const models = readModels(openProject(sources, app), app, facts);
  const form = { kind: 'ts', ending: '', hasDecorators: true } as const;
  const runtime = runtimeFiles(app, models, '{ logging: false }', form);
  for (const [path, text] of [...found.expected, ...runtime.map(({ path, text }) => [path, text] as const)]) {
    if (!path.endsWith('.ts')) continue;
    const to = join(folder, path.replace('/app/', '').replace(/\.ts$/, '.js'));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, compiled(text));
  }
  const require = createRequire(join(folder, 'server.js'));
  const { Sequelize } = require('sequelize') as {
    Sequelize: new (url: string, options: object) => Sequelize;
  };
  connect = (url) => {
    const connection = new Sequelize(url, { logging: false });
    connections.push(connection);
    return connection;
  };
  return { ...(require('./src/base/ModelFactory') as Application), load: (path) => require(path) };
}

function compiled(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      esModuleInterop: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  }).outputText;
}

/** The application with a connection to each of two clinics' databases, whose tables are made anew. */
async function withTwoClinics(name: string, model: string): Promise<Application> {
  const application = applicationOf(name);
  [one, other] = databases.map(({ url }) => connect(url)) as [Sequelize, Sequelize];
  for (const connection of [one, other]) {
    await application.getModel(connection, model);
    await connection.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await connection.sync();
  }
  return application;
}

describe('models with decorators, after the codemod', () => {
  it('answer each clinic with its own rows, through associations of every kind', async () => {
    const { getModel, load } = await withTwoClinics('decorators-through-another.ts', 'Patient');
    for (const [connection, name] of [
      [one, 'Ada'],
      [other, 'Bob'],
    ] as const) {
      const [Patient, Drug] = [await getModel(connection, 'Patient'), await getModel(connection, 'Drug')];
      const guardian = await Patient.create({ name: `guardian of ${name}` });
      const patient = await Patient.create({ name, guardianId: guardian.get('id') });
      await patient.$add('drugs', await Drug.create({ name: `drug of ${name}` }));
    }
    const app = express();
    app.use(express.json());
    app.use((req, _res, next) => {
      Object.assign(req, { clinicDb: req.headers['x-clinic'] === 'other' ? other : one });
      next();
    });
    app.use(load('./src/routes/patients').default as express.Router);
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const ask = async (path: string, clinic: string, init: RequestInit = {}): Promise<Response> =>
        fetch(base + path, { ...init, headers: { 'content-type': 'application/json', 'x-clinic': clinic } });
      const drugId = { method: 'POST', body: JSON.stringify({ drugId: 1 }) };
      expect((await ask('/1/drugs', 'one', drugId)).status).toBe(204);
      expect(await (await ask('/1', 'one')).json()).toEqual({ names: ['drug of Ada'], wards: 1 });
      expect(await (await ask('/2', 'one')).json()).toEqual({ names: ['drug of Ada'], wards: 0 });
      expect(await (await ask('/1', 'other')).json()).toEqual({ names: [], wards: 1 });
      expect(await (await ask('/2', 'other')).json()).toEqual({ names: ['drug of Bob'], wards: 0 });
    } finally {
      server.close();
    }
  });

  it('bind every class they name to their own connection', async () => {
    const { getModel, load } = await withTwoClinics('decorators-through-another.ts', 'Patient');
    const { Patient: written } = load('./src/models/Patient') as { Patient: ModelStatic<Row> };
    for (const connection of [one, other]) {
      const Patient = await getModel(connection, 'Patient');
      expect(Object.keys(Patient.associations).sort()).toEqual(['drugs', 'guardian', 'wards']);
      for (const { target } of Object.values(Patient.associations)) expect(target.sequelize).toBe(connection);
      for (const bound of Object.values(connection.models)) expect(bound.sequelize).toBe(connection);
      expect(Patient.build({})).toBeInstanceOf(written);
      expect(await Patient.findAll()).toEqual([]);
    }
    expect(() => written.findAll()).toThrow('cannot be called');
  });

  it('run hooks, statics and methods on their own connection', async () => {
    const { getModel } = await withTwoClinics('decorators-hooks-and-methods.ts', 'Appointment');
    const visits = async (connection: Sequelize): Promise<unknown[]> =>
      (await (await getModel(connection, 'Patient')).findAll()).map((patient) => patient.get('visits'));
    for (const connection of [one, other]) await (await getModel(connection, 'Patient')).create({});
    const Appointment = await getModel(one, 'Appointment');
    const at = new Date(Date.now() + 1e9);
    const first = await Appointment.create({ at, patientId: 1 });
    await Appointment.create({ at, patientId: 1 });
    expect([await visits(one), await visits(other)]).toEqual([[2], [0]]);
    expect(await (first as unknown as { others(): Promise<number> }).others()).toBe(1);
    const upcoming = Appointment['upcoming'] as () => Promise<Row[]>;
    expect(await upcoming.call(Appointment)).toHaveLength(2);
    expect(await upcoming.call(await getModel(other, 'Appointment'))).toHaveLength(0);
  });

  it('include the models of their own connection by their scopes', async () => {
    const { getModel } = await withTwoClinics('decorators-scopes.ts', 'Patient');
    const at = new Date(1e12);
    for (const connection of [one, other]) {
      const patient = await (await getModel(connection, 'Patient')).create({ name: 'Ada', notes: 'none' });
      await (await getModel(connection, 'Appointment')).create({ at, patientId: patient.get('id') });
    }
    for (const connection of [one, other]) {
      const Patient = await getModel(connection, 'Patient');
      for (const scope of ['withVisits', { method: ['visitedSince', at] as [string, Date] }]) {
        const [patient] = await Patient.scope(scope).findAll();
        const [visit] = (patient?.get('appointments') ?? []) as Row[];
        expect(visit?.sequelize).toBe(connection);
        expect(visit).toBeInstanceOf(connection.models['Appointment']);
      }
      expect((await Patient.findAll()).flatMap((patient) => Object.keys(patient.get()))).not.toContain(
        'notes',
      );
    }
  });

  it("leave out what the clinic table's model has no partner for", () => {
    const { load } = applicationOf('decorators-clinic-table.ts');
    const bind = (names: readonly string[]): Sequelize => {
      const connection = connect('postgres://nobody@localhost:1/none');
      const definitions = names.map((name) => load(`./src/models/${name}`).default as Definition);
      for (const { define } of definitions) define(connection);
      for (const { associate } of definitions) associate(connection);
      return connection;
    };
    expect(Object.keys(bind(['Company', 'User']).models['Company']?.associations ?? {})).toEqual(['users']);
    expect(Object.keys(bind(['Company', 'Patient']).models['Company']?.associations ?? {})).toEqual([
      'patients',
    ]);
  });
});

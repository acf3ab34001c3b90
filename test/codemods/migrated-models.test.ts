import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Model, type ModelStatic, Sequelize } from 'sequelize';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Case, readCases } from './case.js';

const PROJECT = join(import.meta.dirname, '../..');

interface Definition {
  define(sequelize: Sequelize): ModelStatic<Model>;
  associate?(clinicDb: Sequelize): void;
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'models-'));
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Loads a fixture's migrated models and binds them to a connection of their own; nothing connects. */
function bind(fixture: string, names: readonly string[]): Sequelize {
  for (const side of ['input', 'expected'])
    cpSync(join(PROJECT, 'fixtures/codemods', fixture, side), folder, { recursive: true });
  const require = createRequire(join(folder, 'app.js'));
  const sequelize = new Sequelize('postgres://nobody@localhost:1/none', { logging: false });
  const definitions = names.map((name) => require(`./src/models/${name}.js`) as Definition);
  for (const { define } of definitions) define(sequelize);
  for (const { associate } of definitions) associate?.(sequelize);
  return sequelize;
}

describe('models after the codemod', () => {
  it('keep their associations, those that cross databases aside', () => {
    const { models } = bind('models/guide-index', ['Patient', 'Appointment']);
    expect(Object.keys(models.Patient?.associations ?? {})).toEqual(['appointments']);
    expect(Object.keys(models.Appointment?.associations ?? {})).toEqual(['Patient']);
  });

  it('make a class of their own for each connection', () => {
    const names = ['patient', 'appointment', 'drug', 'prescription'];
    const [one, other] = [bind('models/cli-class', names), bind('models/cli-class', names)];
    expect(one.models.Patient).not.toBe(other.models.Patient);
    expect(one.models.Patient?.sequelize).toBe(one);
    expect(other.models.Patient?.sequelize).toBe(other);
    expect(Object.keys(one.models.Patient?.associations ?? {})).toEqual(['appointments', 'Drugs']);
  });

  it("keep the clinic table's model usable on the central connection, where clinic models are missing", () => {
    const { models } = bind('models/global-connection', ['Company', 'User', 'AuditLog']);
    expect(Object.keys(models.Company?.associations ?? {})).toEqual(['Users']);
  });
});

/** A case's migrated models, bound to a connection of their own, by the order of their files. */
function bindCase({ expected }: Case): Sequelize {
  for (const [path, text] of expected) {
    const to = join(folder, path.replace('/app/', ''));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, text);
  }
  const require = createRequire(join(folder, 'app.js'));
  const sequelize = new Sequelize('postgres://nobody@localhost:1/none', { logging: false });
  const definitions = [...expected]
    .filter(([path, text]) => /\/models\/.*\.js$/.test(path) && /^ {2}define: /m.test(text))
    .map(([path]) => require(join(folder, path.replace('/app/', ''))) as Definition);
  for (const { define } of definitions) define(sequelize);
  for (const { associate } of definitions) associate?.(sequelize);
  return sequelize;
}

const cases = new Map(
  readCases()
    .filter(({ codemod, name }) => codemod === 'models' && name.endsWith('.cjs'))
    .map((one) => [one.name, one]),
);

function caseOf(name: string): Case {
  const found = cases.get(name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
}

describe('the models of a CommonJS case', () => {
  it.each([...cases.keys()])('%s: run, each connection with classes of its own', (name) => {
    const [one, other] = [bindCase(caseOf(name)), bindCase(caseOf(name))];
    expect(Object.keys(one.models).length).toBeGreaterThan(3);
    for (const [key, model] of Object.entries(one.models)) {
      expect(model.sequelize, key).toBe(one);
      expect(other.models[key]?.sequelize, key).toBe(other);
      expect(model.build({}), key).toBeInstanceOf(model);
      for (const { target } of Object.values(model.associations)) expect(target.sequelize, key).toBe(one);
    }
  });

  it('keep their statics, scopes and methods', () => {
    const { User } = bindCase(caseOf('statics-and-scopes.cjs')).models;
    expect(User).toHaveProperty('isEmailTaken', expect.any(Function));
    expect(User?.prototype).toHaveProperty('isStaff', expect.any(Function));
    expect(Object.keys(User?.options.scopes ?? {})).toEqual(['staff', 'byRole']);
  });

  it('keep what a class is and has', () => {
    const { Patient } = bindCase(caseOf('factory-with-init.cjs')).models;
    expect(Patient?.build({ id: 7, name: 'Ada' }).toJSON()).toMatchObject({ label: '#7 Ada' });
    expect(Object.keys(Patient?.associations ?? {})).toEqual(['visits']);
  });

  it('reach each other through their own connection', async () => {
    const { models } = bindCase(caseOf('hook-of-imported-model.cjs'));
    const asked: unknown[] = [];
    Object.assign(models.Patient ?? {}, { findByPk: async (id: unknown) => asked.push(id) });
    const appointment = models.Appointment?.build({ patientId: 3 }) as unknown as {
      patient(): Promise<unknown>;
    };
    await appointment.patient();
    expect(asked).toEqual([3]);
  });
});

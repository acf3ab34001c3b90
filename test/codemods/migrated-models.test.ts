import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Model, type ModelStatic, Sequelize } from 'sequelize';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

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
    const { models } = bind('associations/guide-index', ['Patient', 'Appointment']);
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

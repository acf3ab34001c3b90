import { describe, expect, it } from 'vitest';
import type { AppConfig, Scope } from '../../../src/config/types.js';
import { readModels } from '../../../src/project/models/registry.js';
import { openProject } from '../../../src/project/source/open-project.js';
import { areApart, databasesOf } from '../../../src/project/types.js';
import { appConfig } from '../../support/app-config.js';

const APP = appConfig('/app');

function read(
  files: Record<string, string>,
  scopes: Record<string, Scope> = {},
  app: Partial<AppConfig> = {},
) {
  const texts = new Map(Object.entries(files).map(([path, text]) => [`/app/${path}`, text]));
  const settings = { ...APP, ...app };
  const facts = { scopes: new Map(Object.entries(scopes)), clinicTable: 'public.companies' };
  return readModels(openProject({ texts, manifest: undefined }, settings), settings, facts);
}

const define = (name: string, options = ''): string =>
  `module.exports = (sequelize) => sequelize.define('${name}', {}${options && `, ${options}`});`;

describe('readModels', () => {
  it("names a model's table by Sequelize's own rules", () => {
    const models = read({
      'src/models/a.js': define('Category'),
      'src/models/b.js': define('AppointmentItem', '{ underscored: true }'),
      'src/models/c.js': define('Person', "{ tableName: 'staff' }"),
      'src/models/d.js': define('Invoice', '{ freezeTableName: true }'),
    });
    expect(models.map(({ tableName }) => tableName)).toEqual([
      'Categories',
      'appointment_items',
      'staff',
      'Invoice',
    ]);
  });

  it('takes over what the connection gives to every model', () => {
    const config = 'module.exports = new Sequelize(url, { define: { underscored: true } });';
    const [model] = read({ 'src/config.js': config, 'src/models/a.js': define('AuditLog') });
    expect(model?.tableName).toBe('audit_logs');
  });

  it('finds the scope by the table, whatever schema or case it is known under; the configuration decides', () => {
    const files = {
      'src/models/a.js': define('AuditLog'),
      'src/models/b.js': define('Drug'),
      'src/models/c.js': define('Room'),
    };
    const scopes: Record<string, Scope> = { 'public.audit_logs': 'central', drugs: 'shared' };
    expect(read(files, scopes).map(({ scope }) => scope)).toEqual(['central', 'shared', 'clinic']);
    expect(read(files, scopes, { modelScopes: { Room: 'central' } })[2]?.scope).toBe('central');
  });

  it("knows the clinic table's model to live on both sides", () => {
    const [company, patient, user] = read(
      {
        'src/models/a.js': define('Company'),
        'src/models/b.js': define('Patient'),
        'src/models/c.js': define('User'),
      },
      { users: 'central' },
    );
    if (company === undefined || patient === undefined || user === undefined) throw new Error('three models');
    expect(databasesOf(company)).toEqual(['clinic', 'central']);
    expect([areApart(company, patient), areApart(company, user), areApart(patient, user)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('finds classes with init, TypeScript, decorators and migrated files', () => {
    const models = read({
      'src/models/a.js':
        "class A extends Model {}\nA.init({}, { sequelize, modelName: 'Alpha' });\nmodule.exports = A;",
      'src/models/b.ts': "@Table({ tableName: 'bees' })\nexport class B extends Model {}",
      'src/models/e.ts': "@orm.Table({ modelName: 'Epsilon' })\nexport class E extends orm.Model {}",
      'src/models/c.js': "module.exports = { define: (sequelize) => sequelize.define('C', {}) };",
      'src/models/d.js':
        'class D extends Model { static init(s) { return super.init({}, { sequelize: s }); } }\nmodule.exports = D;',
    });
    expect(models.map(({ name, file }) => `${name} ${file}`)).toEqual([
      'Alpha src/models/a.js',
      'B src/models/b.ts',
      'Epsilon src/models/e.ts',
      'C src/models/c.js',
      'D src/models/d.js',
    ]);
  });
});

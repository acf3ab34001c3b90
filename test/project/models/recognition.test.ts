import { describe, expect, it } from 'vitest';
import { readRegistry } from '../../../src/project/models/registry.js';
import { locationOf } from '../../../src/project/source/nodes.js';
import { openProject } from '../../../src/project/source/open-project.js';
import { appConfig } from '../../support/app-config.js';

const APP = appConfig('/app');

/** `Name file` of every model, and `file:line` of what is made under a name that nothing tells. */
function read(files: Record<string, string>): { models: string[]; unnamed: string[] } {
  const texts = new Map(Object.entries(files).map(([path, text]) => [`/app/${path}`, text]));
  const facts = { scopes: new Map(), clinicTable: undefined };
  const { models, unnamed } = readRegistry(openProject({ texts, manifest: undefined }, APP), APP, facts);
  return {
    models: models.map(({ name, file }) => `${name} ${file}`),
    unnamed: unnamed.map((node) => {
      const { file, line } = locationOf(node);
      return `${file.replace('/app/', '')}:${line}`;
    }),
  };
}

const modelsOf = (files: Record<string, string>): string[] => read(files).models;

describe("a model's name", () => {
  const define = (name: string): string => `module.exports = (s) => s.define(${name}, {});`;

  it('may be a member of a constant in another file, however that is exported', () => {
    expect(
      modelsOf({
        'tables.js': "module.exports = { patient: 'Patient', nested: { bed: 'Bed' } };",
        'names.js': "exports.WARD = 'Ward';\nexports.LIST = Object.freeze({ drug: 'Drug' });",
        'all.js': "const tables = require('./tables');\nmodule.exports = { ...tables, extra: 'Extra' };",
        'a.js': `const tables = require('./tables');\n${define('tables.patient')}`,
        'b.js': `const { nested } = require('./tables');\n${define("nested['bed']")}`,
        'c.js': `const { WARD: name } = require('./names');\n${define('name')}`,
        'd.js': define("require('./names').LIST.drug"),
        'e.js': `const all = require('./all');\n${define('all.extra')}`,
        'f.js': `var prefix = 'Old';\n${define('`${prefix}Note`')}`,
        'g.js': `const prefix = 'Old';\n${define("prefix + 'File'")}`,
      }),
    ).toEqual([
      'Patient a.js',
      'Bed b.js',
      'Ward c.js',
      'Drug d.js',
      'Extra e.js',
      'OldNote f.js',
      'OldFile g.js',
    ]);
  });

  it('may be a constant of an ES module, or a member of an enum', () => {
    expect(
      modelsOf({
        'tables.ts': "export const tables = { patient: 'Patient' } as const;\nexport default { bed: 'Bed' };",
        'tables-enum.ts': "export enum Tables { Ward = 'Ward' }",
        'index.ts': "export * from './tables';\nexport { Tables as T } from './tables-enum';",
        'a.ts': "import { tables } from './index';\nexport default (s) => s.define(tables.patient, {});",
        'b.ts': "import names from './tables.js';\nexport default (s) => s.define(names.bed, {});",
        'c.ts': "import { T } from './index';\nexport default (s) => s.define(T.Ward, {});",
        'd.ts':
          "import * as all from './index';\nexport default (s) => s.define(all.tables.patient + 'Note', {});",
      }),
    ).toEqual(['Patient a.ts', 'Bed b.ts', 'Ward c.ts', 'PatientNote d.ts']);
  });

  it('is given to init the same way', () => {
    const text = `const { Model } = require('sequelize');
const names = { patient: 'Patient' };
class P extends Model {}
P.init({}, { sequelize, modelName: names.patient });
module.exports = P;`;
    expect(modelsOf({ 'p.js': text })).toEqual(['Patient p.js']);
  });

  it('is not known where it is computed, is assigned again or is defined through itself', () => {
    const text = `const a = b; const b = a;
let name = 'Patient';
name = process.env.NAME;
sequelize.define(name, {});
sequelize.define(a, {});
for (const [one, columns] of Object.entries(tables)) sequelize.define(one, columns);`;
    expect(read({ 'a.js': text })).toEqual({ models: [], unnamed: ['a.js:4', 'a.js:5', 'a.js:6'] });
  });

  it('is not that of a job or of a custom element', () => {
    const text = `const agenda = new Agenda();
agenda.define('send mail', { priority: 'high' }, async (job) => {});
agenda.define(name, options);
customElements.define('x-patient', PatientElement);
const work = () => {};
queue.define('report', work);`;
    expect(read({ 'a.js': text })).toEqual({ models: [], unnamed: [] });
  });
});

describe('a helper that makes models', () => {
  it('is followed to each of its calls, through another helper and by parts of an object', () => {
    expect(
      read({
        'make.js': 'module.exports = (sequelize, name, fields) => sequelize.define(name, fields);',
        'audited.js': "const make = require('./make');\nexports.audited = (s, name) => make(s, name, {});",
        'by-object.js': 'exports.build = ({ name, fields }) => sequelize.define(name, fields);',
        'models/a.js': "module.exports = require('../make')(sequelize, 'Bed', {});",
        'models/b.js':
          "const { audited } = require('../audited');\nmodule.exports = audited(sequelize, 'Note');",
        'models/c.js':
          "const { build } = require('../by-object');\nmodule.exports = build({ name: 'Ward', fields: {} });",
      }),
    ).toEqual({ models: ['Bed models/a.js', 'Note models/b.js', 'Ward models/c.js'], unnamed: [] });
  });

  it('may return a class', () => {
    const make = `import { Model } from 'sequelize';
export function makeModel(name, columns) {
  class Made extends Model {}
  Made.init(columns, { sequelize, modelName: name });
  return Made;
}`;
    const files = {
      'make.js': make,
      'models/a.js': "import { makeModel } from '../make.js';\nexport const Bed = makeModel('Bed', {});",
    };
    expect(read(files)).toEqual({ models: ['Bed models/a.js'], unnamed: [] });
  });

  it('is unknown where a call gives a name that is not, or no call is seen', () => {
    expect(
      read({
        'make.js': 'module.exports = (sequelize, name) => sequelize.define(name, {});',
        'models/a.js': "const make = require('../make');\nfor (const one of names) make(sequelize, one);",
        'models/b.js': 'exports.lost = (sequelize, name) => sequelize.define(name, {});',
      }),
    ).toEqual({ models: [], unnamed: ['models/a.js:2', 'models/b.js:1'] });
  });
});

describe('a class of Sequelize', () => {
  it('may be bound in another file or by a function; one that nobody binds is unknown', () => {
    expect(
      read({
        'models/a.js': `const { Model } = require('sequelize');
class Patient extends Model {}
const initModel = (sequelize) => { Patient.init({}, { sequelize }); };
module.exports = { Patient, initModel };`,
        'models/b.js':
          "const { Model } = require('sequelize');\nmodule.exports = class Ward extends Model {};",
        'models/c.js': `const { Model } = require('sequelize');
class Base extends Model {}
module.exports = class Lost extends Base {};
class Alone extends Model {}`,
        'bind.js': "const Ward = require('./models/b');\nWard.init({}, { sequelize });",
      }),
    ).toEqual({
      models: ['Patient models/a.js', 'Ward models/b.js'],
      unnamed: ['models/c.js:3', 'models/c.js:4'],
    });
  });
});

it('takes what a script defines for itself for the model of that name, and not for another one', () => {
  const facts = { scopes: new Map(), clinicTable: undefined };
  const texts = new Map([
    ['/app/seed.js', "const User = sequelize.define('User', {});\nUser.create({});"],
    ['/app/src/models/User.js', "module.exports = (s) => s.define('User', { email: 1 });"],
  ]);
  const { models, inFile, byNode } = readRegistry(
    openProject({ texts, manifest: undefined }, APP),
    APP,
    facts,
  );
  expect(models.map(({ file }) => file)).toEqual(['src/models/User.js']);
  expect([...inFile.keys()].map(({ fileName }) => fileName)).toEqual(['/app/src/models/User.js']);
  expect(byNode.size).toBe(2);
});

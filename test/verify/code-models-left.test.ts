import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../../src/config/types.js';
import { readModels } from '../../src/project/models/registry.js';
import { openProject } from '../../src/project/source/open-project.js';
import { runtimeFiles } from '../../src/templates/runtime-files.js';
import { verifyCode } from '../../src/verify/code.js';
import { inputFor } from '../codemods/fixture.js';

/** What is said of an application's models, with the runtime files that scaffold writes for it. */
function saidOf(
  files: Readonly<Record<string, string>>,
  kind: 'cjs' | 'esm' = 'cjs',
  modelScopes: AppConfig['modelScopes'] = {},
): string[] {
  const all = new Map(Object.entries(files).map(([path, text]) => [`/app/${path}`, text]));
  const { app, sources, facts } = inputFor(all, { modelScopes });
  const models = readModels(openProject(sources, app), app, facts);
  for (const { path, text } of runtimeFiles(app, models, '{}', { kind })) all.set(path, text);
  const found = verifyCode({ app, facts, sources: inputFor(all).sources });
  return found.flatMap(({ code, subject, location, severity }) =>
    severity === 'error' ? [`${code} ${subject} ${location?.file.slice(5)}:${location?.line}`] : [],
  );
}

const MIGRATED = `const { DataTypes } = require('sequelize');
module.exports = { define: (sequelize) => sequelize.define('Visit', { name: DataTypes.STRING }) };
`;

const STORE = `class Store {
  constructor(database) {
    this.model = database.patient;
  }

  add(row) {
    return this.model.create(row);
  }
}
`;

describe('verify code, of models that ModelFactory cannot make', () => {
  it.each([
    [
      'a class that is exported made',
      `const { Sequelize } = require('sequelize');
module.exports = new (class Database {
  constructor() {
    this.db = new Sequelize(process.env.URL);
    this.patient = this.db.define('patients', {});
    this.visit = this.db.define('visits', {});
  }
})();
`,
    ],
    [
      'a class that others make',
      `const Sequelize = require('sequelize');
class Database {
  connect() {
    this.db = new Sequelize(process.env.URL);
    this.patient = this.db.define('patients', {});
  }
}
module.exports = Database;
`,
    ],
  ])('is not silent about %s', (_, text) => {
    const said = saidOf({ 'src/database.js': text, 'src/store.js': `${STORE}module.exports = Store;\n` });
    expect(said).toEqual(['ISOLATION_NOT_REGISTERED patients src/database.js:5']);
  });

  it('is not silent about one of ES modules', () => {
    const text = `import { Sequelize } from 'sequelize';
export default new (class {
  db = new Sequelize(process.env.URL);
  patient = this.db.define('patients', {});
})();
`;
    expect(saidOf({ 'src/database.js': text, 'src/store.js': `export default ${STORE}` }, 'esm')).toEqual([
      'ISOLATION_NOT_REGISTERED patients src/database.js:4',
    ]);
  });

  it('leaves a model that is made by what its file exports by name', () => {
    const text = `const { DataTypes } = require('sequelize');
exports.define = (sequelize) => sequelize.define('Visit', { name: DataTypes.STRING });
exports.associate = () => {};
`;
    expect(saidOf({ 'src/models/Visit.js': text })).toEqual([]);
  });

  it('leaves it to the places that use the model of the one connection, where they are seen', () => {
    const model = `const { Sequelize } = require('sequelize');
const sequelize = new Sequelize(process.env.URL);
module.exports = sequelize.define('Visit', {});
`;
    const route = `const Visit = require('./models/Visit');
exports.list = (req, res) => Visit.findAll().then((rows) => res.json(rows));
`;
    const said = saidOf({ 'src/models/Visit.js': model, 'src/list.js': route });
    expect(said.filter((one) => one.includes('NOT_REGISTERED'))).toEqual([]);
    expect(said.filter((one) => one.includes('GLOBAL_MODEL'))).toEqual([
      'ISOLATION_GLOBAL_MODEL undefined src/list.js:2',
    ]);
  });

  it('leaves it to a connection that is reported, and leaves another database alone', () => {
    const warehouse = `const { Sequelize } = require('sequelize');
const warehouse = new Sequelize(process.env.WAREHOUSE_URL);
exports.Fact = warehouse.define('Fact', {});
`;
    const files = { 'src/models/Visit.js': MIGRATED, 'src/warehouse.js': warehouse };
    expect(saidOf(files)).toEqual(['ISOLATION_GLOBAL_CONNECTION undefined src/warehouse.js:3']);
    expect(saidOf(files, 'cjs', { Fact: 'ignored' })).toEqual([]);
  });
});

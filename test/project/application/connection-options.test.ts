import { describe, expect, test } from 'vitest';
import { optionsFiles } from '../../../src/project/application/connection-config.js';
import { readConnectionOptions } from '../../../src/project/application/connection-options.js';
import { openProject } from '../../../src/project/source/open-project.js';
import { appConfig } from '../../support/app-config.js';

const CLI = `
const env = process.env.NODE_ENV || 'development';
const config = require(__dirname + '/../config/config.json')[env];
let sequelize;
if (config.use_env_variable) {
  sequelize = new Sequelize(process.env[config.use_env_variable], config);
} else {
  sequelize = new Sequelize(config.database, config.username, config.password, config);
}
`;

function read(files: Record<string, string>) {
  const texts = new Map(Object.entries(files).map(([path, text]) => [`/app/${path}`, text]));
  const isJson = (path: string): boolean => path.endsWith('.json');
  const project = openProject(
    { texts: new Map([...texts].filter(([path]) => !isJson(path))), manifest: undefined },
    appConfig('/app'),
  );
  return readConnectionOptions(
    project,
    new Map(
      optionsFiles(project).flatMap((path) => (texts.has(path) ? [[path, texts.get(path) ?? '']] : [])),
    ),
  );
}

describe('the options of the application’s connection', () => {
  test('are read where they are written', () => {
    expect(
      read({ 'db.js': "new Sequelize(url, { logging: false, host: 'h', define: { underscored: true } })" }),
    ).toEqual({ text: '{ logging: false, define: { underscored: true } }', left: [] });
    expect(read({ 'db.js': 'new Sequelize(url)' })).toEqual({ text: '{ logging: false }', left: [] });
    expect(read({ 'db.js': 'new Sequelize(url, { logging: log })' })).toEqual({
      text: '{}',
      left: ['logging'],
    });
  });

  test('are read from the configuration of sequelize-cli, production’s before others', () => {
    const config = {
      development: { username: 'root', password: null, dialect: 'postgres' },
      production: {
        use_env_variable: 'URL',
        dialect: 'postgres',
        logging: false,
        define: { underscored: true },
      },
    };
    expect(read({ 'models/index.js': CLI, 'config/config.json': JSON.stringify(config) })).toEqual({
      text: '{ logging: false, define: {"underscored":true} }',
      left: [],
    });
  });

  test('are followed through a file of settings, its constants and what they spread', () => {
    const settings = `
const common = { dialect: 'postgres', logging: console.log, timezone: '+01:00' };
const development = { ...common };
module.exports = { development, production: { ...common, logging: false } };`;
    const lines = [
      "const config = require('../config/config')[env];",
      "const config = require(path.join(__dirname, '..', 'config', 'config.js'))[env];",
      "const config = require('../config/config.js').production;",
    ];
    for (const line of lines)
      expect(
        read({ 'models/index.js': `${line} new Sequelize(url, config)`, 'config/config.js': settings }),
      ).toEqual({
        text: "{ timezone: '+01:00', logging: false }",
        left: [],
      });
    const line = "const config = require('../config/config').development;";
    expect(
      read({ 'models/index.js': `${line} new Sequelize(url, config)`, 'config/config.js': settings }),
    ).toEqual({
      text: "{ timezone: '+01:00' }",
      left: ['logging'],
    });
    expect(
      read({
        'src/models/index.ts':
          "import config from '../config.js'; new Sequelize({ ...config, logging: false })",
        'src/config.ts': "export default { define: { schema: 'app' } };",
      }),
    ).toEqual({ text: "{ define: { schema: 'app' }, logging: false }", left: [] });
  });

  test('that nothing tells of are named', () => {
    expect(read({ 'db.js': 'new Sequelize(url, makeOptions())' })).toEqual({
      text: '{ logging: false }',
      left: ['makeOptions()'],
    });
    expect(read({ 'models/index.js': CLI })).toEqual({ text: '{ logging: false }', left: ['config'] });
    expect(read({ 'db.js': 'new Sequelize(url, { ...defaults, logging: false })' })).toEqual({
      text: '{ logging: false }',
      left: ['...defaults'],
    });
  });
});

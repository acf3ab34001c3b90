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

function readAll(files: Record<string, string>, hasRequire = true, taken: string[] = []) {
  const texts = new Map(Object.entries(files).map(([path, text]) => [`/app/${path}`, text]));
  const isJson = (path: string): boolean => path.endsWith('.json');
  const project = openProject(
    { texts: new Map([...texts].filter(([path]) => !isJson(path))), manifest: undefined },
    appConfig('/app'),
  );
  return readConnectionOptions(
    project,
    { folder: '/app/src/base', hasRequire, taken: new Set(taken) },
    new Map(
      optionsFiles(project).flatMap((path) => (texts.has(path) ? [[path, texts.get(path) ?? '']] : [])),
    ),
  );
}

/** The options where nothing has to stand before them. */
function read(files: Record<string, string>) {
  const { text, statements, isWhole, left } = readAll(files);
  expect({ statements, isWhole }).toEqual({ statements: [], isWhole: false });
  return { text, left };
}

/** The statements and the options, of an application whose connection is in db.js. */
function carried(db: string, others: Record<string, string> = {}, hasRequire = true, taken?: string[]) {
  const { text, statements, isWhole, left } = readAll({ ...others, 'db.js': db }, hasRequire, taken);
  return [...statements, isWhole ? `own(${text})` : text, ...left.map((one) => `left: ${one}`)];
}

const SETTINGS = {
  'config/config.js': `module.exports = {
    development: { url: process.env.DB, dialect: 'postgres' },
    production: { url: process.env.DB, dialectOptions: { ssl: { require: true } } },
  };`,
};
const BY_ENVIRONMENT = "require('./config/config')[process.env.NODE_ENV || 'development']";

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

  test('are taken from a pool but for its size', () => {
    expect(read({ 'db.js': 'new Sequelize(url, { pool: { max: 5, idle: 10_000 } })' }).text).toBe(
      '{ pool: { idle: 10_000 } }',
    );
    expect(read({ 'db.js': 'new Sequelize(url, { pool: { max: 5, min: 1 } })' }).text).toBe('{}');
  });

  test('keep their comments, and the lines that those end', () => {
    const { text } = read({
      'db.js': `new Sequelize(url, {
        logging: false, // quiet
        // above
        define: {
          // underscored: true, old tables have camelCase
          timestamps: true, // adds createdAt and updatedAt
        },
        dialectOptions: {
          application_name: 'ours',
        },
      })`,
    });
    expect(text).toBe(`{
  logging: false,
  define: {
    // underscored: true, old tables have camelCase
    timestamps: true, // adds createdAt and updatedAt
  },
  dialectOptions: { application_name: 'ours' },
}`);
    const lines = '{ dialectOptions: { options: `-c a=1\n   -c b=2` } }';
    expect(read({ 'db.js': `new Sequelize(url, ${lines})` }).text).toContain('`-c a=1\n   -c b=2`');
  });

  test('are read from the configuration of sequelize-cli, where all environments have the same', () => {
    const config = {
      development: { username: 'root', password: null, dialect: 'postgres', define: { underscored: true } },
      production: { use_env_variable: 'URL', dialect: 'postgres', define: { underscored: true } },
    };
    expect(read({ 'models/index.js': CLI, 'config/config.json': JSON.stringify(config) })).toEqual({
      text: '{ define: {"underscored":true} }',
      left: [],
    });
  });

  test('are chosen at run time where the application chooses them then', () => {
    const config = {
      development: { username: 'root', password: null, dialect: 'postgres' },
      production: { use_env_variable: 'URL', dialect: 'postgres', logging: false },
    };
    const { statements, text, isWhole } = readAll({
      'models/index.js': CLI,
      'config/config.json': JSON.stringify(config),
    });
    expect([...statements, text, isWhole]).toEqual([
      "const env = process.env.NODE_ENV || 'development';",
      "const config = require('../../config/config.json')[env];",
      'config',
      true,
    ]);
    expect(carried(`const config = ${BY_ENVIRONMENT}; new Sequelize(config.url, config)`, SETTINGS)).toEqual([
      "const config = require('../../config/config')[process.env.NODE_ENV || 'development'];",
      'own(config)',
    ]);
    expect(
      carried(`const all = ${BY_ENVIRONMENT}; new Sequelize({ ...all, logging: false })`, SETTINGS),
    ).toEqual([
      "const all = require('../../config/config')[process.env.NODE_ENV || 'development'];",
      'own({ ...all, logging: false })',
    ]);
  });

  test('are chosen by the same condition', () => {
    expect(
      carried(`const isLive = process.env.NODE_ENV === 'production';
        new Sequelize(process.env.DB, {
          logging: isLive ? false : console.log,
          dialectOptions: isLive ? { ssl: { require: true } } : {},
          ...(isLive && { benchmark: true }),
        })`),
    ).toEqual([
      "const isLive = process.env.NODE_ENV === 'production';",
      `own({
  logging: isLive ? false : console.log,
  dialectOptions: isLive ? { ssl: { require: true } } : {},
  ...(isLive && { benchmark: true }),
})`,
    ]);
  });

  test('bring what they name: files, functions, certificates, .env', () => {
    expect(
      carried(
        `require('dotenv').config();
        const fs = require('fs');
        const path = require('path');
        const { logger } = require('./lib/logger');
        function log(sql) { logger.debug(sql); }
        new Sequelize(process.env.DB, {
          logging: log,
          timezone: process.env.TZ,
          dialectOptions: { ssl: { ca: fs.readFileSync(path.join(__dirname, 'ca.pem')) } },
        })`,
        { 'lib/logger.js': 'exports.logger = console;' },
      ),
    ).toEqual([
      "require('dotenv').config();",
      "const { logger } = require('../../lib/logger');",
      'function log(sql) { logger.debug(sql); }',
      "const fs = require('fs');",
      "const path = require('path');",
      `{
  logging: log,
  timezone: process.env.TZ,
  dialectOptions: { ssl: { ca: fs.readFileSync(path.join(require('node:path').join(__dirname, '../..'), 'ca.pem')) } },
}`,
    ]);
  });

  test.each([
    ["const dotenv = require('dotenv');", 'dotenv.config();', 'dotenv.config();'],
    [
      "const dotenv = require('dotenv');\nconst path = require('path');",
      "dotenv.config({ path: path.resolve('..', '.env') });",
      "dotenv.config({ path: path.resolve('..', '.env') });",
    ],
  ])('read .env behind the names that this takes: %s', (names, reads, read) => {
    const options = '{ logging: process.env.DEBUG ? path.posix.join : false }';
    const path = names.includes('path') ? '' : "const path = require('path');\n";
    expect(carried(`${names}\n${path}${reads}\nnew Sequelize(process.env.DB, ${options})`)).toEqual([
      "const dotenv = require('dotenv');",
      ...(path === '' ? ["const path = require('path');", read] : [read, "const path = require('path');"]),
      expect.stringContaining('process.env.DEBUG'),
    ]);
  });

  test('get other names where theirs are taken', () => {
    const db = `const pg = require('./settings'); new Sequelize(url, { logging: pg.log, define: { pg: pg } })`;
    const settings = { 'settings.js': 'exports.log = null;' };
    expect(carried(db, settings, true, ['pg'])).toEqual([
      "const pg2 = require('../../settings');",
      '{ logging: pg2.log, define: { pg: pg2 } }',
    ]);
  });

  test('are imported by ES modules as the application imports them', () => {
    expect(
      carried(
        `import config, { defaults as usual } from './config/index.js';
        import * as all from '#settings/all.js';
        import 'dotenv/config';
        import { fileURLToPath } from 'node:url';
        const env = process.env.NODE_ENV ?? 'development';
        new Sequelize(url, {
          ...config[env as keyof typeof config],
          define: usual,
          retry: all.retry,
          dialectOptions: { ssl: { ca: read(fileURLToPath(import.meta.url)) } },
        })`.replace('read(', 'String('),
        { 'config/index.js': 'export const defaults = {}; export default {};' },
        false,
      ),
    ).toEqual([
      "import 'dotenv/config';",
      "import config from '../../config/index.js';",
      "const env = process.env.NODE_ENV ?? 'development';",
      "import { defaults as usual } from '../../config/index.js';",
      "import * as all from '#settings/all.js';",
      "import { fileURLToPath } from 'node:url';",
      `own({
  ...config[env as keyof typeof config],
  define: usual,
  retry: all.retry,
  dialectOptions: { ssl: { ca: String(fileURLToPath(new URL('../../db.js', import.meta.url).href)) } },
})`,
    ]);
  });

  test('are followed through a file of settings, its constants and what they spread', () => {
    const settings = `
const common = { dialect: 'postgres', logging: console.log, timezone: '+01:00' };
const development = { ...common };
module.exports = { development, production: { ...common, logging: false } };`;
    const line = "const config = require('../config/config.js').production;";
    expect(
      read({
        'models/index.js': `${line} new Sequelize(url, config)`,
        'config/config.js': settings.replace('console.log', 'true'),
      }),
    ).toEqual({ text: "{ timezone: '+01:00', logging: false }", left: [] });
    expect(
      read({
        'src/models/index.ts':
          "import config from '../config.js'; new Sequelize({ ...config, logging: false })",
        'src/config.ts': "export default { define: { schema: 'app' } };",
      }),
    ).toEqual({ text: "{ define: { schema: 'app' }, logging: false }", left: [] });
  });

  test('that nothing tells of are named, and no secret with them', () => {
    expect(read({ 'db.js': "new Sequelize(url, makeOptions('hunter2'))" })).toEqual({
      text: '{ logging: false }',
      left: ["makeOptions('…')"],
    });
    expect(read({ 'db.js': 'new Sequelize(url, { ...defaults, logging: false })' })).toEqual({
      text: '{ logging: false }',
      left: ['...defaults'],
    });
    expect(read({ 'db.js': 'const given = load(); new Sequelize(given)' }).left).toEqual(['given']);
  });

  test.each([
    ['is changed afterwards', 'const a = { logging: false }; if (live) a.ssl = true; new Sequelize(url, a)'],
    ['is handed to who may change it', 'const a = { logging: false }; fill(a); new Sequelize(url, a)'],
    ['is another value later', 'let a = { logging: false }; a = other; new Sequelize(url, a)'],
    ['comes from a file that connects', "const a = require('./connects'); new Sequelize(url, a.options)"],
    ['is a parameter', 'module.exports = (a) => new Sequelize(url, a);'],
    ['waits', 'const a = await load(); new Sequelize(url, a)'],
    ['is defined by itself', 'const a = { ...a }; new Sequelize(url, a)'],
  ])('are left where what they name %s', (_what, db) => {
    const { left } = readAll({
      'db.js': db,
      'connects.js': 'exports.options = {}; exports.db = new Sequelize(process.env.DB, process.env);',
    });
    expect(left).toHaveLength(1);
  });
});

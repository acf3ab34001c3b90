import { describe, expect, it } from 'vitest';
import { refuseUnfit } from '../../../src/project/application/unfit.js';
import { appConfig } from '../../support/app-config.js';

const SEQUELIZE = { sequelize: '^6.37.0' };

function refuse(db: string, dependencies: Record<string, string>): void {
  const texts = new Map([['/app/db.js', `const { Sequelize } = require('sequelize'); ${db}`]]);
  refuseUnfit({ texts, manifest: JSON.stringify({ dependencies }) }, appConfig('/app'));
}

describe('an application that cannot be migrated', () => {
  it.each([
    [
      'its dialect',
      "new Sequelize(url, { dialect: 'mysql' })",
      { pg: '8', ...SEQUELIZE },
      /on MySQL \(.* db\.js/,
    ],
    ['its dialect', "new Sequelize('a', 'b', 'c', { dialect: 'mssql' })", SEQUELIZE, 'on SQL Server'],
    ['its address', "new Sequelize('sqlite::memory:')", SEQUELIZE, 'on SQLite'],
    ['its address', "new Sequelize('mariadb://a@b/c', { logging: false })", SEQUELIZE, 'on MariaDB'],
    [
      'the dialect of every environment',
      "const all = { development: { dialect: 'sqlite' }, production: { dialect: 'mysql' } }; new Sequelize(all[env])",
      SEQUELIZE,
      'on SQLite',
    ],
    ['its driver', 'new Sequelize(process.env.DB)', { mysql2: '3', ...SEQUELIZE }, 'has mysql2, and no pg'],
    ['its version', 'new Sequelize(process.env.DB)', { sequelize: '^4.44.4', pg: '7' }, 'has Sequelize 4,'],
    ['its version', 'new Sequelize(process.env.DB)', { sequelize: '3.x', pg: '7' }, 'has Sequelize 3,'],
    ['its version', '', { '@sequelize/core': '7.0.0-alpha.1', pg: '8' }, 'has Sequelize 7,'],
  ])('is told by %s: %s', (_by, db, dependencies, message) => {
    expect(() => refuse(db, dependencies as Record<string, string>)).toThrow(message);
  });

  it('is told by having no Sequelize', () => {
    const sources = { texts: new Map([['/app/a.js', "require('pg')"]]), manifest: '{}' };
    expect(() => refuseUnfit(sources, appConfig('/app'))).toThrow('does not use Sequelize');
  });

  it.each([
    ['PostgreSQL', "new Sequelize(url, { dialect: 'postgres' })", { mysql2: '3', ...SEQUELIZE }],
    ['nothing known', 'new Sequelize(process.env.DB)', { pg: '8', sqlite3: '5', ...SEQUELIZE }],
    [
      'SQLite in tests',
      "const all = { test: { dialect: 'sqlite' }, production: { dialect: 'postgres' } }; new Sequelize(all[env])",
      SEQUELIZE,
    ],
    [
      'another database beside it',
      "new Sequelize(process.env.DB); new Sequelize(process.env.SHOP, { dialect: 'mysql' })",
      { pg: '8', mysql2: '3', ...SEQUELIZE },
    ],
    ['a package of a workspace', 'new Sequelize(process.env.DB)', {}],
    ['Sequelize 5', 'new Sequelize(process.env.DB)', { sequelize: '~5.22', pg: '8' }],
  ])('is not one on %s', (_what, db, dependencies) => {
    expect(() => refuse(db, dependencies as Record<string, string>)).not.toThrow();
  });
});

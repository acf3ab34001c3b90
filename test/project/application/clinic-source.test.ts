import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/project/analysis.js';
import { clinicSource } from '../../../src/project/application/clinic-source.js';
import { inferApp } from '../../../src/project/application/infer-app.js';
import { openProject } from '../../../src/project/source/open-project.js';
import { appConfig } from '../../support/app-config.js';

const USER = `const { DataTypes } = require('sequelize');
const sequelize = require('./db');
module.exports = sequelize.define('User', { email: DataTypes.STRING ATTRIBUTES });`;
const READ = 'module.exports = (req) => f(req.user.clinic_id, req.user.clinic_id, req.user.clinicId);';

function project(auth: string, others: Record<string, string> = {}, file = 'auth.js') {
  const attributes = others.attributes ?? '';
  const texts = new Map(
    Object.entries({
      'db.js': "const { Sequelize } = require('sequelize'); module.exports = new Sequelize(process.env.DB);",
      'User.js': USER.replace('ATTRIBUTES', attributes),
      'routes.js': READ,
      [file]: `const jwt = require('jsonwebtoken'); const User = require('./User');\n${auth}`,
      ...others,
    }).map(([path, text]) => [`/app/${path}`, text]),
  );
  texts.delete('/app/attributes');
  return openProject({ texts, manifest: '{}' }, appConfig('/app'));
}

function source(auth: string, others: Record<string, string> = {}, path = 'req.user.clinic_id') {
  const facts = { scopes: new Map(), clinicTable: undefined };
  return clinicSource(analyse(project(auth, others), facts), path).is;
}

const LOGIN = (payload: string): Record<string, string> => ({
  'login.js': `const jwt = require('jsonwebtoken'); exports.logIn = (user) => jwt.sign(${payload}, process.env.KEY);`,
});
const VERIFY =
  'module.exports = (req, res, next) => { req.user = jwt.verify(req.headers.token, KEY); next(); };';

describe('what sets the clinic of a request', () => {
  it.each([
    ['an object', 'module.exports = (req) => { req.user = { clinic_id: 1 }; };'],
    ['an object of another name', "module.exports = (request) => { request.user = { 'clinic_id': 1 }; };"],
    [
      'an object that is assigned',
      'module.exports = (req) => Object.assign(req, { user: { clinic_id: 1 } });',
    ],
    ['itself', 'module.exports = (req) => { req.user = find(); req.user.clinic_id = choose(req); };'],
    [
      'a variable that gets it later',
      'module.exports = async (req) => { const user = await User.findByPk(1); user.clinic_id = 1; req.user = user; };',
    ],
    ['a payload', VERIFY, LOGIN('{ id: user.id, clinic_id: user.clinic }')],
    [
      'a payload that is given to a callback',
      'module.exports = (req, res, next) => jwt.verify(t, KEY, (err, decoded) => { req.user = decoded; next(); });',
      LOGIN('{ clinic_id: 1 }'),
    ],
    [
      'a part of a payload',
      'module.exports = (req) => { const { user } = jwt.verify(t, KEY); req.user = user; };',
      LOGIN('{ user: { id: 1, clinic_id: 2 } }'),
    ],
    [
      'one of two',
      'module.exports = (req) => { req.user = jwt.verify(t, KEY) || { id: 0 }; };',
      LOGIN('{ clinic_id: 1 }'),
    ],
    [
      'a row of a model that has it',
      'module.exports = async (req) => { req.user = await User.findOne({ where: { id: 1 } }); };',
      { attributes: ', clinic_id: DataTypes.INTEGER' },
    ],
    [
      'a row by promise, as plain object',
      'module.exports = (req) => User.findByPk(1).then((user) => { req.user = user.toJSON(); });',
      { attributes: ', clinic_id: DataTypes.INTEGER' },
    ],
    [
      'the key of an association',
      'module.exports = async (req) => { req.user = await User.findByPk(1); };',
      { 'a.js': "const User = require('./User'); User.belongsTo(Clinic, { foreignKey: 'clinic_id' });" },
    ],
    [
      'passport',
      "const passport = require('passport'); passport.use(new Strategy({}, async (p, done) => done(null, { clinic_id: p.c })));",
    ],
    [
      'a function of the application',
      "const { load } = require('./load'); module.exports = async (req) => { req.user = await load(1); };",
      { 'load.js': 'exports.load = async (id) => ({ id, clinic_id: 2 });' },
    ],
  ])('is %s', (_what, auth, others = {}) => {
    expect(source(auth, others)).toBe('set');
  });

  it.each([
    "getModel(db, 'User').then((User) => User.findOne({ where: { id: 1 } })).then((user) => { req.user = user; }).catch(next);",
    "const User = await getModel(db, 'User'); const user = await User.findByPk(1); req.user = user;",
    "const [, User] = await Promise.all([getModel(db, 'Clinic'), getModel(db, 'User')]); req.user = await User.findByPk(1);",
  ])('is or is not a row of what is migrated: %s', (body) => {
    const files = (attributes: string) => ({
      'User.js': `module.exports = { define: (sequelize) => sequelize.define('User', { ${attributes} }) };`,
      'auth.js': `const { getModel } = require('./src/base/ModelFactory');
        module.exports = async (req, res, next) => { ${body} };`,
    });
    expect(source('', files('clinic_id: 1'))).toBe('set');
    expect(source('', files('email: 1'))).toBe('not set');
  });

  it('is what the declared type of a token has, where its maker is not seen', () => {
    const typed = (members: string) => ({
      'token.ts': `export interface Signed { id: string; ${members} }
        export const read = (text: string): Signed | undefined => (text ? (JSON.parse(text) as Signed) : undefined);`,
      'auth.ts': `import { read, type Signed } from './token';
        export const auth = (req) => { req.user = read(req.headers.token); };`,
    });
    expect(source('', typed('clinic_id: string'))).toBe('set');
    expect(source('', typed('email: string'))).toBe('not set');
  });

  it.each([
    [
      'a row without it',
      'module.exports = async (req) => { const u = await User.findByPk(1); req.user = u; };',
    ],
    ['an object without it', 'module.exports = (req) => { req.user = { id: 1, clinics: [] }; };'],
    ['a payload without it', VERIFY, LOGIN('{ id: user.id }')],
    [
      'a row that is made plain and spread',
      'module.exports = async (req) => { const user = await User.findByPk(1); req.user = { ...user.get(), role: 1 }; };',
    ],
    [
      'an object that takes it from a row without it',
      'module.exports = async (req) => { const user = await User.findByPk(1); req.user = { clinic_id: user.clinic_id }; };',
    ],
    [
      'passport’s row without it',
      "const passport = require('passport'); passport.deserializeUser(async (id, done) => done(null, await User.findByPk(id)));",
    ],
  ])('is not %s', (_what, auth, others = {}) => {
    expect(source(auth, others)).toBe('not set');
  });

  it.each([
    ['a token of somebody else', VERIFY],
    ['what nothing tells of', 'module.exports = (req) => { req.user = load(req); };'],
    ['a package', "app.use(require('express-jwt')());"],
    [
      'a row with what is included',
      'module.exports = async (req) => { req.user = await User.findByPk(1, { include }); };',
    ],
    [
      'a row and more',
      'module.exports = async (req) => { req.user = { ...more(), ...(await User.findByPk(1)) }; };',
    ],
    ['defined by itself', 'const a = { ...a }; module.exports = (req) => { req.user = a.b; };'],
  ])('is not known for %s', (_what, auth) => {
    expect(source(auth)).toBe('unknown');
  });
});

describe('the guess of app.clinicId', () => {
  const guess = (auth: string, others = {}) =>
    inferApp(project(auth, others), ['clinic']).find(({ key }) => key === 'clinicId');

  it('is what authentication sets, though another is read more often', () => {
    expect(guess('module.exports = (req) => { req.user = { clinicId: 1 }; };')).toMatchObject({
      value: 'req.user.clinicId',
      why: expect.stringContaining('Authentication sets it.'),
    });
  });

  it('is what authentication sets and nothing reads', () => {
    expect(guess('module.exports = (req) => { req.user = { id: 1, clinicKey: 1 }; };')?.value).toBe(
      'req.user.clinicKey',
    );
  });

  it('is a guess where that cannot be told', () => {
    expect(guess(VERIFY)).toMatchObject({
      value: 'req.user.clinic_id',
      why: expect.stringContaining('not seen'),
    });
  });

  it('is left open where nothing sets it, with what there is instead', () => {
    expect(guess('module.exports = async (req) => { req.user = await User.findByPk(1); };')).toMatchObject({
      value: undefined,
      isOpen: true,
      why: 'req.user.clinic_id is read, and authentication does not set it in auth.js:2: it has email, id, createdAt, updatedAt, deletedAt. Have it set the clinic, and name that here.',
    });
  });
});

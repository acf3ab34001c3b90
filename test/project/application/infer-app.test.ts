import { describe, expect, it } from 'vitest';
import { inferApp } from '../../../src/project/application/infer-app.js';
import { openProject } from '../../../src/project/source/open-project.js';
import { appConfig } from '../../support/app-config.js';

const app = appConfig('/app');

/** What was found, by key; what was not is left out. */
function found(files: Record<string, string>, manifest: object = {}): Record<string, string> {
  const texts = new Map(Object.entries(files).map(([path, text]) => [`/app/${path}`, text]));
  const project = openProject({ texts, manifest: JSON.stringify(manifest) }, app);
  const guesses = inferApp(project, ['clinic', 'company']);
  return Object.fromEntries(guesses.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]])));
}

describe('the app section', () => {
  it('is empty for a folder whose source is no such application', () => {
    expect(found({ 'index.js': 'http.createServer(f).listen(1)' })).toEqual({});
  });

  it('names the folder that all models are in', () => {
    const model = (name: string): string => `module.exports = (s) => s.define('${name}', {})`;
    expect(found({ 'app/db/a/Patient.js': model('Patient'), 'app/db/b/Room.js': model('Room') }).models).toBe(
      'app/db',
    );
  });

  it('counts no models of scripts and seeders, and follows the most of the others', () => {
    const model = (name: string): string => `module.exports = (s) => s.define('${name}', {})`;
    const own = Object.fromEntries(
      ['A', 'B', 'C', 'D'].map((name) => [`src/models/${name}.js`, model(name)]),
    );
    const others = {
      'scripts/import/Old.js': model('Old'),
      'db/seeders/Seed.js': model('Seed'),
      'src/lib/Odd.js': model('Odd'),
    };
    expect(found({ ...own, ...others }).models).toBe('src/models');
    expect(found({ 'scripts/Old.js': model('Old') }).models).toBe('scripts');
  });

  it.each([
    [
      'what package.json starts',
      { scripts: { start: 'node -r dotenv/config ./bin/start.js' } },
      'bin/start.js',
    ],
    ['its main', { main: 'other.js' }, 'other.js'],
    ['the source of what it starts', { scripts: { start: 'node dist/main.js' } }, 'src/main.ts'],
    ['a usual name', {}, 'src/main.ts'],
  ])('names as server %s', (_, manifest, server) => {
    const listening = 'app.use(auth); app.listen(3000)';
    const files = { 'bin/start.js': listening, 'other.js': listening, 'src/main.ts': listening };
    expect(found(files, manifest).server).toBe(server);
  });

  it('takes the file that listens where the one that starts does not', () => {
    const files = {
      'index.js': "require('./lib/web')",
      'lib/web.js': 'app.use(auth); http.createServer(app).listen(1)',
    };
    expect(found(files, { main: 'index.js' }).server).toBe('lib/web.js');
  });

  it.each([
    ["app.use('/auth', authRoutes); app.use(requireAuth())", 'requireAuth'],
    ["const auth = require('./routes/auth'); app.use('/auth', auth); app.use(verifyToken)", 'verifyToken'],
    ["const authApi = express.Router(); app.use(authApi); router.get('/', jwtCheck, handler)", 'jwtCheck'],
    ["router.get('/', [passport.authenticate('jwt'), x], handler)", 'passport.authenticate'],
    ['app.use(authLimiter); app.use(authors); router.use(auth.required)', 'auth.required'],
    [
      'app.use(one); router.use(isAuthenticated); api.use(isAuthenticated); web.use(authenticate)',
      'isAuthenticated',
    ],
  ])('finds the authentication in %s', (source, name) => {
    expect(found({ 'app.js': source }).authMiddleware).toBe(name);
  });

  it.each([
    ['const id = req.user.clinicId', 'req.user.clinicId'],
    ['const { company_id } = request.auth', 'req.auth.company_id'],
    ['f(req.session.user.companyId)', 'req.session.user.companyId'],
    ['f(req.body.companyId, req.params.companyId, req.query.clinic); g(req.user.clinic)', 'req.user.clinic'],
    ['f(patient.companyId); f(req.companyId); // req.user.companyId', undefined],
  ])('finds the clinic of a request in %s', (source, path) => {
    expect(found({ 'app.js': source }).clinicId).toBe(path);
  });

  it('leaves a ModelFactory that is there where it is', () => {
    const files = { 'server/core/ModelFactory.js': 'module.exports = {}', 'server.js': 'app.use(auth)' };
    expect(found(files).modelFactory).toBe('server/core/ModelFactory');
  });

  it.each([
    ['api/models/Room.js', 'api/base/ModelFactory'],
    ['models/Room.js', 'base/ModelFactory'],
    ['src/models/Room.js', undefined],
  ])('puts a new ModelFactory beside %s', (file, place) => {
    const room =
      "module.exports = (sequelize, DataTypes) => sequelize.define('Room', { name: DataTypes.STRING });";
    expect(found({ [file]: room, 'server.js': 'app.use(auth)' }).modelFactory).toBe(place);
  });

  it('says where each was found and what else it could be', () => {
    const text = 'app.use(auth);\napp.use(auth);\napp.use(jwt)';
    const project = openProject({ texts: new Map([['/app/a.js', text]]), manifest: '{' }, app);
    expect(inferApp(project, []).find(({ key }) => key === 'authMiddleware')?.why).toBe(
      'A guess: mounted 2 times, first in a.js:1. It could also be jwt.',
    );
  });
});

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../src/codemods/proof/prove.js';
import { readConnectionOptions } from '../../src/project/application/connection-options.js';
import { readModels } from '../../src/project/models/registry.js';
import { openProject } from '../../src/project/source/open-project.js';
import { runtimeFiles } from '../../src/templates/runtime-files.js';
import { verifyCode } from '../../src/verify/code.js';
import { brief, inputFor, readTree } from '../codemods/fixture.js';

const APP = join(import.meta.dirname, '../../fixtures/apps/medicalpro');

/** The sample application as the codemod and scaffold leave it. */
function migratedSample(): Map<string, string> {
  const files = readTree(APP);
  const input = inputFor(files);
  for (const [path, text] of migrate(input).changes) files.set(path, text);
  const { app, sources, facts } = inputFor(files);
  const project = openProject(sources, app);
  const options = readConnectionOptions(project, {
    folder: '/app/src/base',
    hasRequire: true,
    taken: new Set(),
  }).text;
  for (const { path, text } of runtimeFiles(app, readModels(project, app, facts), options))
    files.set(path, text);
  return files;
}

const MIGRATED = migratedSample();

function verify(files: ReadonlyMap<string, string>) {
  const { app, sources, facts } = inputFor(files);
  return verifyCode({ app, sources, facts });
}

/** The migrated application with one text in one file replaced by another, and the line where that stands. */
function planted(file: string, text: string, replacement: string): { found: string[]; line: number } {
  const path = `/app/${file}`;
  const source = MIGRATED.get(path) ?? '';
  if (!source.includes(text)) throw new Error(`${file} has no ${text}:\n${source}`);
  const changed = source.replace(text, replacement);
  const line = changed.slice(0, changed.indexOf(replacement)).split('\n').length;
  return { found: brief(verify(new Map([...MIGRATED, [path, changed]]))), line };
}

describe('verify code', () => {
  it('has nothing to say of the migrated sample application', () => {
    expect(brief(verify(MIGRATED))).toEqual([]);
  });

  it('names every route of the legacy one, and the runtime files it lacks', () => {
    const found = brief(verify(readTree(APP)));
    expect(
      found.filter((line) => line.startsWith('ISOLATION_GLOBAL_MODEL src/routes/')).length,
    ).toBeGreaterThan(40);
    expect(found.filter((line) => line.startsWith('ISOLATION_GLOBAL_CONNECTION')).length).toBeGreaterThan(3);
    expect(found.filter((line) => line.startsWith('ISOLATION_NOT_REGISTERED')).length).toBeGreaterThanOrEqual(
      3,
    );
  });

  const ROOMS = 'src/routes/rooms.routes.js';
  const GET_ROOM = "await ModelFactory.getModel(req.clinicDb, 'Room')";

  it('finds a route changed back to a global model', () => {
    const room = MIGRATED.get('/app/src/models/Room.js') ?? '';
    const files = new Map([
      ...MIGRATED,
      ['/app/src/models/Room.js', readTree(APP).get('/app/src/models/Room.js') ?? room] as const,
      ['/app/src/models/index.js', readTree(APP).get('/app/src/models/index.js') ?? ''] as const,
      [
        '/app/src/routes/rooms.routes.js',
        readTree(APP).get('/app/src/routes/rooms.routes.js') ?? '',
      ] as const,
    ]);
    const findings = verify(files).filter(({ location }) => location?.file.endsWith(ROOMS));
    expect(findings.length).toBeGreaterThan(3);
    expect(findings[0]).toMatchObject({
      code: 'ISOLATION_GLOBAL_MODEL',
      severity: 'error',
      subject: 'GET /api/v1/rooms',
    });
    expect(findings[0]?.message).toContain('Room');
  });

  it.each([
    [
      'a connection the client chooses',
      GET_ROOM,
      "await ModelFactory.getModel(await getClinicConnection(req.params.clinic), 'Room')",
      'ISOLATION_CLINIC_SOURCE',
    ],
    [
      'a connection of nobody knows whom',
      GET_ROOM,
      "await ModelFactory.getModel(req.query.db, 'Room')",
      'ISOLATION_UNKNOWN',
    ],
    [
      'a model whose name is computed',
      GET_ROOM,
      'await ModelFactory.getModel(req.clinicDb, req.params.model)',
      'ISOLATION_UNKNOWN',
    ],
    [
      'a clinic model on the central database',
      GET_ROOM,
      "await ModelFactory.getModel(require('../base/connectionManager').getCentralConnection(), 'Room')",
      'ISOLATION_WRONG_DATABASE',
    ],
    [
      'a central model on a clinic database',
      GET_ROOM,
      "await ModelFactory.getModel(req.clinicDb, 'User')",
      'ISOLATION_WRONG_DATABASE',
    ],
    [
      'a connection put on the request',
      GET_ROOM,
      `(req.clinicDb = req.app.other, ${GET_ROOM})`,
      'ISOLATION_CLINIC_SOURCE',
    ],
    [
      'the definition of a model used',
      GET_ROOM,
      `(await require('../models').Room.findAll(), ${GET_ROOM})`,
      'ISOLATION_GLOBAL_MODEL',
    ],
    [
      'a model by a name that is computed',
      GET_ROOM,
      "require('../models')[req.query.model]",
      'ISOLATION_UNKNOWN',
    ],
    [
      'a query on the global connection',
      GET_ROOM,
      "await require('../config/database').query('SELECT 1')",
      'ISOLATION_GLOBAL_CONNECTION',
    ],
    [
      'a transaction of the global connection',
      GET_ROOM,
      "await require('../config/database').transaction()",
      'ISOLATION_GLOBAL_CONNECTION',
    ],
    [
      'a model defined on the global connection',
      GET_ROOM,
      "require('../config/database').define('Guest', {})",
      'ISOLATION_GLOBAL_CONNECTION',
    ],
    [
      'a service given a connection of the module',
      GET_ROOM,
      "await require('../services/invoiceService').pay(sharedDb, 1, 1)",
      'ISOLATION_UNKNOWN',
    ],
    ['a model kept in the application', GET_ROOM, `(req.app.locals.Room = ${GET_ROOM})`, 'ISOLATION_KEPT'],
  ])('finds %s', (_, text, replacement, code) => {
    const { found, line } = planted(ROOMS, text, replacement);
    expect(found).toContain(`${code} ${ROOMS}:${line}`);
  });

  it('finds a model kept in a variable of the module', () => {
    const source = MIGRATED.get(`/app/${ROOMS}`) ?? '';
    const changed = source
      .replace('const router', 'let kept;\nconst router')
      .replace(`const Room = ${GET_ROOM};`, `kept = ${GET_ROOM};\n    const Room = kept;`);
    const line = changed.slice(0, changed.indexOf('kept = ')).split('\n').length;
    expect(brief(verify(new Map([...MIGRATED, [`/app/${ROOMS}`, changed]])))).toContain(
      `ISOLATION_KEPT ${ROOMS}:${line}`,
    );
  });

  it('finds the routing taken out, mounted after a router, and before authentication', () => {
    const [mount, login] = ['app.use(clinicRoutingMiddleware);\n', 'app.use(authMiddleware);\n'];
    const bare = (MIGRATED.get('/app/src/app.js') ?? '').replaceAll(' clinicRoutingMiddleware,', '');
    const found = (source: string) => brief(verify(new Map([...MIGRATED, ['/app/src/app.js', source]])));
    expect(found(bare.replace(login, login + mount))).toEqual([]);
    const taken = found(bare);
    expect(taken.filter((line) => line.startsWith('ISOLATION_ROUTING')).length).toBeGreaterThan(20);
    const rooms = "app.use('/api/v1/rooms', require('./routes/rooms.routes'));\n";
    const late = found(bare.replace(rooms, '').replace(login, login + rooms + mount));
    expect(late.length).toBeGreaterThan(3);
    for (const line of late) expect(line).toMatch(/^ISOLATION_ROUTING src\/routes\/rooms\.routes\.js:/);
    expect(found(bare.replace(login, mount + login))).toEqual([
      expect.stringMatching(/^ISOLATION_ROUTING src\/app\.js:/),
    ]);
  });

  it('finds a model that ModelFactory does not know', () => {
    const { found } = planted('src/base/ModelFactory.js', '  Room,\n', '');
    expect(found).toEqual([expect.stringMatching(/^ISOLATION_NOT_REGISTERED src\/models\/Room\.js:/)]);
  });

  it('shows no text of the source that may be a secret', () => {
    const path = `/app/${ROOMS}`;
    const lines = [
      "const { Sequelize } = require('sequelize');",
      "const clinicDb = new Sequelize('a', 'admin', 'hunter2', { dialect: 'postgres' });",
      "exports.a = async (req) => ModelFactory.getModel(new Sequelize('postgres://a:hunter2@b/c'), 'Room');",
      "exports.b = async (req) => clinicDb.query(`ALTER ROLE a PASSWORD 'hunter2'`);",
      "exports.c = async (req) => getClinicConnection(req.body.key + 'hunter2');",
      "exports.d = async (req) => (req.clinicDb = new Sequelize({ password: 'hunter2' }));",
      "exports.e = async (req) => Object.assign(req, { clinicDb: connect('hunter2') });",
      "exports.f = async (req) => connect('hunter2').transaction();",
      "exports.g = async (req) => connect('hunter2').findAll();",
      "cache.set('hunter2', clinicDb);",
      "exports.h = async (clinicDb) => clinicDb.query('SELECT 1');",
      "exports.h(connect('hunter2'));",
    ];
    const texts = new Map([...MIGRATED, [path, `${MIGRATED.get(path)}\n${lines.join('\n')}\n`]]);
    const verified = verify(texts);
    const { findings, account } = migrate(inputFor(texts));
    expect(verified.filter(({ location }) => location?.file === path).length).toBeGreaterThan(7);
    expect(findings.length).toBeGreaterThan(0);
    const { sites } = account;
    expect(JSON.stringify([verified, findings, sites])).not.toContain('hunter2');
  });

  it('takes a reason for an answer, and nothing less', () => {
    const bad = "await ModelFactory.getModel(req.query.db, 'Room')";
    const reasoned = planted(
      ROOMS,
      GET_ROOM,
      `${bad} // clinic-migrate-ignore ISOLATION_UNKNOWN checked by hand\n`,
    );
    expect(reasoned.found).toContain(`ISOLATION_UNKNOWN ${ROOMS}:${reasoned.line}`);
    const files = new Map([
      ...MIGRATED,
      [
        `/app/${ROOMS}`,
        (MIGRATED.get(`/app/${ROOMS}`) ?? '').replace(
          GET_ROOM,
          `${bad} // clinic-migrate-ignore ISOLATION_UNKNOWN checked by hand\n`,
        ),
      ],
    ]);
    expect(verify(files).map(({ severity }) => severity)).toEqual(['info']);
    const bare = new Map([
      ...MIGRATED,
      [
        `/app/${ROOMS}`,
        (MIGRATED.get(`/app/${ROOMS}`) ?? '').replace(
          GET_ROOM,
          `${bad} // clinic-migrate-ignore ISOLATION_UNKNOWN\n`,
        ),
      ],
    ]);
    expect(verify(bare).map(({ severity }) => severity)).toEqual(['error']);
  });
});

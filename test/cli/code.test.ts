import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copySample, SAMPLE } from '../demo/sample.js';

const PROGRAM = join(import.meta.dirname, '../../bin/clinic-migrate.js');
const ROUTE = 'src/routes/rooms.routes.js';

let sample: { folder: string; remove(): Promise<void> };
beforeAll(async () => {
  sample = await copySample('server.js', 'start()', 'start()');
});
afterAll(() => sample.remove());

function run(...args: string[]) {
  const { PATH = '' } = process.env;
  return spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd: sample.folder,
    encoding: 'utf8',
    env: { PATH },
  });
}

it('migrates the code from the command line, and fails when a route is changed back to a global model', () => {
  expect(run('verify', 'code').status).toBe(1);
  expect(run('codemod', '.').status).toBe(0);
  expect(run('scaffold').status).toBe(0);
  expect(run('verify', 'code')).toMatchObject({ status: 0, stderr: '' });
  expect(run('codemod', '.', '--check').status).toBe(0);

  const migrated = readFileSync(join(sample.folder, ROUTE), 'utf8');
  const bad = migrated
    .replace('const router', "const { Room } = require('../legacy');\n\nconst router")
    .replace("    const Room = await ModelFactory.getModel(req.clinicDb, 'Room');\n", '');
  cpSync(join(SAMPLE, 'src/models/Room.js'), join(sample.folder, 'src/legacyRoom.js'));
  writeFileSync(
    join(sample.folder, 'src/legacy.js'),
    "const { DataTypes } = require('sequelize');\nconst sequelize = require('./config/database');\n\nmodule.exports = { Room: require('./legacyRoom')(sequelize, DataTypes) };\n",
  );
  writeFileSync(join(sample.folder, ROUTE), bad);
  const { status, stdout } = run('verify', 'code', '--reporter', 'json');
  expect(status).toBe(1);
  const { findings } = JSON.parse(stdout);
  expect(findings).toContainEqual(
    expect.objectContaining({
      code: 'ISOLATION_GLOBAL_MODEL',
      severity: 'error',
      subject: 'GET /api/v1/rooms',
      location: expect.objectContaining({ file: expect.stringContaining(ROUTE) }),
    }),
  );
  const github = run('verify', 'code', '--reporter', 'github');
  expect(github.stdout).toMatch(/^::error file=.*rooms\.routes\.js,line=\d+/m);
  const sarif = JSON.parse(run('verify', 'code', '--reporter', 'sarif').stdout);
  expect(sarif.version).toBe('2.1.0');
});

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toEsModule } from '../../src/templates/es-module.js';
import { type Application, makeApplication } from './application.js';

const SCRIPT = `
import whole, { getModel, ModelFactory } from './src/base/ModelFactory.js';
import * as manager from './src/base/connectionManager.js';
import Repository from './src/base/Repository.js';
import clinicRoutingMiddleware from './src/middleware/clinicRoutingMiddleware.js';

class PatientRepository extends Repository {}
await manager.initializeCentralConnection();
const { clinicDb, release } = await manager.getClinicConnection(2);
const Patient = await whole.getModel(clinicDb, 'Patient');
const [row] = await clinicDb.query("SELECT current_setting('application_name') AS name", { type: 'SELECT' });
const answer = {
  same: whole === ModelFactory && Patient === (await getModel(clinicDb, 'Patient')),
  names: (await Patient.findAll()).map(({ name }) => name),
  associations: Object.keys(Patient.associations),
  accounts: await (await getModel(manager.getCentralConnection(), 'Account')).count(),
  patients: await PatientRepository.count(clinicDb),
  application: row.name,
};
await new Promise((next) => clinicRoutingMiddleware({}, {}, next));
release();
await manager.closeConnections();
console.log(JSON.stringify(answer));
`;

let application: Application;

beforeAll(async () => {
  application = await makeApplication(
    "{ logging: false, dialectOptions: { application_name: 'ours' } }",
    true,
  );
});
afterAll(() => application.remove());

it('the runtime files work as ES modules, with the options of the application, and let the process end', async () => {
  const path = join(application.folder, 'script.js');
  writeFileSync(path, SCRIPT);
  const { stdout } = await promisify(execFile)(process.execPath, [path], { timeout: 60_000 });
  expect(JSON.parse(stdout)).toEqual({
    same: true,
    names: ['patient of 2', 'patient of 2', 'patient of 2'],
    associations: ['Room'],
    accounts: 0,
    patients: 3,
    application: 'ours',
  });
});

it('nothing of CommonJS is left', () => {
  expect(
    toEsModule("const { a: b } = require('./a');\nconst c = require('c');\n\nmodule.exports = { b };\n"),
  ).toBe("import { a as b } from './a.js';\nimport c from 'c';\n\nexport { b };\n");
});

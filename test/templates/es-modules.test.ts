import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { toEsModule } from '../../src/templates/es-module.js';
import type { Form } from '../../src/templates/runtime-files.js';
import { type Application, makeApplication } from './application.js';
import { compile } from './compile.js';

const run = promisify(execFile);

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

/** What the script prints in an application of its own. */
async function answerOf(form: Form, prepare: (application: Application) => Promise<void>): Promise<unknown> {
  const application = await makeApplication(
    "{ logging: false, dialectOptions: { application_name: 'ours' } }",
    form,
  );
  try {
    await prepare(application);
    const path = join(application.folder, 'script.js');
    writeFileSync(path, SCRIPT);
    const { stdout } = await run(process.execPath, [path], { timeout: 60_000 });
    return JSON.parse(stdout);
  } finally {
    await application.remove();
  }
}

const ANSWER = {
  same: true,
  names: ['patient of 2', 'patient of 2', 'patient of 2'],
  associations: ['Room'],
  accounts: 0,
  patients: 3,
  application: 'ours',
};

it('the runtime files work as ES modules, with the options of the application, and let the process end', async () => {
  expect(await answerOf({ kind: 'esm' }, async () => undefined)).toEqual(ANSWER);
});

it('the runtime files work in TypeScript, by a strict compiler', async () => {
  const answer = await answerOf({ kind: 'ts', ending: '.js' }, async ({ folder }) => {
    expect(await compile(folder, { module: 'NodeNext', moduleResolution: 'NodeNext' })).toBe('');
  });
  expect(answer).toEqual(ANSWER);
});

it('nothing of CommonJS is left', () => {
  expect(
    toEsModule("const { a: b } = require('./a');\nconst c = require('c');\n\nmodule.exports = { b };\n"),
  ).toBe("import { a as b } from './a.js';\nimport c from 'c';\n\nexport { b };\n");
});

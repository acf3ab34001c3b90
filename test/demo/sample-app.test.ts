import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeFiles } from '../../src/adapters/files.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { RunningApp } from '../../src/demo/app-process.js';
import { checkIsolation } from '../../src/demo/isolation.js';
import { planReads, WRITE_SCENARIO } from '../../src/demo/requests.js';
import { compareTranscripts, login, recordTranscript } from '../../src/demo/transcript.js';
import { type TestDatabase, withSession } from '../support/postgres.js';
import { copySample, SAMPLE, seedSample, startSample } from './sample.js';

const doctor = (clinic: number) => ({ email: `doctor@clinic${clinic}.test`, password: 'secret' });

let database: TestDatabase;
let app: RunningApp;

const logInAs = (clinic: number): Promise<string> => login(app.baseUrl, doctor(clinic).email, 'secret');

beforeAll(async () => {
  database = await seedSample();
  app = await startSample(database.url);
});

afterAll(async () => {
  await app?.stop();
  await database?.drop();
});

describe('the sample application', () => {
  test('answers every request as meant, in a busy clinic and in one without a row', async () => {
    for (const clinic of [1, 3]) {
      const token = await logInAs(clinic);
      const reads = await planReads(app.baseUrl, token);
      const transcript = await recordTranscript(app.baseUrl, token, [...reads, ...WRITE_SCENARIO]);
      const failed = transcript.filter(({ status }) => status >= 500);
      expect(failed).toEqual([]);
      const deletions = transcript.filter(({ request }) => request.startsWith('DELETE'));
      expect(deletions.map(({ status }) => status)).toEqual(deletions.map((_, at) => (at % 2 ? 404 : 204)));
      const statuses = transcript.slice(reads.length).map(({ request, status }) => `${status} ${request}`);
      expect(statuses.filter((line) => line.includes('POST /patients'))).toEqual([
        '201 POST /patients',
        '409 POST /patients',
        '400 POST /patients',
        '201 POST /patients/{patient}/consents',
        '201 POST /patients/register',
        '400 POST /patients/register',
      ]);
      expect(statuses.filter((line) => line.includes('/pay'))).toEqual([
        '200 POST /invoices/{invoice}/pay',
        '409 POST /invoices/{invoice}/pay',
      ]);
    }
  });

  test('refuses whoever is not logged in', async () => {
    await expect(login(app.baseUrl, 'doctor@clinic1.test', 'wrong')).rejects.toThrow('answered 401');
    const [answer] = await recordTranscript(app.baseUrl, 'no token', [{ method: 'GET', path: '/patients' }]);
    expect(answer?.status).toBe(401);
  });
});

describe('a transcript', () => {
  test('is the same when it is recorded twice, although new ids and times differ', async () => {
    const token = await logInAs(1);
    const requests = [...(await planReads(app.baseUrl, token)), ...WRITE_SCENARIO];
    const before = await recordTranscript(app.baseUrl, token, requests);
    const after = await recordTranscript(app.baseUrl, token, requests);
    expect(compareTranscripts(before, after)).toEqual([]);
    expect(JSON.stringify(before)).toContain('"patientId":"{patient}"');
  });

  test('tells of one changed value, and where it is', async () => {
    const token = await logInAs(2);
    const reads = await planReads(app.baseUrl, token);
    const before = await recordTranscript(app.baseUrl, token, reads);
    await withSession(database.url, (session) =>
      session.execute("UPDATE public.rooms SET floor = 77 WHERE company_id = 2 AND name = 'Room 1'"),
    );
    const after = await recordTranscript(app.baseUrl, token, reads);
    expect(compareTranscripts(before, after)).toContainEqual({
      request: 'GET /rooms',
      path: 'body[0].floor',
      before: 1,
      after: 77,
    });
  });

  test('takes a number for a new row only where it stands for that kind of row', async () => {
    await withSession(database.url, (session) =>
      session.execute("SELECT setval('public.practitioners_id_seq', last_value) FROM public.patients_id_seq"),
    );
    const body = { firstName: 'A', lastName: 'B' };
    const token = await logInAs(1);
    const [, patient, practitioner] = await recordTranscript(app.baseUrl, token, [
      { method: 'POST', path: '/patients', body, save: { patient: 'id' } },
      { method: 'GET', path: '/patients/{patient}' },
      { method: 'POST', path: '/practitioners', body },
    ]);
    expect(patient?.body).toMatchObject({ id: '{patient}' });
    expect(practitioner?.body).toMatchObject({ id: expect.any(Number) });
  });
});

describe('the isolation check', () => {
  test('holds in the sample application', async () => {
    const checks = await checkIsolation(app.baseUrl, doctor(1), doctor(2));
    expect(checks.filter(({ held }) => !held)).toEqual([]);
    expect(checks).toHaveLength(21);
  });

  test('finds a route that forgot the clinic, by what each route lets through', async () => {
    const planted = [
      {
        file: 'src/routes/patients.routes.js',
        text: 'const where = { companyId: req.user.companyId };',
        replacement: 'const where = {};',
        found: ['a patient of A: B does not list it'],
      },
      {
        file: 'src/repositories/BaseRepository.js',
        text: 'findOne({ where: { id, companyId } })',
        replacement: 'findOne({ where: { id } })',
        found: [
          'a room of A: B does not get it by its id',
          'a room of A: B cannot update it',
          'a room of A: it is still there for A, unchanged',
        ],
      },
      {
        file: 'src/routes/documents.routes.js',
        text: 'destroy({ where: { id: req.params.id, companyId: req.user.companyId } })',
        replacement: 'destroy({ where: { id: req.params.id } })',
        found: [
          'a document of A: B cannot delete it',
          'a document of A: it is still there for A, unchanged',
          'a document of A: A can delete it',
        ],
      },
    ];
    for (const { file, text, replacement, found } of planted) {
      const copy = await copySample(file, text, replacement);
      const faulty = await startSample(database.url, copy.folder);
      try {
        const checks = await checkIsolation(faulty.baseUrl, doctor(1), doctor(2));
        expect(checks.filter(({ held }) => !held).map(({ check }) => check)).toEqual(found);
      } finally {
        await faulty.stop();
        await copy.remove();
      }
    }
  });
});

test('the sample configuration is one that the program takes', async () => {
  const env = {
    LEGACY_DATABASE_URL: 'postgres://h/legacy',
    CENTRAL_DATABASE_URL: 'postgres://h/central',
    SERVER_URL: 'postgres://h/postgres',
  };
  const { config } = await loadConfig({ directory: SAMPLE, file: undefined, env, files: nodeFiles });
  expect(config).toMatchObject({
    legacy: { url: 'postgres://h/legacy', schemas: ['public'] },
    servers: { main: { url: 'postgres://h/postgres' } },
    clinics: { table: 'companies', database: 'medicalpro_{key}' },
    app: { root: SAMPLE },
  });
});

test('an application that cannot start is an error with the end of its log and no password', async () => {
  const copy = await copySample(
    'server.js',
    'start().catch(',
    'console.log(process.env.DATABASE_URL); start().catch(',
  );
  try {
    const failing = startSample('postgres://doctor:hidden@127.0.0.1:1/nowhere', copy.folder);
    await expect(failing).rejects.toMatchObject({
      message: `starting the application in ${copy.folder}: it ended before it listened (exit code 1)`,
      hint: expect.stringMatching(/postgres:\/\/doctor:…@127\.0\.0\.1:1\/nowhere\n.*ECONNREFUSED/),
    });
  } finally {
    await copy.remove();
  }
});

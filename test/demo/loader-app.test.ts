import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '../../src/commands/command.js';
import { scaffoldCommand } from '../../src/commands/scaffold.js';
import { NO_OPTIONS } from '../support/context.js';
import { type BeforeAndAfter, beforeAndAfter } from './before-and-after.js';
import { type Answer, converse, logIn, Made, type Question, type Speaker } from './conversation.js';
import { attackAll, type Sessions } from './cross-clinic.js';

const CLINICS = [1, 2, 3];
const EXPRESS_4 = { NODE_OPTIONS: `--require=${join(import.meta.dirname, 'express4.cjs')}` };

/** What one clinic's manager does. The ids of its rows are those that the seed gives. */
function day(clinic: number): Question[] {
  const patient = (n: number): number => n * CLINICS.length + clinic;
  const get = (path: string): Question => ({ method: 'GET', path: `/api${path}` });
  const send = (method: Question['method'], path: string, body?: unknown): Question => ({
    method,
    path: `/api${path}`,
    ...(body === undefined ? {} : { body }),
  });
  const visit = patient(3) * 2;
  const lists = [
    get('/clinic'),
    get('/numbers'),
    get('/activities'),
    get('/medicines'),
    get('/users'),
    get('/patients'),
    get('/patients?limit=3&offset=4'),
    get("/patients?q=o'ne"),
    get('/patients?q=%E5%B1%B1'),
    get(`/patients/starting-with/mark-of-clinic-${clinic}-1`),
    get('/patients/by-email?email=PATIENT2@example.test'),
    get('/patients/by-email?email=nobody@example.test'),
    get('/visits'),
    get('/visits/per-status'),
    get('/visits?from=2024-05-05&to=2024-05-12'),
    get('/payments'),
    get(`/payments?patientId=${patient(3)}`),
    get('/payments/by-month'),
  ];
  return [
    ...lists,
    ...[2, 3, 6].flatMap((n) => [
      get(`/patients/${patient(n)}`),
      get(`/patients/${patient(n)}/details`),
      get(`/patients/${patient(n)}/balance`),
      get(`/patients/${patient(n)}/history`),
      get(`/visits/${patient(n) * 2}`),
    ]),
    // What is not there, and what is no id
    get(`/patients/${patient(11)}`),
    get('/patients/999999/details'),
    get('/visits/999999'),
    get('/visits/none'),
    get('/nowhere'),
    send('PUT', '/patients/999999', { firstName: 'A', lastName: 'B' }),
    send('DELETE', '/visits/999999'),
    send('PUT', '/visits/999999/cancel'),
    // A new patient, refused in every way first
    send('POST', '/patients', { firstName: '', lastName: 7 }),
    send('POST', '/patients', '{ "firstName": '),
    send('POST', '/patients', { firstName: 'Ada', lastName: 'New', email: 'no address' }),
    send('POST', '/patients', { firstName: 'Ada', lastName: 'New', email: 'patient1@example.test' }),
    send('POST', '/patients', {
      firstName: 'Ada',
      lastName: "O'New",
      email: 'Ada@New.test',
      notes: 'a\n"b" 🩺',
    }),
    get('/patients/{4:1}'),
    send('PUT', '/patients/{4:1}', { firstName: 'Ada', lastName: 'Renamed', email: 'ada@new.test' }),
    send('PUT', '/patients/{4:1}', { firstName: 'Ada', lastName: 'x'.repeat(80) }),
    send('PUT', '/patients/{4:1}/medicines', { code: 'M007', dose: '2 a day' }),
    send('PUT', '/patients/{4:1}/medicines', { code: 'M007', dose: '3 a day' }),
    send('PUT', '/patients/{4:1}/medicines', { code: 'M999', dose: '1 a day' }),
    // Visits: booked whole or not at all
    send('POST', '/visits', {
      patientId: '{4:1}',
      startsAt: '2031-01-02T09:00:00Z',
      minutes: 45,
      treatments: [
        { name: 'Massage', price: 30 },
        { name: 'Heat', price: 12.5 },
      ],
    }),
    send('POST', '/visits', {
      patientId: '{4:1}',
      startsAt: '2031-01-03T09:00:00Z',
      treatments: [{ name: 'Too dear', price: 999_999_999_999 }],
    }),
    send('POST', '/visits', { patientId: '{4:1}', startsAt: '2031-01-02T09:00:00Z' }),
    send('POST', '/visits', { patientId: '{4:1}', startsAt: '2031-01-04T09:00:00Z', minutes: 1 }),
    send('POST', '/visits', { patientId: 'x', startsAt: 'soon', treatments: [{}] }),
    send('POST', '/visits', { patientId: 999_999, startsAt: '2031-01-04T09:00:00Z' }),
    get('/visits?from=2031-01-01&to=2031-12-31'),
    get('/patients/{4:1}/balance'),
    send('PUT', '/visits/{5:1}/cancel'),
    send('PUT', '/visits/{5:1}/cancel'),
    send('DELETE', '/visits/{5:1}'),
    send('DELETE', '/visits/{5:1}'),
    send('PUT', `/visits/${visit}/cancel`),
    // Payments, whose references are a clinic's own
    send('POST', '/payments', { patientId: '{4:1}', reference: 'N-1', amount: 12.5, paidOn: '2031-01-02' }),
    send('POST', '/payments', { patientId: '{4:1}', reference: 'N-1', amount: 7 }),
    send('POST', '/payments', { patientId: '{4:1}', reference: 'N-2', amount: 0 }),
    send('POST', '/payments', { patientId: '{4:1}', reference: '' }),
    send('POST', '/payments', { patientId: 999_999, reference: 'N-3', amount: 7 }),
    get('/patients/{4:1}/details'),
    get('/patients/{4:1}/history'),
    // Users, who are everybody's
    send('POST', '/users', { email: `new@clinic${clinic}.test`, password: 'p', role: 'therapist' }),
    send('POST', '/users', { email: 'therapist@clinic1.test', password: 'p' }),
    send('POST', '/users', { email: 'nobody', password: 'p' }),
    send('DELETE', '/patients/{4:1}'),
    get('/patients/{4:1}'),
    ...lists,
  ];
}

/** What a therapist may and may not do. */
const THERAPIST: readonly Question[] = [
  { method: 'GET', path: '/api/activities' },
  { method: 'GET', path: '/api/payments/by-month' },
  { method: 'POST', path: '/api/users', body: { email: 'a@b.test', password: 'p' } },
  { method: 'GET', path: '/api/numbers' },
];

const STRANGER: readonly Question[] = [
  { method: 'GET', path: '/health' },
  { method: 'GET', path: '/api/patients' },
  { method: 'GET', path: '/api/nowhere' },
  { method: 'GET', path: '/api/patients', headers: { authorization: 'Bearer x.y' } },
  { method: 'POST', path: '/api/login', body: { email: 'manager@clinic1.test', password: 'wrong' } },
  { method: 'POST', path: '/api/login', body: { email: 'MANAGER@clinic2.test', password: 'secret' } },
  { method: 'POST', path: '/api/login', body: {} },
];

/** One clinic at the rows of another: by path, by body, and by saying that it is the other one. */
function attacks(clinic: number): Question[] {
  return CLINICS.filter((other) => other !== clinic).flatMap((other) => {
    const patient = 2 * CLINICS.length + other;
    return [
      ...['', '/details', '/balance', '/history'].map((end) => ({
        method: 'GET' as const,
        path: `/api/patients/${patient}${end}`,
      })),
      { method: 'PUT', path: `/api/patients/${patient}`, body: { firstName: 'Taken', lastName: 'Over' } },
      { method: 'DELETE', path: `/api/patients/${patient}` },
      { method: 'PUT', path: `/api/patients/${patient}/medicines`, body: { code: 'M001', dose: 'all' } },
      { method: 'GET', path: `/api/visits/${patient * 2}` },
      { method: 'DELETE', path: `/api/visits/${patient * 2}` },
      { method: 'PUT', path: `/api/visits/${patient * 2 + 1}/cancel` },
      { method: 'POST', path: '/api/visits', body: { patientId: patient, startsAt: '2031-02-02T09:00:00Z' } },
      { method: 'POST', path: '/api/payments', body: { patientId: patient, reference: 'X', amount: 1 } },
      { method: 'GET', path: `/api/payments?patientId=${patient}` },
      { method: 'GET', path: `/api/patients?clinicId=${other}`, headers: { 'x-clinic-id': String(other) } },
      { method: 'GET', path: `/api/patients/starting-with/mark-of-clinic-${other}` },
      {
        method: 'POST',
        path: '/api/patients',
        body: { firstName: 'Put', lastName: `By ${clinic}`, clinicId: other, clinic_id: other },
      },
    ] satisfies Question[];
  });
}

/** What a clinic sees of its rows that the others try to reach. */
function own(clinic: number): Question[] {
  const patient = 2 * CLINICS.length + clinic;
  return [`patients/${patient}/details`, `visits/${patient * 2}`, `visits/${patient * 2 + 1}`].map(
    (path) => ({
      method: 'GET',
      path: `/api/${path}`,
    }),
  );
}

interface Recording {
  readonly manager: readonly Answer[];
  readonly therapist: readonly Answer[];
}

let both: BeforeAndAfter;
let sessions: readonly Sessions[];

beforeAll(async () => {
  both = await beforeAndAfter('loader', CLINICS.length, { env: EXPRESS_4, finish });
  sessions = await Promise.all(
    CLINICS.map(async (clinic) => ({
      clinic,
      before: await login(both.legacy.baseUrl, 'manager', clinic),
      after: await login(both.migrated.baseUrl, 'manager', clinic),
    })),
  );
});

afterAll(async () => {
  await both?.stop();
});

/** Scaffold's runtime, and away with the models' index, as CODE_INDEX_LOADER says. */
async function finish(context: Context, folder: string): Promise<void> {
  await scaffoldCommand.run(context, [], NO_OPTIONS);
  rmSync(join(folder, 'models/index.js'));
}

const login = (baseUrl: string, role: string, clinic: number): Promise<Speaker> =>
  logIn(baseUrl, '/api/login', `${role}@clinic${clinic}.test`);

async function record(speaker: Speaker, clinic: number): Promise<Recording> {
  return {
    manager: await converse(speaker, day(clinic)),
    therapist: await converse(await login(speaker.baseUrl, 'therapist', clinic), THERAPIST),
  };
}

describe('an application with a loader of models, migrated', () => {
  test('leaves nothing for a person but what it says', () => {
    expect(both.findings.map(({ code, severity }) => `${severity} ${code}`).sort()).toEqual([
      'info CODE_CONNECTION_LEFT',
      'warning CODE_INDEX_LOADER',
    ]);
    expect(both.left).toEqual({ changes: 0, verified: [] });
  });

  test('answers every request of every clinic as before, all clinics at once', async () => {
    const before = await Promise.all(sessions.map((session) => record(session.before, session.clinic)));
    const after = await Promise.all(sessions.map((session) => record(session.after, session.clinic)));
    expect(after).toEqual(before);
    const all = before.flatMap(({ manager, therapist }) => [...manager, ...therapist]);
    expect(new Set(all.map(({ status }) => status))).toEqual(
      new Set([200, 201, 204, 400, 403, 404, 409, 500]),
    );
  });

  test('answers whoever is not logged in as before', async () => {
    const ask = ({ baseUrl }: { baseUrl: string }): Promise<Answer[]> =>
      converse({ baseUrl, token: undefined, made: new Made() }, STRANGER);
    const before = await ask(both.legacy);
    expect(await ask(both.migrated)).toEqual(before);
    expect(before.map(({ status }) => status)).toEqual([200, 401, 401, 401, 401, 200, 401]);
  });

  test('lets no clinic reach another', async () => {
    const see = () => Promise.all(sessions.map(({ after, clinic }) => converse(after, own(clinic))));
    const mine = await see();
    const holes = await attackAll(sessions, attacks);
    // The route that forgot the clinic let every clinic cancel every other's visits.
    expect(holes).toHaveLength(CLINICS.length * (CLINICS.length - 1));
    expect(holes.every((question) => question.endsWith('/cancel'))).toBe(true);
    expect(await see()).toEqual(mine);
  });
});

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BeforeAndAfter, beforeAndAfter } from './before-and-after.js';
import { type Answer, converse, logIn, Made, type Question, type Speaker } from './conversation.js';
import { attackAll, type Sessions } from './cross-clinic.js';

const CLINICS = [1, 2, 3];

/** What the compiler makes of each file, in `dist`. */
function compile(folder: string): string {
  const [source, target] = [join(folder, 'src'), join(folder, 'dist')];
  rmSync(target, { recursive: true, force: true });
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue;
    const { outputText } = ts.transpileModule(readFileSync(join(source, name), 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    const path = join(target, name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, outputText);
  }
  return target;
}

/** What the compiler has to say of the application's types. */
function typeErrors(folder: string): string[] {
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => readFileSync(path, 'utf8'));
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  return ts
    .getPreEmitDiagnostics(ts.createProgram(fileNames, { ...options, noEmit: true }))
    .map(
      ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
}

const get = (path: string): Question => ({ method: 'GET', path: `/api${path}` });
const send = (method: Question['method'], path: string, body?: unknown): Question => ({
  method,
  path: `/api${path}`,
  ...(body === undefined ? {} : { body }),
});

/** The ids that the seed gives. */
const dentist = (clinic: number, n: number): number => n * CLINICS.length + clinic;
const order = (clinic: number, n: number, at: number): number => dentist(clinic, n) * 10 + at;

/** What one clinic's owner does. */
function day(clinic: number): Question[] {
  const lists = [
    get('/clinic'),
    get('/clinic/materials'),
    get('/clinic/secrets'),
    get('/accounts'),
    get('/dentists'),
    get("/dentists?q=o'h"),
    get('/dentists?q=%E4%BD%90'),
    get('/orders'),
    get('/orders?status=open&limit=2&offset=1'),
    get('/orders?limit=none'),
    get('/orders/by-material'),
    get('/invoices'),
    get('/invoices/next'),
  ];
  const line = (materialId: number, grams = 3) => ({ materialId, grams });
  const [open, shipped] = [order(clinic, 2, 0), order(clinic, 2, 1)];
  return [
    ...lists,
    ...[open, shipped].flatMap((id) => [get(`/orders/${id}`), get(`/orders/${id}/history`)]),
    get(`/dentists/${dentist(clinic, 1)}`),
    get(`/dentists/${dentist(clinic, 1)}/workload`),
    // What is not there, and what is no id
    get('/dentists/999999'),
    get('/dentists/none/workload'),
    get('/orders/999999'),
    get('/orders/999999/history'),
    get('/nowhere'),
    send('DELETE', '/dentists/999999'),
    send('DELETE', '/orders/999999'),
    send('POST', '/orders/999999/ship'),
    // Dentists, whose licences are a clinic's own
    send('POST', '/dentists', { name: 'Dr New', licence: 'D-77' }),
    send('POST', '/dentists', { name: 'Dr Twice', licence: 'D-77' }),
    send('POST', '/dentists', { name: 'Dr Wrong', licence: '77' }),
    send('POST', '/dentists', { name: ' ' }),
    send('POST', '/dentists', '{'),
    send('PUT', '/dentists/{2:1}', { name: "Dr O'New", licence: 'D-78' }),
    send('PUT', '/dentists/{2:1}', { name: 'D', licence: 'D-78' }),
    send('PUT', '/dentists/{2:1}', { name: 'Dr New', licence: 'D-1' }),
    send('PUT', '/dentists/999999', { name: 'Dr New', licence: 'D-79' }),
    send('DELETE', `/dentists/${dentist(clinic, 1)}`),
    // An order from its beginning to its end
    send('POST', '/orders', {
      dentistId: '{2:1}',
      patientName: "O'Patient 🦷",
      dueOn: '2031-01-02',
      lines: [line(1), line(2)],
    }),
    send('POST', '/orders', { dentistId: '{2:1}', patientName: 'Nobody', lines: [line(1), line(99)] }),
    send('POST', '/orders', {
      dentistId: '{2:1}',
      patientName: 'Nobody',
      dueOn: 'some day',
      lines: [line(1)],
    }),
    send('POST', '/orders', { dentistId: '{2:1}', patientName: 'Nobody', lines: [] }),
    send('POST', '/orders', { dentistId: '{2:1}', patientName: 'Nobody', lines: [{ materialId: 1 }] }),
    send('POST', '/orders', { dentistId: 999_999, patientName: 'Nobody', lines: [line(1)] }),
    get('/orders?limit=3'),
    get('/orders/{3:1}'),
    send('POST', '/invoices', { orderId: '{3:1}', number: 'n-1' }),
    send('POST', '/orders/{3:1}/ship'),
    send('POST', '/orders/{3:1}/ship'),
    get('/orders/{3:1}/history'),
    send('POST', '/invoices', { orderId: '{3:1}', number: 'I-1' }),
    send('POST', '/invoices', { orderId: '{3:1}', number: 'n-1' }),
    send('POST', '/invoices', { orderId: '{3:1}', number: 'N-2' }),
    send('POST', '/invoices', { orderId: 999_999, number: 'N-3' }),
    send('DELETE', '/orders/{3:1}'),
    send('DELETE', `/orders/${open}`),
    get(`/orders/${open}`),
    get('/dentists/{2:1}/workload'),
    send('DELETE', '/dentists/{2:1}'),
    // Accounts, whose addresses are everybody's
    send('POST', '/accounts', { email: `new@clinic${clinic}.test`, password: 'p', role: 'desk' }),
    send('POST', '/accounts', { email: 'desk@clinic1.test', password: 'p', role: 'desk' }),
    send('POST', '/accounts', { email: 'nobody', password: 'p', role: 'desk' }),
    send('POST', '/accounts', { email: 'no@role.test', password: 'p', role: 'king' }),
    ...lists,
  ];
}

/** What somebody at the desk may and may not do. */
const DESK: readonly Question[] = [
  get('/orders?limit=1'),
  get('/clinic/secrets'),
  send('POST', '/dentists', { name: 'Dr Desk', licence: 'D-90' }),
  send('DELETE', '/orders/1'),
];

const STRANGER: readonly Question[] = [
  get('/orders'),
  get('/nowhere'),
  { ...get('/orders'), headers: { authorization: 'Bearer x.y' } },
  send('POST', '/sign-in', { email: 'owner@clinic1.test', password: 'wrong' }),
  send('POST', '/sign-in', { email: 'OWNER@clinic2.test', password: 'secret' }),
  send('POST', '/sign-in', {}),
];

/** One clinic at the rows of another: by path, by body, and by saying that it is the other one. */
function attacks(clinic: number): Question[] {
  return CLINICS.filter((other) => other !== clinic).flatMap((other) => {
    const theirs = order(other, 3, 1);
    const uuid = `00000000-0000-4000-8000-${String(other).padStart(12, '0')}`;
    return [
      get(`/dentists/${dentist(other, 3)}`),
      get(`/dentists/${dentist(other, 3)}/workload`),
      send('PUT', `/dentists/${dentist(other, 3)}`, { name: 'Dr Taken', licence: 'D-99' }),
      send('DELETE', `/dentists/${dentist(other, 3)}`),
      get(`/orders/${theirs}`),
      get(`/orders/${theirs}/history`),
      send('POST', `/orders/${order(other, 3, 0)}/ship`),
      send('DELETE', `/orders/${theirs}`),
      send('POST', '/orders', {
        dentistId: dentist(other, 3),
        patientName: 'X',
        lines: [{ materialId: 1, grams: 1 }],
      }),
      send('POST', '/invoices', { orderId: theirs, number: 'X-1' }),
      { ...get(`/orders?clinicId=${uuid}`), headers: { 'x-clinic-id': uuid } },
      get(`/dentists?q=mark-of-clinic-${other}`),
      send('POST', '/dentists', { name: 'Dr Put', licence: `D-9${other}`, clinicId: uuid, clinic_id: uuid }),
    ];
  });
}

/** What a clinic sees of its rows that the others try to reach. */
const own = (clinic: number): Question[] => [
  get(`/dentists/${dentist(clinic, 3)}`),
  ...[0, 1].flatMap((at) => [
    get(`/orders/${order(clinic, 3, at)}`),
    get(`/orders/${order(clinic, 3, at)}/history`),
  ]),
];

interface Recording {
  readonly owner: readonly Answer[];
  readonly desk: readonly Answer[];
}

const login = (baseUrl: string, role: string, clinic: number): Promise<Speaker> =>
  logIn(baseUrl, '/api/sign-in', `${role}@clinic${clinic}.test`);

async function record(speaker: Speaker, clinic: number): Promise<Recording> {
  return {
    owner: await converse(speaker, day(clinic)),
    desk: await converse(await login(speaker.baseUrl, 'desk', clinic), DESK),
  };
}

let both: BeforeAndAfter;
let sessions: readonly Sessions[];

beforeAll(async () => {
  both = await beforeAndAfter('typed', CLINICS.length, { build: compile });
  sessions = await Promise.all(
    CLINICS.map(async (clinic) => ({
      clinic,
      before: await login(both.legacy.baseUrl, 'owner', clinic),
      after: await login(both.migrated.baseUrl, 'owner', clinic),
    })),
  );
});

afterAll(async () => {
  await both?.stop();
});

describe('an application in TypeScript, migrated', () => {
  test('leaves nothing for a person, and its types hold', () => {
    expect(both.findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'info CODE_MIXED_MOUNT',
      'info CODE_CONNECTION_LEFT',
    ]);
    expect(both.left).toEqual({ changes: 0, verified: [] });
    expect(typeErrors(both.sample.folder)).toEqual([]);
  });

  test('answers every request of every clinic as before, all clinics at once', async () => {
    const before = await Promise.all(sessions.map((session) => record(session.before, session.clinic)));
    const after = await Promise.all(sessions.map((session) => record(session.after, session.clinic)));
    expect(after).toEqual(before);
    const all = before.flatMap(({ owner, desk }) => [...owner, ...desk]);
    expect(new Set(all.map(({ status }) => status))).toEqual(
      new Set([200, 201, 204, 400, 403, 404, 409, 422, 500]),
    );
  });

  test('answers whoever is not signed in as before', async () => {
    const ask = ({ baseUrl }: { baseUrl: string }): Promise<Answer[]> =>
      converse({ baseUrl, token: undefined, made: new Made() }, STRANGER);
    const before = await ask(both.legacy);
    expect(await ask(both.migrated)).toEqual(before);
    expect(before.map(({ status }) => status)).toEqual([401, 401, 401, 401, 200, 400]);
  });

  test('lets no clinic reach another', async () => {
    const see = () => Promise.all(sessions.map(({ after, clinic }) => converse(after, own(clinic))));
    const mine = await see();
    const holes = await attackAll(sessions, attacks);
    // The route that forgot the clinic showed every clinic the history of every other's orders.
    expect(holes).toHaveLength(CLINICS.length * (CLINICS.length - 1));
    expect(holes.every((question) => question.endsWith('/history'))).toBe(true);
    expect(await see()).toEqual(mine);
  });
});

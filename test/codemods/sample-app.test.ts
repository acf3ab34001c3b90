import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../src/codemods/proof/prove.js';
import { createDatabase, withSession } from '../support/postgres.js';
import { inputFor, readTree } from './fixture.js';

const PROJECT = join(import.meta.dirname, '../..');
const APP = join(PROJECT, 'fixtures/apps/medicalpro');

/** As little of the runtime files as the application needs; every request is of the one clinic. */
const RUNTIME = {
  'src/base/connectionManager.js': `
const { Sequelize } = require('sequelize');
const open = (url) => new Sequelize(url, { logging: false });
const central = open(process.env.TEST_CENTRAL_URL);
exports.clinic = open(process.env.TEST_CLINIC_URL);
exports.getCentralConnection = () => central;
`,
  'src/base/ModelFactory.js': `
const { clinic, getCentralConnection } = require('./connectionManager');
const { Company, User, AuditLog, Session, ...others } = require('../models');
const bind = (sequelize, definitions) => {
  for (const { define } of Object.values(definitions)) define(sequelize);
  for (const { associate } of Object.values(definitions)) if (associate) associate(sequelize);
};
bind(clinic, { Company, ...others });
bind(getCentralConnection(), { Company, User, AuditLog });
exports.getModel = async (connection, name) => connection.model(name);
`,
  'src/middleware/clinicRoutingMiddleware.js': `
const { clinic } = require('../base/connectionManager');
module.exports = (req, res, next) => {
  req.clinicDb = clinic;
  next();
};
`,
};

const CLINIC_ONLY = 'DROP TABLE public.users, public.audit_logs, public.sessions CASCADE';
const CENTRAL_ONLY =
  'DROP TABLE public.patients, public.practitioners, public.rooms, public.appointments, public.drugs, public.documents, public.categories, public.invoices, public.prescriptions, public.consents, public.appointment_items, public.document_items, public.sessions CASCADE';

const cleanups: (() => Promise<void> | void)[] = [];

async function seeded(script?: string): Promise<string> {
  const database = await createDatabase();
  cleanups.push(() => database.drop());
  const { seed } = createRequire(join(APP, 'server.js'))('./database/seed.js') as {
    seed(options: { url: string; clinics: number; rows: number }): Promise<unknown>;
  };
  await seed({ url: database.url, clinics: 2, rows: 400 });
  if (script !== undefined) await withSession(database.url, (session) => session.execute(script));
  return database.url;
}

/** Puts an application's files into a folder of its own and lets it listen. */
async function serve(files: ReadonlyMap<string, string>, runtime: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sample-'));
  cpSync(APP, folder, { recursive: true });
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  const texts = [...files].map(([path, text]) => [path.replace(/^\/app\//, ''), text] as const);
  for (const [path, text] of [...texts, ...Object.entries(runtime)]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const require = createRequire(join(folder, 'server.js'));
  const app = require('./src/app') as { listen(port: number, host: string, done: () => void): Server };
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  cleanups.unshift(async () => {
    await new Promise((resolve) => server.close(resolve));
    const manager = Object.keys(runtime).length > 0 ? require('./src/base/connectionManager') : undefined;
    const connections = manager
      ? [manager.clinic, manager.getCentralConnection()]
      : [require('./src/config/database')];
    for (const connection of connections as { close(): Promise<void> }[]) await connection.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
}

let legacy: string;
let migrated: string;

beforeAll(async () => {
  process.env.JWT_SECRET = 'test';
  process.env.DATABASE_URL = await seeded();
  process.env.TEST_CLINIC_URL = await seeded(CLINIC_ONLY);
  process.env.TEST_CENTRAL_URL = await seeded(CENTRAL_ONLY);
  const before = readTree(APP);
  legacy = await serve(before, {});
  migrated = await serve(migrate(inputFor(before)).changes, RUNTIME);
});

afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(
  base: string,
  method: string,
  path: string,
  token: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(base + path, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, connection: 'close' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? '' : JSON.parse(text) };
}

async function login(base: string): Promise<string> {
  const { body } = await ask(base, 'POST', '/auth/login', '', {
    email: 'admin@clinic1.test',
    password: 'secret',
  });
  return (body as { token: string }).token;
}

/** Moments and random identifiers differ from run to run. */
function comparable({ status, body }: Answer): unknown {
  const text = JSON.stringify(body)
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<moment>')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>');
  return { status, body: JSON.parse(text) };
}

const LISTS = [
  '/company',
  '/users',
  '/users/me',
  '/patients',
  '/patients/active',
  '/patients/search?q=a',
  '/practitioners',
  '/rooms',
  '/appointments',
  '/appointments/load',
  '/prescriptions',
  '/drugs',
  '/documents',
  '/consents',
  '/categories',
  '/invoices',
  '/invoices/stats',
  '/audit-logs',
  '/audit-logs/activity',
  '/patients/1',
  '/patients/1/full',
  '/patients/1/summary',
  '/practitioners/1',
  '/practitioners/1/account',
  '/rooms/1',
  '/appointments/1',
  '/prescriptions/1',
  '/drugs/1',
  '/invoices/1',
  '/patients/999999',
];

const WRITES: [method: string, path: string, body?: unknown][] = [
  [
    'POST',
    '/patients/register',
    {
      patient: { firstName: 'Bo', lastName: 'Li' },
      appointment: { practitionerId: 1, startsAt: '2030-01-01T10:00:00Z', endsAt: '2030-01-01T10:30:00Z' },
    },
  ],
  ['POST', '/patients', { firstName: 'Ada', lastName: "O'Neil" }],
  ['PUT', '/patients/1', { phone: '1' }],
  ['POST', '/patients/1/consents', { kind: 'data', granted: true }],
  ['POST', '/categories', { name: 'New', colour: '#ff0000' }],
  ['PUT', '/categories/999999', { name: 'None' }],
  ['POST', '/rooms', { name: 'R', floor: 2 }],
  ['DELETE', '/rooms/999999'],
  ['POST', '/practitioners', { firstName: 'A', lastName: 'B', speciality: 'C' }],
  ['POST', '/documents', { patientId: 1, title: 'T', kind: 'letter', metadata: {}, items: ['x', 'y'] }],
  ['POST', '/invoices', { patientId: 1, amount: '10.00', issuedOn: '2024-01-01' }],
  ['POST', '/invoices/1/pay'],
  [
    'POST',
    '/prescriptions',
    { patientId: 1, practitionerId: 1, drugId: 1, dosage: '1', days: 3, issuedOn: '2024-01-01' },
  ],
  [
    'POST',
    '/appointments',
    {
      patientId: 1,
      practitionerId: 1,
      startsAt: '2031-01-01T10:00:00Z',
      endsAt: '2031-01-01T10:30:00Z',
      items: [{ label: 'x' }],
    },
  ],
  ['POST', '/appointments/reminders', { from: '2000-01-01', to: '2100-01-01' }],
  ['PUT', '/appointments/1', { status: 'confirmed' }],
  ['DELETE', '/appointments/1'],
  ['DELETE', '/patients/1'],
];

describe('the migrated sample application', () => {
  it('answers every request as it did before, with the clinic’s tables and the central ones in two databases', async () => {
    const [before, after] = [await login(legacy), await login(migrated)];
    const statuses = new Set<number>();
    const requests = [
      ...LISTS.map((path) => ['GET', path] as const),
      ...WRITES,
      ...LISTS.map((path) => ['GET', path] as const),
    ];
    for (const [method, path, body] of requests) {
      const expected = await ask(legacy, method, path, before, body);
      const found = await ask(migrated, method, path, after, body);
      expect({ method, path, answer: comparable(found) }).toEqual({
        method,
        path,
        answer: comparable(expected),
      });
      expect(expected.status, `${method} ${path}`).toBeLessThan(500);
      statuses.add(expected.status);
    }
    expect([...statuses].sort()).toEqual(expect.arrayContaining([200, 201, 204, 404]));
  });
});

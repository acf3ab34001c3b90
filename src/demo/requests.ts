import { type ApiRequest, rowsOf, send, valueAt } from './http.js';

/** A request of a recording. */
export interface RecordedRequest extends ApiRequest {
  /**
   * What the answer is asked for later, by name: `{ patient: 'id' }` lets later paths and bodies say `{patient}`. Such
   * a value differs from run to run; a comparison takes it for the same.
   */
  readonly save?: Readonly<Record<string, string>>;
}

const LISTS = [
  '/company',
  '/users',
  '/users/me',
  '/patients',
  '/patients?limit=25&offset=5',
  '/patients?status=inactive&limit=5',
  '/patients/active',
  '/patients/by-email?email=patient1@example.org',
  '/patients/search?q=ber',
  "/patients/search?q=o'",
  '/practitioners',
  '/rooms',
  '/appointments?limit=20',
  '/appointments?status=completed&from=2024-02-01&to=2024-08-01&limit=5&offset=2',
  '/appointments/agenda?day=2024-03-05',
  '/appointments/load',
  '/prescriptions',
  '/drugs',
  '/documents',
  '/consents',
  '/consents?kind=research',
  '/categories',
  '/invoices?limit=20&offset=1',
  '/invoices?status=open',
  '/invoices/stats',
  '/audit-logs?before=2026-01-01',
  '/audit-logs/activity?before=2026-01-01',
];

/** For each list, what is asked of some of its rows. */
const DETAILS: Readonly<Record<string, readonly string[]>> = {
  '/patients': [
    '/patients/{id}',
    '/patients/{id}/full',
    '/patients/{id}/summary',
    '/documents?patientId={id}',
  ],
  '/practitioners': ['/practitioners/{id}', '/practitioners/{id}/account'],
  '/rooms': ['/rooms/{id}'],
  '/appointments': ['/appointments/{id}'],
  '/prescriptions': ['/prescriptions/{id}'],
  '/drugs': ['/drugs/{id}'],
  '/documents': ['/documents/{id}'],
  '/invoices': ['/invoices/{id}'],
};

/** An id that no row has: the answer must be the same 404. */
const NO_ID = 2147483647;

/**
 * Every GET route of the sample application as one clinic's user asks it, the ids being those of its first, middle
 * and last rows at this time. To be made once and recorded on both sides.
 */
export async function planReads(baseUrl: string, token: string): Promise<RecordedRequest[]> {
  const paths = [...LISTS];
  for (const [list, details] of Object.entries(DETAILS)) {
    const { body } = await send(baseUrl, token, { method: 'GET', path: list });
    const rows = rowsOf(body);
    const positions = new Set([0, Math.floor(rows.length / 2), rows.length - 1]);
    for (const position of positions) {
      const id = valueAt(rows[position], 'id');
      if (id !== undefined) paths.push(...details.map((path) => path.replace('{id}', String(id))));
    }
    if (list !== '/documents') paths.push(`${list}/${NO_ID}`);
  }
  return paths.map((path) => ({ method: 'GET', path }));
}

const APPOINTMENT = { startsAt: '2031-05-06T08:00:00.000Z', endsAt: '2031-05-06T08:20:00.000Z' };

/**
 * One clinic's day: it creates, changes, lists and deletes a row of each kind, over every write route, and leaves no
 * row that a later read would see. It needs nothing in the clinic beforehand.
 */
export const WRITE_SCENARIO: readonly RecordedRequest[] = [
  post('/patients', { firstName: 'Ada', lastName: "O'Neil", email: 'Ada@Demo.test' }, { patient: 'id' }),
  post('/patients', { firstName: 'Ada', lastName: 'Twice', email: 'ada@demo.test' }),
  post('/patients', { firstName: '', lastName: 'Nobody' }),
  { method: 'PUT', path: '/patients/{patient}', body: { phone: '+33 6 12 34 56 78', notes: 'a\n"b"\\ 🩺' } },
  get('/patients/{patient}'),
  get('/patients/by-email?email=ada@demo.test'),
  post('/patients/{patient}/consents', { kind: 'research', granted: false }, { consent: 'id' }),
  post('/practitioners', { firstName: 'Zoé', lastName: 'Ångström' }, { practitioner: 'id' }),
  post('/rooms', { name: 'Demo room', floor: 3 }, { room: 'id' }),
  { method: 'PUT', path: '/rooms/{room}', body: { name: 'Demo room, renamed', floor: 2 } },
  post('/categories', { name: 'Demo category', colour: '#123abc' }, { category: 'id' }),
  { method: 'PUT', path: '/categories/{category}', body: { name: 'Renamed category', colour: '#abcdef' } },
  get('/categories'),
  post(
    '/appointments',
    {
      ...APPOINTMENT,
      patientId: '{patient}',
      practitionerId: '{practitioner}',
      roomId: '{room}',
      reason: 'check-up',
      items: [
        { label: 'ECG', quantity: 1, unitPrice: '42.50', categoryId: '{category}' },
        { label: 'Dressing', quantity: 2, unitPrice: '3.10' },
      ],
    },
    { appointment: 'id', item: 'items.0.id', item2: 'items.1.id' },
  ),
  post('/appointments', { ...APPOINTMENT, patientId: NO_ID, practitionerId: '{practitioner}' }),
  post(
    '/invoices',
    { patientId: '{patient}', appointmentId: '{appointment}', amount: '48.70' },
    {
      invoice: 'id',
      number: 'number',
    },
  ),
  post('/invoices/{invoice}/pay', {}),
  post('/invoices/{invoice}/pay', {}),
  get('/appointments/{appointment}'),
  post('/appointments/reminders', { from: '2031-05-06', to: '2031-05-07' }),
  { method: 'PUT', path: '/appointments/{appointment}', body: { status: 'completed', reason: 'done' } },
  get('/patients/{patient}/summary'),
  post(
    '/prescriptions',
    { patientId: '{patient}', practitionerId: '{practitioner}', drugId: 1, dosage: '2 × daily', days: 5 },
    { prescription: 'id' },
  ),
  get('/patients/{patient}/full'),
  post(
    '/documents',
    { patientId: '{patient}', title: 'Demo letter', metadata: { signed: true }, items: ['one', 'two'] },
    { document: 'id', item3: 'items.0.id', item4: 'items.1.id' },
  ),
  { method: 'PUT', path: '/documents/{document}', body: { title: 'Demo letter, signed' } },
  get('/documents/{document}'),
  post(
    '/patients/register',
    {
      patient: { firstName: 'Béla', lastName: 'Register' },
      appointment: { ...APPOINTMENT, practitionerId: '{practitioner}' },
    },
    { patient2: 'patient.id', appointment2: 'appointment.id', consent2: 'consent.id' },
  ),
  post('/patients/register', {
    patient: { firstName: 'Rolled', lastName: 'Back', email: 'rolled@back.test' },
    appointment: { ...APPOINTMENT, practitionerId: NO_ID },
  }),
  get('/patients/by-email?email=rolled@back.test'),
  ...[
    '/documents/{document}',
    '/prescriptions/{prescription}',
    '/invoices/{invoice}',
    '/appointments/{appointment2}',
    '/appointments/{appointment}',
    '/categories/{category}',
    '/rooms/{room}',
    '/practitioners/{practitioner}',
    '/patients/{patient2}',
    '/patients/{patient}',
  ].flatMap((path): RecordedRequest[] => [
    { method: 'DELETE', path },
    { method: 'DELETE', path },
  ]),
  get('/patients/{patient}'),
];

function get(path: string): RecordedRequest {
  return { method: 'GET', path };
}

function post(path: string, body: unknown, save: Readonly<Record<string, string>> = {}): RecordedRequest {
  return { method: 'POST', path, body, save };
}

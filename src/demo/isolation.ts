import { randomBytes } from 'node:crypto';
import { RunError } from '../core/errors.js';
import { type ApiRequest, login, rowsOf, send, valueAt } from './http.js';

export interface Login {
  readonly email: string;
  readonly password: string;
}

export interface IsolationCheck {
  /** What must hold: `a patient of A: B does not list it`. */
  readonly check: string;
  readonly held: boolean;
  /** What was seen. */
  readonly detail: string;
}

interface Resource {
  readonly name: string;
  readonly path: string;
  /** The text property that tells the row from every other. */
  readonly mark: string;
  /** What creates a row, given the mark and a patient's id. */
  readonly body: (mark: string, patientId: unknown) => Readonly<Record<string, unknown>>;
}

const PATIENT: Resource = {
  name: 'patient',
  path: '/patients',
  mark: 'lastName',
  body: (lastName) => ({ firstName: 'Isolation', lastName }),
};

const RESOURCES: readonly Resource[] = [
  PATIENT,
  { name: 'room', path: '/rooms', mark: 'name', body: (name) => ({ name, floor: 1 }) },
  { name: 'document', path: '/documents', mark: 'title', body: (title, patientId) => ({ title, patientId }) },
];

const PAGE = 500;

/** A clinic's session with the application. */
interface Clinic {
  readonly baseUrl: string;
  readonly token: string;
}

/**
 * Creates rows as clinic A and tries to see, change and delete them as clinic B; then looks again as A, so that
 * refusals are not taken for isolation where nothing works at all. What it creates, it deletes.
 */
export async function checkIsolation(
  baseUrl: string,
  loginA: Login,
  loginB: Login,
): Promise<IsolationCheck[]> {
  const a: Clinic = { baseUrl, token: await login(baseUrl, loginA.email, loginA.password) };
  const b: Clinic = { baseUrl, token: await login(baseUrl, loginB.email, loginB.password) };
  const patientId = await create(a, PATIENT, `Owner ${randomBytes(6).toString('hex')}`, undefined);
  const checks: IsolationCheck[] = [];
  for (const resource of RESOURCES) checks.push(...(await checkResource(a, b, resource, patientId)));
  await send(baseUrl, a.token, { method: 'DELETE', path: `/patients/${patientId}` });
  return checks;
}

async function checkResource(
  a: Clinic,
  b: Clinic,
  resource: Resource,
  patientId: unknown,
): Promise<IsolationCheck[]> {
  const mark = `Isolation ${randomBytes(6).toString('hex')}`;
  const id = await create(a, resource, mark, patientId);
  const path = `${resource.path}/${id}`;
  const checks: IsolationCheck[] = [];
  const add = (text: string, held: boolean, detail: string): void => {
    checks.push({ check: `a ${resource.name} of A: ${text}`, held, detail });
  };
  const listedByA = await isListed(a, resource, mark);
  add('A lists it', listedByA, listedByA ? 'listed' : 'not listed');
  const listedByB = await isListed(b, resource, mark);
  add('B does not list it', !listedByB, listedByB ? 'listed' : 'not listed');

  const seen = await send(b.baseUrl, b.token, { method: 'GET', path });
  const isSeen = JSON.stringify(seen.body).includes(mark);
  add('B does not get it by its id', !isSeen, `answered ${seen.status}`);
  // In databases of their own, both may have a row of one number: B's is B's to change, and is left alone here
  const isAnother = seen.status === 200 && !isSeen;
  for (const { what, method, body } of isAnother ? [] : attempts(resource, mark)) {
    const { status } = await send(b.baseUrl, b.token, { method, path, body });
    add(`B cannot ${what} it`, status === 404 || status === 403, `answered ${status}`);
  }

  const still = await send(a.baseUrl, a.token, { method: 'GET', path });
  const value = valueAt(still.body, resource.mark);
  add(
    'it is still there for A, unchanged',
    still.status === 200 && value === mark,
    `answered ${still.status}`,
  );
  const { status } = await send(a.baseUrl, a.token, { method: 'DELETE', path });
  add('A can delete it', status === 204, `answered ${status}`);
  return checks;
}

function attempts(
  resource: Resource,
  mark: string,
): (Pick<ApiRequest, 'method' | 'body'> & { what: string })[] {
  return [
    { what: 'update', method: 'PUT', body: { [resource.mark]: `${mark} taken` } },
    { what: 'delete', method: 'DELETE' },
  ];
}

/** Resolves to the new row's id; a refusal is a RunError, since nothing could be checked then. */
async function create(
  clinic: Clinic,
  resource: Resource,
  mark: string,
  patientId: unknown,
): Promise<unknown> {
  const { status, body } = await send(clinic.baseUrl, clinic.token, {
    method: 'POST',
    path: resource.path,
    body: resource.body(mark, patientId),
  });
  const id = valueAt(body, 'id');
  if (status !== 201 || id === undefined)
    throw new RunError(`checking isolation: POST ${resource.path} answered ${status}`);
  return id;
}

/** Whether any page of the list has the mark; a list that does not answer is a RunError. */
async function isListed(clinic: Clinic, resource: Resource, mark: string): Promise<boolean> {
  for (let offset = 0; ; offset += PAGE) {
    const path = `${resource.path}?limit=${PAGE}&offset=${offset}`;
    const { status, body } = await send(clinic.baseUrl, clinic.token, { method: 'GET', path });
    if (status !== 200) throw new RunError(`checking isolation: GET ${path} answered ${status}`);
    if (JSON.stringify(body).includes(mark)) return true;
    // A list without pages answers with all of its rows whatever the limit
    if (Array.isArray(body) || rowsOf(body).length < PAGE) return false;
  }
}

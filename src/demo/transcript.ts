import { type ApiRequest, send, valueAt } from './http.js';
import type { RecordedRequest } from './requests.js';

export { login } from './http.js';

/** A request as it was written, and its answer without what differs from run to run. */
export interface Exchange {
  /** `GET /patients/{patient}`. */
  readonly request: string;
  readonly status: number;
  readonly body: unknown;
}

export interface Difference {
  readonly request: string;
  /** Where in the answer: `status`, `body`, `body.data[0].firstName`. */
  readonly path: string;
  /** undefined where that side has nothing. */
  readonly before: unknown;
  readonly after: unknown;
}

type Saved = Map<string, unknown>;

/** How far the database's clock may be from ours, in milliseconds. */
const CLOCK_SKEW = 60_000;

/**
 * Sends the requests one after the other and keeps the answers. Up to the first request that is no GET, answers are
 * kept as they are; from there on, saved values read `{name}`, and times the run itself made read `{now}`.
 */
export async function recordTranscript(
  baseUrl: string,
  token: string,
  requests: readonly RecordedRequest[],
): Promise<Exchange[]> {
  const transcript: Exchange[] = [];
  const saved: Saved = new Map();
  const start = Date.now() - CLOCK_SKEW;
  let isWriting = false;
  for (const request of requests) {
    isWriting ||= request.method !== 'GET';
    const { status, body } = await send(baseUrl, token, fillIn(request, saved));
    for (const [name, path] of Object.entries(request.save ?? {})) saved.set(name, valueAt(body, path));
    transcript.push({
      request: `${request.method} ${request.path}`,
      status,
      body: isWriting ? withoutRun(body, rootEntity(request.path), { saved, start }) : body,
    });
  }
  return transcript;
}

/** Puts saved values into a request's path and body. */
function fillIn({ method, path, body }: RecordedRequest, saved: Saved): ApiRequest {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(saved.get(name))));
  return { method, path: filled, body: mapStrings(body, (text) => savedValue(text, saved)) };
}

function savedValue(text: string, saved: Saved): unknown {
  const name = /^\{(\w+)\}$/.exec(text)?.[1];
  return name !== undefined && saved.has(name) ? saved.get(name) : text;
}

function mapStrings(value: unknown, change: (text: string) => unknown): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapStrings(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapStrings(one, change)]));
}

/** What this run made up: values it saved, and the time it ran. */
interface Run {
  readonly saved: Saved;
  /** Epoch milliseconds. */
  readonly start: number;
}

/**
 * A body with the run's own values replaced by their names. A number is only taken for a saved id where it stands
 * for that kind of row: at `id` of a patient, or at `patientId`.
 */
function withoutRun(value: unknown, entity: string, run: Run): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutRun(one, entity, run));
  if (typeof value === 'string') return isOfRun(value, run) ? '{now}' : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      const kind = key === 'id' ? entity : key.replace(/Id$/, '');
      const name = savedName(kind, one, run.saved);
      if (name !== undefined) return [key, `{${name}}`];
      return [key, withoutRun(one, key === 'data' ? entity : singular(key), run)];
    }),
  );
}

/** `patient`, `patient2`: the name under which this kind of row was saved with this value. */
function savedName(kind: string, value: unknown, saved: Saved): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  for (const [name, known] of saved) if (known === value && name.replace(/\d+$/, '') === kind) return name;
  return undefined;
}

function isOfRun(text: string, run: Run): boolean {
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) return false;
  const time = Date.parse(text);
  return time >= run.start && time <= Date.now() + CLOCK_SKEW;
}

/** The kind of row that a path answers with: `patient` for `/patients/7`, `consent` for `/patients/7/consents`. */
function rootEntity(path: string): string {
  const lists = path
    .replace(/\?.*/, '')
    .split('/')
    .filter((part) => /s$/.test(part));
  return singular(lists.at(-1) ?? '');
}

function singular(word: string): string {
  return word.endsWith('ies') ? `${word.slice(0, -3)}y` : word.replace(/s$/, '');
}

/**
 * Every place where two recordings of the same requests differ, in order; none means they are equal. A request
 * that one side lacks is a difference at `status`.
 */
export function compareTranscripts(before: readonly Exchange[], after: readonly Exchange[]): Difference[] {
  const differences: Difference[] = [];
  for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
    const [one, other] = [before[index], after[index]];
    const request = one?.request ?? other?.request ?? '';
    const add = (path: string, was: unknown, is: unknown): void => {
      differences.push({ request, path, before: was, after: is });
    };
    if (one?.request !== other?.request) add('request', one?.request, other?.request);
    else {
      if (one?.status !== other?.status) add('status', one?.status, other?.status);
      compareValues('body', one?.body, other?.body, add);
    }
  }
  return differences;
}

function compareValues(
  path: string,
  before: unknown,
  after: unknown,
  add: (path: string, before: unknown, after: unknown) => void,
): void {
  if (Object.is(before, after)) return;
  const areObjects =
    typeof before === 'object' && typeof after === 'object' && before !== null && after !== null;
  if (!areObjects || Array.isArray(before) !== Array.isArray(after)) {
    add(path, before, after);
    return;
  }
  const [one, other] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  for (const step of new Set([...one.keys(), ...other.keys()])) {
    const at = Array.isArray(before) ? `${path}[${step}]` : `${path}.${step}`;
    compareValues(at, one.get(step), other.get(step), add);
  }
}

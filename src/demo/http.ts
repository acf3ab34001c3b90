import { RunError } from '../core/errors.js';

/** A request to the application's API; the path begins after `/api/v1`. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface ApiResponse {
  readonly status: number;
  /** Parsed where it is JSON, the text where it is not, null where there is none. */
  readonly body: unknown;
}

/** Sends one request; an application that does not answer is a RunError. */
export async function send(
  baseUrl: string,
  token: string | undefined,
  { method, path, body }: ApiRequest,
): Promise<ApiResponse> {
  const headers = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
  };
  try {
    const response = await fetch(`${baseUrl}/api/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: parse(await response.text()) };
  } catch (cause) {
    throw new RunError(`${method} ${path}: the application did not answer`, { cause });
  }
}

function parse(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A property of a JSON value by its path (`items.0.id`, empty for the value itself); undefined where it is missing. */
export function valueAt(body: unknown, path: string): unknown {
  let value = body;
  for (const step of path === '' ? [] : path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
  }
  return value;
}

/** The list in an answer: the answer itself, or its `data` where it is paginated. */
export function rowsOf(body: unknown): unknown[] {
  if (Array.isArray(body)) return body;
  const data = valueAt(body, 'data');
  return Array.isArray(data) ? data : [];
}

/** Logs in and resolves to the token; a refusal is a RunError. */
export async function login(baseUrl: string, email: string, password: string): Promise<string> {
  const path = '/auth/login';
  const { status, body } = await send(baseUrl, undefined, {
    method: 'POST',
    path,
    body: { email, password },
  });
  const token = valueAt(body, 'token');
  if (status !== 200 || typeof token !== 'string')
    throw new RunError(`logging in as ${email}: the application answered ${status}`);
  return token;
}

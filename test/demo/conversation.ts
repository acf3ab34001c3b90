/** A request, with `{4:1}` for the first new id from 4,000,000 on and `{uuid:1}` for the first new UUID. */
export interface Question {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Sent as JSON; a text is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly question: string;
  readonly status: number;
  readonly type: string | null;
  /** Byte for byte, but for what the run itself made: new ids, new UUIDs and the time. */
  readonly text: string;
}

/** A token with which questions are asked, and what was made under it. */
export interface Speaker {
  readonly baseUrl: string;
  readonly token: string | undefined;
  readonly made: Made;
}

/** How far the database's clock may be from ours, in milliseconds. */
const CLOCK_SKEW = 60_000;

/**
 * The values that a run makes up, by the order in which they are seen. Applications for this take new ids from
 * ranges that begin at 1,000,000, 2,000,000 and so on, one for each table; seeded UUIDs begin with zeros.
 */
export class Made {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #start = Date.now() - CLOCK_SKEW;

  /** The text with names for what was made. */
  hide(text: string): string {
    return text
      .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, (moment) => (this.#isOfRun(moment) ? '{now}' : moment))
      .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, (uuid) =>
        uuid.startsWith('00000000') ? uuid : this.#name('uuid', uuid),
      )
      .replace(/(?<![\w.-])([1-9])0\d{5}(?![\w.-])/g, (id, range: string) => this.#name(range, id));
  }

  /** The text with what was made in the place of its names. */
  show(text: string): string {
    return text.replace(/"?(\{(?:uuid|\d):\d+\})"?/g, (whole, name: string) => {
      const value = [...this.#names].find(([, known]) => known === name)?.[0];
      if (value === undefined) return whole;
      return whole === name || value.includes('-') ? whole.replace(name, value) : value;
    });
  }

  #name(kind: string, value: string): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    this.#names.set(value, `{${kind}:${count}}`);
    return `{${kind}:${count}}`;
  }

  #isOfRun(moment: string): boolean {
    const time = Date.parse(moment);
    return time >= this.#start && time <= Date.now() + CLOCK_SKEW;
  }
}

/** Asks one thing after the other. */
export async function converse(speaker: Speaker, questions: readonly Question[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const question of questions) answers.push(await ask(speaker, question));
  return answers;
}

/** Asks one thing. */
export async function ask(
  { baseUrl, token, made }: Speaker,
  { method, path, body, headers }: Question,
): Promise<Answer> {
  const text = typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body);
  const response = await fetch(baseUrl + made.show(path), {
    method,
    headers: {
      // A test may think for longer than a server keeps a connection.
      connection: 'close',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: made.show(text) }),
  });
  return {
    question: `${method} ${path}`,
    status: response.status,
    type: response.headers.get('content-type'),
    text: made.hide(await response.text()),
  };
}

/** Logs in; an answer without a token is an error. */
export async function logIn(baseUrl: string, path: string, email: string): Promise<Speaker> {
  const stranger: Speaker = { baseUrl, token: undefined, made: new Made() };
  const { status, text } = await ask(stranger, { method: 'POST', path, body: { email, password: 'secret' } });
  const { token } = JSON.parse(text) as { token?: string };
  if (status !== 200 || token === undefined) throw new Error(`${email}: ${status} ${text}`);
  return { baseUrl, token, made: new Made() };
}

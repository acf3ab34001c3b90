import pg from 'pg';

/** What is known to whoever attacks: everything but a password that is not his. */
export interface Places {
  /** The clinic whose login attacks, and one of the others. */
  readonly own: Place;
  readonly other: Place;
  readonly central: string;
  readonly legacy: string;
  readonly template: string;
  /** An object of the server's, as seen by an administrator. */
  readonly otherPid: number;
  readonly otherSnapshot: string;
  /** 15, 18. */
  readonly version: number;
}

export interface Place {
  readonly database: string;
  readonly login: string;
  readonly owner: string;
}

/**
 * `sees nothing`: the statement is let through and its last result has no row. `is warned`: it is let through with a
 * warning that it did nothing. `may`: it is the login's own affair, and touches nobody else.
 */
export type Outcome = string;

export interface Attack {
  readonly family: string;
  /** Run in order in a session of the login's; the last one is the attack. */
  readonly statements: readonly string[];
  /** Opened instead of the clinic's own database. */
  readonly connect?: Omit<pg.ClientConfig, 'connectionString'>;
  /** An SQLSTATE, or one of the outcomes. */
  readonly expected: Outcome;
}

export type Row = readonly [statement: string | readonly string[], expected: Outcome];

/** The rows of a family. */
export function family(name: string, rows: readonly Row[]): Attack[] {
  return rows.map(([statement, expected]) => ({
    family: name,
    statements: typeof statement === 'string' ? [statement] : statement,
    expected,
  }));
}

/** What came of it, in the words of `expected`. Two grants at the same time may meet in a row of a catalog: no answer yet. */
export async function attempt(url: string, attack: Attack): Promise<string> {
  for (;;) {
    const outcome = await attemptOnce(url, attack);
    if (outcome !== 'XX000: tuple concurrently updated') return outcome;
  }
}

async function attemptOnce(url: string, { statements, connect, expected }: Attack): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const client = new pg.Client({
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ...connect,
  });
  const warnings: string[] = [];
  client.on('notice', ({ message }) => warnings.push(message ?? ''));
  client.on('error', () => undefined);
  try {
    await client.connect();
    let rows = 0;
    for (const statement of statements) rows = (await client.query(statement)).rowCount ?? 0;
    if (expected === 'may') return 'may';
    if (warnings.length > 0) return 'is warned';
    return rows === 0 ? 'sees nothing' : `sees ${rows} rows`;
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (code === 'XX000') return `XX000: ${message}`;
    return typeof code === 'string' ? code : String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

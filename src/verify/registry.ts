import { clinicMark, markedClinic } from '../catalog/clinic-mark.js';
import { RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { commandLine, inDatabase } from '../core/hints.js';
import { quoteIdent, quoteLiteral } from '../core/identifiers.js';
import type { Databases, Session } from '../core/ports.js';
import { databaseOf, endpointOf, withDatabase } from '../core/urls.js';
import { showClinic, showKey } from './data/words.js';

export interface VerifyRegistryOptions {
  readonly databases: Databases;
  readonly centralUrl: string;
  /** By name, as the configuration has them. */
  readonly servers: Readonly<Record<string, { readonly url: string }>>;
}

export interface RegistryCheck {
  readonly findings: readonly Finding[];
  /** Keys of the clinics whose row leads to what is not theirs: nothing else can be said of them. */
  readonly astray: ReadonlySet<string>;
}

type Row = Record<'key' | 'label' | 'server' | 'host' | 'database' | 'role', string> & { port: number };

/** What a server says of itself: whose its databases and logins are, by their names; null for no comment. */
interface Marks {
  readonly database: ReadonlyMap<string, string | null>;
  readonly role: ReadonlyMap<string, string | null>;
}

/**
 * Holds the registry against what the servers say: every row leads to the database and the login that are marked as its
 * clinic's, and every database that is marked as a clinic's has its row.
 */
export async function verifyRegistry(options: VerifyRegistryOptions): Promise<RegistryCheck> {
  const { databases, centralUrl, servers } = options;
  const { rows, installation } = await on(databases, centralUrl, readRegistry);
  const known = Object.entries(servers).map(async ([name, { url }]) => {
    const marks = await on(databases, withDatabase(url, 'postgres'), readMarks);
    return [name, marks] as const;
  });
  const marks = new Map(await Promise.all(known));
  const findings: Finding[] = [];
  const astray = new Set<string>();
  for (const row of rows) {
    if (!marks.has(row.server)) continue; // said where the registry is read
    const found = rowFindings(row, { installation, central: databaseOf(centralUrl), marks, servers });
    if (found.some(({ code, severity }) => code === 'REGISTRY_ENTRY' && severity === 'error'))
      astray.add(row.key);
    findings.push(...found);
  }
  return { findings: [...findings, ...rowsMissing(rows, installation, marks)], astray };
}

async function on<T>(databases: Databases, url: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await databases.connect(url, { readOnly: true });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

async function readRegistry(central: Session): Promise<{ rows: Row[]; installation: string }> {
  const [found] = await central.query<{ id: string }>(
    'SELECT id::text AS id FROM clinic_migrate.installation',
  );
  if (found === undefined) throw new RunError(`${central.label} does not say which installation it is`);
  const rows = await central.query<Row>(
    `SELECT key, label, server, host, port, database, role FROM clinic_migrate.clinics ORDER BY key COLLATE "C"`,
  );
  return { rows, installation: found.id };
}

async function readMarks(server: Session): Promise<Marks> {
  const read = async (
    name: string,
    catalog: string,
    comments: string,
  ): Promise<Map<string, string | null>> => {
    const rows = await server.query<{ name: string; mark: string | null }>(
      `SELECT ${name}::text AS name, pg_catalog.shobj_description(oid, '${comments}') AS mark
         FROM pg_catalog.${catalog} ORDER BY 1`,
    );
    return new Map(rows.map((row) => [row.name, row.mark]));
  };
  return {
    database: await read('datname', 'pg_database', 'pg_database'),
    role: await read('rolname', 'pg_roles', 'pg_authid'),
  };
}

interface Surroundings {
  readonly installation: string;
  /** The central database's name. */
  readonly central: string;
  /** By server. */
  readonly marks: ReadonlyMap<string, Marks>;
  readonly servers: VerifyRegistryOptions['servers'];
}

/** What a row says and the servers do not. */
function rowFindings(row: Row, around: Surroundings): Finding[] {
  const said = `the registry's row of ${showClinic(row)}`;
  const common = { severity: 'error' as const, subject: row.database };
  const { wrong, unmarked } = nameFaults(row, around);
  const findings = unmarked.map((kind): Finding => {
    const name = row[kind];
    const mark = quoteLiteral(clinicMark(around.installation, row.key));
    return {
      ...common,
      code: 'REGISTRY_UNMARKED',
      message: `${said} names the ${THING[kind]} ${name}, which does not say that it is this clinic's`,
      hint:
        kind === 'database'
          ? `Run ${commandLine('provision', row.key)}: it marks what it finds to be the clinic's.`
          : inDatabase('postgres', `COMMENT ON ROLE ${quoteIdent(name)} IS ${mark}`),
    };
  });
  const there = endpoint(around.servers, row.server);
  const isThere = row.host === there?.host && row.port === there.port;
  const astray = Object.keys(around.servers).find((name) => {
    const other = endpoint(around.servers, name);
    return !isThere && row.host === other?.host && row.port === other.port;
  });
  if (astray !== undefined && there !== undefined)
    for (const column of ['host', 'port'] as const)
      wrong.push({
        what: `sends the application to the server ${astray} instead of ${row.server}`,
        column,
        value: String(there[column]),
      });
  if (wrong.length > 0) {
    const message = `${said} ${[...new Set(wrong.map(({ what }) => what))].join('; it ')}`;
    findings.push({ ...common, code: 'REGISTRY_ENTRY', message, hint: putBack(row, wrong, around.central) });
  } else if (!isThere && there !== undefined)
    findings.push({
      ...common,
      severity: 'warning',
      code: 'REGISTRY_ENTRY',
      message: `${said} sends the application to ${row.host}:${row.port}, and what is checked is at ${there.host}:${there.port}`,
      hint: `Make sure that both are one server. If it has moved: ${inDatabase(around.central, `UPDATE clinic_migrate.clinics SET host = ${quoteLiteral(there.host)}, port = ${there.port} WHERE key = ${quoteLiteral(row.key)}`)}`,
    });
  return findings;
}

const THING = { database: 'database', role: 'login' } as const;
type Kind = keyof typeof THING;

function endpoint(
  servers: VerifyRegistryOptions['servers'],
  name: string,
): { readonly host: string; readonly port: number } | undefined {
  const url = servers[name]?.url;
  return url === undefined ? undefined : endpointOf(url);
}

/** The database and the login that are another's, or are not there while one that is marked as the clinic's is. */
function nameFaults(row: Row, { installation, marks }: Surroundings): { wrong: Fault[]; unmarked: Kind[] } {
  const mark = clinicMark(installation, row.key);
  const wrong: Fault[] = [];
  const unmarked: Kind[] = [];
  for (const kind of ['database', 'role'] as const) {
    const name = row[kind];
    const found = marks.get(row.server)?.[kind].get(name);
    if (found === mark) continue;
    // Where the clinic's own is, on this server before any other.
    const owns = [...marks].flatMap(([server, all]) =>
      [...all[kind]].flatMap(([own, comment]) => (comment === mark ? [{ server, own }] : [])),
    );
    const here = owns.find(({ server }) => server === row.server) ?? owns[0];
    const owner = markedClinic(installation, found ?? null);
    if (owner === undefined && here === undefined) {
      // What is not there at all is said where it is opened.
      if (found !== undefined) unmarked.push(kind);
      continue;
    }
    const whose = owner === undefined ? '' : `, which is that of clinic ${showKey(owner)}`;
    const where = here === undefined || here.server === row.server ? '' : ` on the server ${here.server}`;
    const is = here === undefined ? '' : `; its ${THING[kind]} is ${here.own}${where}`;
    const what = `names the ${THING[kind]} ${name}${whose}${is}`;
    wrong.push({ what, column: kind, value: here?.own });
    if (where !== '') wrong.push({ what, column: 'server', value: here?.server });
  }
  return { wrong, unmarked };
}

/** What a column of a row says wrongly, and what it should hold where that is known. */
interface Fault {
  readonly what: string;
  readonly column: Kind | 'server' | 'host' | 'port';
  readonly value: string | undefined;
}

/** Another row may have the name in the meantime: it is moved away, to be found by its own finding. */
function putBack({ key }: Row, wrong: readonly Fault[], central: string): string {
  const where = `WHERE key = ${quoteLiteral(key)}`;
  if (wrong.some(({ value }) => value === undefined))
    return `${inDatabase(central, `DELETE FROM clinic_migrate.clinics ${where}`)} Then run ${commandLine('provision', key)} and ${commandLine('split', key)}.`;
  const values = new Map(wrong.map(({ column, value }) => [column, quoteLiteral(value ?? '')]));
  const set = [...values].map(([column, value]) => `${column} = ${value}`).join(', ');
  const taken = wrong.find(({ column }) => column === 'database')?.value;
  const clear =
    taken === undefined
      ? ''
      : `UPDATE clinic_migrate.clinics SET database = 'not ' || database WHERE database = ${quoteLiteral(taken)} AND key <> ${quoteLiteral(key)}; `;
  return inDatabase(central, `${clear}UPDATE clinic_migrate.clinics SET ${set} ${where}`);
}

/** Databases that are marked as a clinic's, and which no row of this clinic names. */
function rowsMissing(
  rows: readonly Row[],
  installation: string,
  marks: ReadonlyMap<string, Marks>,
): Finding[] {
  const findings: Finding[] = [];
  for (const [server, { database: databases, role: roles }] of marks) {
    for (const [database, comment] of databases) {
      // A database of an earlier version has no mark of its own, and its login's name.
      const key =
        markedClinic(installation, comment) ?? markedClinic(installation, roles.get(database) ?? null);
      if (key === undefined || rows.some((row) => row.key === key)) continue;
      findings.push({
        code: 'REGISTRY_ROW_MISSING',
        severity: 'error',
        subject: database,
        message: `the database ${database} on the server ${server} is that of clinic ${showKey(key)}, and the registry has no row of the clinic`,
        hint: `Run ${commandLine('provision', key)} and ${commandLine('split', key)}: the rows that are there stay. If the clinic was served from it, restore the row from a backup instead.`,
      });
    }
  }
  return findings;
}

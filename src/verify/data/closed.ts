import { DatabaseError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import { inDatabase, provisionOr } from '../../core/hints.js';
import { quoteIdent } from '../../core/identifiers.js';
import type { Databases, Session } from '../../core/ports.js';
import { databaseOf, withDatabase } from '../../core/urls.js';
import type { Subject } from './subject.js';

type Entry = Record<string, unknown> & {
  readonly open: boolean;
  readonly limit: number;
  readonly may: boolean;
  readonly owner: string;
};

const ENTRY = `
  SELECT datallowconn AS open, datconnlimit AS "limit", pg_catalog.has_database_privilege(oid, 'CONNECT') AS may,
         pg_catalog.pg_get_userbyid(datdba)::text AS owner
    FROM pg_catalog.pg_database WHERE datname = $1`;

/** Connection failures, a server that is full or going down: they say nothing of the database. */
const OF_SERVER = /^(08|53|57)/;

/**
 * Why a database could not be opened, asked of its server. Undefined where the failure is not the database's: the error
 * is thrown on then.
 */
export async function closedFinding(
  databases: Databases,
  subject: Subject,
  error: unknown,
): Promise<Finding | undefined> {
  if (!(error instanceof DatabaseError) || error.sqlState === undefined) return undefined;
  const { place, url } = subject;
  const database = databaseOf(url);
  if (error.sqlState === '3D000')
    return {
      code: 'DATA_DATABASE_MISSING',
      severity: 'error',
      message: `${place}: its database ${database} is not on the server`,
    };
  const server = await databases.connect(withDatabase(url, 'postgres'), { readOnly: true });
  try {
    const [entry] = await server.query<Entry>(ENTRY, [database]);
    const found = entry === undefined ? [] : entryFindings(subject, entry);
    if (found[0] !== undefined) return found[0];
    if (entry?.may === false)
      return closed(
        subject,
        'the administrator’s login may not connect to it',
        `GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${quoteIdent(database)} TO ${quoteIdent(entry.owner)}`,
      );
  } finally {
    await server.close();
  }
  return OF_SERVER.test(error.sqlState) ? undefined : closed(subject, error.message);
}

/** A database that is open to the administrator, and to nobody else or to too few. */
export async function limitFindings(session: Session, subject: Subject): Promise<Finding[]> {
  if (subject.clinic === undefined) return [];
  const [entry] = await session.query<Entry>(ENTRY, [databaseOf(subject.url)]);
  return entry === undefined ? [] : entryFindings(subject, entry);
}

function entryFindings(subject: Subject, { open, limit }: Entry): Finding[] {
  const alter = `ALTER DATABASE ${quoteIdent(databaseOf(subject.url))} WITH`;
  if (!open)
    return [mendable(subject, closed(subject, 'it takes no connections', `${alter} ALLOW_CONNECTIONS true`))];
  if (limit === -1) return [];
  const said = mendable(
    subject,
    closed(subject, `it takes ${limit} connections at most`, `${alter} CONNECTION LIMIT -1`),
  );
  return [limit === 0 ? said : { ...said, severity: 'warning' }];
}

/** Of a clinic's database provision mends it. */
function mendable({ clinic }: Subject, finding: Finding): Finding {
  if (clinic === undefined) return finding;
  return { ...finding, hint: provisionOr(clinic.key, finding.hint ?? '') };
}

function closed({ place, url }: Subject, why: string, sql?: string): Finding {
  const database = databaseOf(url);
  return {
    code: 'DATA_DATABASE_CLOSED',
    severity: 'error',
    subject: database,
    message: `${place}: its database ${database} cannot be opened as it should: ${why}`,
    ...(sql === undefined ? {} : { hint: inDatabase('postgres', sql) }),
  };
}

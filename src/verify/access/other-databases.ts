import type { Finding } from '../../core/finding.js';
import type { Session } from '../../core/ports.js';
import { databaseOf, withLogin } from '../../core/urls.js';
import type { ClinicTarget } from '../../provision/types.js';
import { showClinic } from '../data/words.js';
import type { VerifyAccessOptions } from './options.js';
import { isRefusal } from './refusal.js';

const READABLE = `
  SELECT count(*)::int AS tables
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')`;

/** Tries to open another clinic's database and those that are off limits, with this clinic's login. */
export async function otherDatabaseFindings(
  { databases, offLimits }: VerifyAccessOptions,
  target: ClinicTarget,
  neighbour: ClinicTarget | undefined,
): Promise<Finding[]> {
  const { username, password } = new URL(target.roleUrl);
  const asClinic = (url: string): string =>
    withLogin(url, decodeURIComponent(username), decodeURIComponent(password));
  const opened = async (url: string): Promise<number | undefined> => {
    let session: Session;
    try {
      session = await databases.connect(asClinic(url));
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
    try {
      const [row] = await session.query<{ tables: number }>(READABLE);
      return row?.tables ?? 0;
    } finally {
      await session.close();
    }
  };
  const finding = (
    severity: Finding['severity'],
    where: string,
    database: string,
    tables: number,
  ): Finding => ({
    code: 'ACCESS_CROSS_CONNECT',
    severity,
    subject: database,
    message: `${showClinic(target.clinic)}: its login ${target.role} opened ${where} and may read ${tables} of its tables`,
  });
  const findings: Finding[] = [];
  if (neighbour !== undefined) {
    const tables = await opened(neighbour.adminUrl);
    if (tables !== undefined)
      findings.push(
        finding('error', `the database of ${showClinic(neighbour.clinic)}`, neighbour.database, tables),
      );
  }
  for (const { name, url } of offLimits) {
    const tables = await opened(url);
    // Table names and sizes are to be seen even without a right to the rows.
    if (tables !== undefined)
      findings.push(finding(tables > 0 ? 'error' : 'warning', name, databaseOf(url), tables));
  }
  return findings;
}

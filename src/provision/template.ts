import { type Finding, hasErrors } from '../core/finding.js';
import { quoteIdent } from '../core/identifiers.js';
import { OWN_TABLES } from '../core/own-tables.js';
import type { Databases, Session } from '../core/ports.js';
import { withDatabase } from '../core/urls.js';
import { createEmpty, databaseExists, onDatabase } from './databases.js';
import type { FinishPlan } from './finish.js';
import { loadPreData } from './load-schema.js';
import { hashOf, type PreData } from './schema-source.js';
import type { Uses } from './uses.js';

/** Prefix of the names of this installation's templates; others on the same server have their own. */
const prefixOf = (installation: string): string => `clinic_migrate_template_${shorten(installation)}_`;
const shorten = (installation: string): string => installation.replaceAll('-', '').slice(0, 12);

/** What clinics' databases get before their rows and after, and the name that changes with either. */
export interface TemplatePlan {
  readonly preData: PreData;
  /** What follows the rows is tried in the template, and taken back. */
  readonly rehearsal: FinishPlan;
  readonly uses: Uses;
}

/** The template database of this schema; the name changes with the schema, and with where it finds names. */
export function templateName(installation: string, { preData, rehearsal }: TemplatePlan): string {
  const parts = [preData.fingerprint, ...preData.path, rehearsal.fingerprint];
  return `${prefixOf(installation)}${hashOf(parts).slice(0, 16)}`;
}

/**
 * Makes the template that clinic databases are cloned from, where this server has none for this schema. It is made
 * under another name and renamed when it is complete, so what has the name is whole, wherever a run was killed.
 * Templates of an older schema go. Findings of severity error: there is none. Under the run lock.
 */
export async function makeTemplate(
  databases: Databases,
  server: { readonly session: Session; readonly url: string },
  installation: string,
  plan: TemplatePlan,
): Promise<Finding[]> {
  const { preData, uses, rehearsal } = plan;
  const making = `clinic_migrate_making_${shorten(installation)}`;
  await dropDatabase(server.session, making);
  await createEmpty(server.session, making, preData.locale);
  const findings = await onDatabase(databases, withDatabase(server.url, making), async (session) => {
    const loaded = await loadPreData(session, preData, uses, () =>
      session.execute(markTemplate(installation, preData.fingerprint)),
    );
    return hasErrors(loaded) ? loaded : [...loaded, ...(await rehearse(session, rehearsal))];
  });
  if (hasErrors(findings)) {
    await dropDatabase(server.session, making);
    return findings;
  }
  await server.session.execute(
    `ALTER DATABASE ${quoteIdent(making)} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`,
  );
  const name = templateName(installation, plan);
  await server.session.execute(`ALTER DATABASE ${quoteIdent(making)} RENAME TO ${quoteIdent(name)}`);
  const prefix = prefixOf(installation);
  const others = await server.session.query<{ name: string }>(
    'SELECT datname::text AS name FROM pg_catalog.pg_database WHERE starts_with(datname, $1) AND datname <> $2',
    [prefix, name],
  );
  for (const stale of others) await dropDatabase(server.session, stale.name);
  return findings;
}

/** What would fail in every clinic's database, after all its rows were copied, fails here once. */
async function rehearse(session: Session, { replay }: FinishPlan): Promise<Finding[]> {
  await session.execute('BEGIN');
  try {
    return await replay.run(session);
  } finally {
    await session.execute('ROLLBACK');
  }
}

/**
 * Every clone carries this row: it says whose it is, and later for which clinic. The schema public comes from the server's
 * template as its database owner's, whom a role that inherits nothing is not taken for before PostgreSQL 16.
 */
function markTemplate(installation: string, fingerprint: string): string {
  return `${OWN_TABLES};
    CREATE TABLE clinic_migrate.origin (installation uuid NOT NULL, fingerprint text NOT NULL, clinic_key text);
    INSERT INTO clinic_migrate.origin VALUES ('${installation}', '${fingerprint}');
    ALTER SCHEMA public OWNER TO CURRENT_USER;
    REVOKE ALL ON SCHEMA public FROM PUBLIC`;
}

async function dropDatabase(server: Session, name: string): Promise<void> {
  if (!(await databaseExists(server, name))) return;
  await server.execute(`ALTER DATABASE ${quoteIdent(name)} WITH IS_TEMPLATE false`);
  await server.execute(`DROP DATABASE IF EXISTS ${quoteIdent(name)} WITH (FORCE)`);
}

import { actAs } from '../core/act-as.js';
import { RunError } from '../core/errors.js';
import { quoteIdent, quoteName } from '../core/identifiers.js';
import type { Databases, Session } from '../core/ports.js';
import { withDatabase } from '../core/urls.js';
import type { Contents } from './contents.js';
import { createDatabase, databaseExists, onDatabase } from './databases.js';
import { takeOver } from './owner.js';

/** A clinic database as it is to be. */
export interface ClinicDatabase {
  readonly key: string;
  readonly database: string;
  readonly role: string;
  /** The role that owns the database and what is in it. */
  readonly owner: string;
  readonly installation: string;
  /** The template it is cloned from. */
  readonly template: string;
  readonly contents: Contents;
  /** Schemas that the login looks into. */
  readonly schemas: readonly string[];
}

/**
 * Clones the clinic's database where it is missing, gives everything in it to its owner and lets its login, and nobody
 * else, in. One that an interrupted run left half made is finished; one of an earlier version gets its owner. Answers with the fingerprint of the schema it has. RunError where a database of
 * that name is somebody else's.
 */
export async function ensureClinicDatabase(
  databases: Databases,
  server: { readonly session: Session; readonly url: string },
  wanted: ClinicDatabase,
): Promise<{ readonly outcome: 'made' | 'kept'; readonly fingerprint: string }> {
  const { database, role, owner, template } = wanted;
  const exists = await databaseExists(server.session, database);
  if (!exists) {
    await createDatabase(
      server.session,
      database,
      `OWNER ${quoteIdent(owner)} TEMPLATE ${quoteIdent(template)}`,
    );
    await server.session.execute(`REVOKE ALL ON DATABASE ${quoteIdent(database)} FROM PUBLIC`);
  }
  const fingerprint = await onDatabase(databases, withDatabase(server.url, database), async (session) => {
    const made = await adopt(session, wanted);
    await takeOver(session, owner);
    await actAs(session, owner);
    await session.execute(grants(wanted));
    return made;
  });
  // Grants on a database are not cloned, and come last: nobody gets into one that is not ready for him.
  await server.session.execute(`
    ALTER DATABASE ${quoteIdent(database)} OWNER TO ${quoteIdent(owner)};
    REVOKE ALL ON DATABASE ${quoteIdent(database)} FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${quoteIdent(database)} TO ${quoteIdent(role)}`);
  return { outcome: exists ? 'kept' : 'made', fingerprint };
}

/** Writes the clinic's key into its clone. A database that says it is another's, or nothing, is not touched. */
async function adopt(session: Session, { key, database, installation }: ClinicDatabase): Promise<string> {
  const [known] = await session.query<{ known: boolean }>(
    `SELECT pg_catalog.to_regclass('clinic_migrate.origin') IS NOT NULL AS known`,
  );
  const [origin] =
    known?.known === true
      ? await session.query<{ fingerprint: string }>(
          `UPDATE clinic_migrate.origin SET clinic_key = $1
            WHERE installation = $2 AND (clinic_key IS NULL OR clinic_key = $1) RETURNING fingerprint`,
          [key, installation],
        )
      : [];
  if (origin !== undefined) return origin.fingerprint;
  throw new RunError(
    `the database ${JSON.stringify(database)} exists and is not that of clinic ${JSON.stringify(key)}`,
    { hint: 'Rename or drop it, or change clinics.database.' },
  );
}

/** What the application does to its rows, and nothing to the schema. Later objects of ours get the same. */
function grants({ role: name, contents, schemas }: ClinicDatabase): string {
  const role = quoteIdent(name);
  const statements = schemas.map((schema) => `GRANT USAGE ON SCHEMA ${quoteIdent(schema)} TO ${role}`);
  const relations = [...contents.tables, ...contents.views].map(quoteName);
  if (relations.length > 0)
    statements.push(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${relations.join(', ')} TO ${role}`);
  const own = [...new Set(contents.tables.map(({ schema }) => schema))].map(quoteIdent).join(', ');
  if (own === '') return statements.join(';\n');
  return [
    ...statements,
    `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${own} TO ${role}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${own} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${own} GRANT USAGE, SELECT ON SEQUENCES TO ${role}`,
  ].join(';\n');
}

import { RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { quoteIdent } from '../core/identifiers.js';
import { refuseChangedOwnTables } from '../core/own-tables.js';
import type { Databases, Session } from '../core/ports.js';
import { withDatabase } from '../core/urls.js';
import { type ClinicPlace, ensureAccess } from './access/ensure.js';
import type { AccessPlan } from './access/plan.js';
import { createDatabase, databaseExists, onDatabase } from './databases.js';
import { takeOver } from './owner.js';

/** A clinic database as it is to be; its owner owns it and what is in it. */
export interface ClinicDatabase extends ClinicPlace {
  readonly key: string;
  readonly installation: string;
  /** The template it is cloned from, asked for where it is missing. */
  readonly template: () => Promise<string>;
  /** What its login and PUBLIC may do there. */
  readonly access: AccessPlan;
}

/** How a clinic's database was found or made. */
export interface EnsuredDatabase {
  readonly outcome: 'made' | 'mended' | 'kept';
  /** Of the schema it has. */
  readonly fingerprint: string;
  readonly findings: readonly Finding[];
}

/**
 * Clones the clinic's database where it is missing, gives everything in it to its owner and lets its login, and nobody
 * else, in. One that an interrupted run left half made is finished; in one that is there, owners, grants and policies
 * are made what they have to be. RunError where a database of that name is somebody else's.
 */
export async function ensureClinicDatabase(
  databases: Databases,
  server: { readonly session: Session; readonly url: string },
  wanted: ClinicDatabase,
): Promise<EnsuredDatabase> {
  const { database, owner, template } = wanted;
  const exists = await databaseExists(server.session, database);
  if (!exists) {
    await createDatabase(
      server.session,
      database,
      `OWNER ${quoteIdent(owner)} TEMPLATE ${quoteIdent(await template())}`,
    );
    await server.session.execute(`REVOKE ALL ON DATABASE ${quoteIdent(database)} FROM PUBLIC`);
  }
  return onDatabase(databases, withDatabase(server.url, database), async (session) => {
    const fingerprint = await adopt(session, wanted);
    // First what is in it: in one of an earlier version the schema public is the database owner's, and before PostgreSQL 16
    // an owner that inherits nothing is not taken for him.
    const taken = await takeOver(session, owner);
    await session.execute(`ALTER DATABASE ${quoteIdent(database)} OWNER TO ${quoteIdent(owner)}`);
    // Grants on the database come with the others, and last: nobody gets into one that is not ready for him.
    const { outcome, findings } = await ensureAccess(session, wanted.access, wanted);
    if (!exists) return { outcome: 'made', fingerprint, findings };
    return { outcome: taken > 0 || outcome === 'mended' ? 'mended' : 'kept', fingerprint, findings };
  });
}

/** Writes the clinic's key into its clone. A database that says it is another's, or nothing, is not touched. */
async function adopt(session: Session, { key, database, installation }: ClinicDatabase): Promise<string> {
  await refuseChangedOwnTables(session, ['origin']);
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

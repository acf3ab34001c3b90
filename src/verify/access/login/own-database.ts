import type { DatabaseError } from '../../../core/errors.js';
import type { Finding } from '../../../core/finding.js';
import type { Session } from '../../../core/ports.js';
import type { ClinicTarget } from '../../../provision/types.js';
import type { VerifyAccessOptions } from '../options.js';
import { isNotLetIn } from '../refusal.js';
import { inDatabase, ofClinic } from '../words.js';
import { hiddenRowFindings } from './hidden-rows.js';
import { tableFindings } from './tables.js';

/** What is known already of why a login cannot work, so that it is not said twice. */
export interface Known {
  /** The catalogs say why it is not let in. */
  readonly refused: boolean;
  /** The catalogs say which privileges it lacks. */
  readonly lacking: boolean;
}

/**
 * The positive control: without it, a login that can do nothing at all would pass for isolated. Reads and writes every
 * table as the login does, in a transaction that is rolled back and writes no row.
 */
export async function ownDatabaseFindings(
  { databases, schemas }: VerifyAccessOptions,
  target: ClinicTarget,
  known: Known,
): Promise<Finding[]> {
  let session: Session;
  try {
    session = await databases.connect(target.roleUrl);
  } catch (error) {
    if (!isNotLetIn(error)) throw error;
    return known.refused ? [] : [refused(target, error)];
  }
  try {
    // As the application would see it; our own sessions ask for an error where a policy hides rows.
    await session.execute('SET row_security = on');
    const elsewhere = await whoAmI(session, target);
    if (elsewhere.length > 0) return elsewhere;
    return [
      ...(await readOnly(session, target)),
      ...(await tableFindings(session, databases, target, schemas, known.lacking)),
      ...(await hiddenRowFindings(session, databases, target, schemas)),
    ];
  } finally {
    await session.close();
  }
}

function refused(target: ClinicTarget, error: DatabaseError): Finding {
  const isPassword = error.sqlState === '28P01';
  return ofClinic(
    'ACCESS_OWN_DATABASE',
    target,
    target.database,
    `its login ${target.role} is refused by its own database ${target.database}${isPassword ? ': another password was set' : `: ${error.message}`}`,
    'Run clinic-migrate provision.',
  );
}

/** A connection pooler or a URL may bring us somewhere else. */
async function whoAmI(session: Session, target: ClinicTarget): Promise<Finding[]> {
  const [row] = await session.query<{ role: string; database: string }>(
    'SELECT session_user::text AS role, current_database()::text AS database',
  );
  if (row?.role === target.role && row.database === target.database) return [];
  return [
    ofClinic(
      'ACCESS_OWN_DATABASE',
      target,
      target.database,
      `its URL leads to ${row?.role} in ${row?.database}, not to ${target.role} in ${target.database}`,
      "Put back the clinic's row in clinic_migrate.clinics as provision wrote it, or delete it and run clinic-migrate provision.",
    ),
  ];
}

/** Ours says otherwise of itself: what the application's sessions begin with is what RESET would bring. */
async function readOnly(session: Session, target: ClinicTarget): Promise<Finding[]> {
  const [row] = await session.query<{ server: boolean; recovering: boolean }>(
    `SELECT s.reset_val = 'on' AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_db_role_setting d CROSS JOIN LATERAL pg_catalog.unnest(d.setconfig) AS c (setting)
               WHERE c.setting ~* '^default_transaction_read_only=') AS server, pg_catalog.pg_is_in_recovery() AS recovering
       FROM pg_catalog.pg_settings s WHERE s.name = 'default_transaction_read_only'`,
  );
  if (row?.server !== true && row?.recovering !== true) return [];
  return [
    ofClinic(
      'ACCESS_DATABASE_STATE',
      target,
      target.database,
      row.recovering
        ? 'its server is a standby, which nobody can write to'
        : 'sessions on its server are read-only',
      row.recovering
        ? 'Name the primary server in the configuration, or promote this one.'
        : inDatabase(
            'postgres',
            'ALTER SYSTEM RESET default_transaction_read_only',
            'SELECT pg_catalog.pg_reload_conf()',
          ),
    ),
  ];
}

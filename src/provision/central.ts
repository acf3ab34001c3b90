import { createHash } from 'node:crypto';
import { CENTRAL_COMMENT, isOurCentral } from '../catalog/our-central.js';
import type { SettingsPlan } from '../catalog/settings.js';
import type { Finding } from '../core/finding.js';
import { quoteIdent, quoteLiteral } from '../core/identifiers.js';
import type { Databases, Session } from '../core/ports.js';
import { databaseOf, withDatabase } from '../core/urls.js';
import { createEmpty, isState, onDatabase } from './databases.js';
import { loadPreData } from './load-schema.js';
import type { PreData } from './schema-source.js';
import { ensureSettings, permitted } from './settings.js';
import type { Uses } from './uses.js';

/** A session on the central database, or undefined where there is none yet. */
export async function openCentral(databases: Databases, url: string): Promise<Session | undefined> {
  try {
    return await databases.connect(url);
  } catch (error) {
    if (isState(error, '3D000')) return undefined;
    throw error;
  }
}

/**
 * Makes the central database like the legacy one, closed to everyone but its owner. It gets its name last, so that one that has the
 * name is closed, wherever a run was killed.
 */
export async function makeCentral(
  databases: Databases,
  url: string,
  locale: string,
  settings: SettingsPlan,
): Promise<Session> {
  const name = databaseOf(url);
  const making = `clinic_migrate_making_${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
  await onDatabase(databases, withDatabase(url, 'postgres'), async (server) => {
    await createEmpty(server, making, locale);
    await server.execute(`REVOKE ALL ON DATABASE ${quoteIdent(making)} FROM PUBLIC`);
    await server.execute(`COMMENT ON DATABASE ${quoteIdent(making)} IS ${quoteLiteral(CENTRAL_COMMENT)}`);
    await ensureSettings(server, { database: making, role: undefined }, await permitted(server, settings));
    await server.execute(`ALTER DATABASE ${quoteIdent(making)} RENAME TO ${quoteIdent(name)}`);
  });
  return databases.connect(url);
}

/** Mends the settings of a central database that makeCentral() made; those of any other are its owner's affair. */
export async function mendCentral(central: Session, url: string, settings: SettingsPlan): Promise<Finding[]> {
  if (!(await isOurCentral(central))) return [];
  const place = { database: databaseOf(url), role: undefined };
  return [...(await ensureSettings(central, place, await permitted(central, settings))).findings];
}

/** Makes the central tables and the clinics' directory, without indexes and keys. Under the run lock. */
export async function makeCentralTables(central: Session, preData: PreData, uses: Uses): Promise<Finding[]> {
  return loadPreData(central, preData, uses, () =>
    central.query('UPDATE clinic_migrate.installation SET central_fingerprint = $1', [preData.fingerprint]),
  );
}

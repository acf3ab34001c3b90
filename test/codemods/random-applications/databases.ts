import { randomBytes } from 'node:crypto';
import { endpointOf } from '../../../src/core/urls.js';
import { encryptPassword } from '../../../src/provision/password.js';
import { ensureRegistry, saveEntry } from '../../../src/provision/registry.js';
import { createDatabase, type TestDatabase, withSession } from '../../support/postgres.js';
import { CLINICS, type Place, resetTo, schemaOf } from './tables.js';

const AFTER: readonly Place[] = ['trap', 'central', 'clinic 1', 'clinic 2'];
const SECRET = randomBytes(32);

/** A set of databases for one application after the other. */
export interface Databases {
  /** For the application as it is. */
  readonly before: Readonly<Record<string, string>>;
  /** For the migrated one: what it still asks of the shared database comes out of the trap. */
  readonly after: Readonly<Record<string, string>>;
  resetBefore(): Promise<void>;
  resetAfter(): Promise<void>;
  drop(): Promise<void>;
}

export async function makeDatabases(): Promise<Databases> {
  const places: readonly Place[] = ['legacy', ...AFTER];
  const made = new Map<Place, TestDatabase>();
  for (const place of places) made.set(place, await createDatabase(schemaOf(place)));
  const urlOf = (place: Place): string => made.get(place)?.url ?? '';
  await register(urlOf('central'), (clinic) => made.get(`clinic ${clinic}`)?.name ?? '');
  const reset = (place: Place): Promise<void> =>
    withSession(urlOf(place), (session) => session.execute(resetTo(place)));
  return {
    before: { DATABASE_URL: urlOf('legacy') },
    after: {
      DATABASE_URL: urlOf('trap'),
      CENTRAL_DATABASE_URL: urlOf('central'),
      CLINIC_MIGRATE_KEY: SECRET.toString('base64'),
    },
    resetBefore: () => reset('legacy'),
    resetAfter: async () => {
      await Promise.all(AFTER.map(reset));
    },
    drop: async () => {
      for (const database of made.values()) await database.drop();
    },
  };
}

/** Writes the clinics into the registry, as provision does. */
async function register(central: string, database: (clinic: 1 | 2) => string): Promise<void> {
  const login = new URL(central);
  await withSession(central, async (session) => {
    await ensureRegistry(session);
    for (const clinic of CLINICS) {
      const key = String(clinic);
      await saveEntry(session, {
        key,
        label: key,
        state: 'active',
        server: 'main',
        ...endpointOf(central),
        database: database(clinic),
        role: decodeURIComponent(login.username),
        password: encryptPassword(decodeURIComponent(login.password), key, SECRET),
        schemaFingerprint: '',
      });
    }
  });
}

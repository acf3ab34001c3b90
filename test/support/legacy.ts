import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../../src/commands/command.js';
import { withDatabase } from '../../src/core/urls.js';
import { contextIn } from './context.js';
import {
  adminUrl,
  createDatabase,
  dropDatabase,
  dropTemplates,
  type TestDatabase,
  uniqueName,
  withSession,
} from './postgres.js';

export interface Legacy {
  readonly context: Context;
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly database: TestDatabase;
  readonly centralUrl: string;
  /** Prefix of the clinics' databases and roles. */
  readonly prefix: string;
  /** The same with another configuration. */
  configured(config: object): Promise<Context>;
  drop(): Promise<void>;
}

/**
 * A legacy database made by a script, with a configuration of its own and nothing provisioned yet; `options` are those
 * of CREATE DATABASE.
 */
export async function legacyDatabase(script: string, config: object = {}, options = ''): Promise<Legacy> {
  const database = await createDatabase(script, undefined, options);
  const prefix = uniqueName('c');
  const folder = mkdtempSync(join(tmpdir(), 'legacy-'));
  const env = {
    LEGACY: database.url,
    CENTRAL: withDatabase(adminUrl(), `${prefix}_central`),
    SERVER: adminUrl(),
    CLINIC_MIGRATE_KEY: randomBytes(32).toString('base64'),
  };
  const configured = async (own: object): Promise<Context> => {
    const whole = {
      legacy: { url: '${LEGACY}' },
      central: { url: '${CENTRAL}' },
      servers: { main: { url: '${SERVER}' } },
      clinics: { database: `${prefix}_{key}` },
      ...own,
    };
    writeFileSync(join(folder, 'clinic-migrate.config.json'), JSON.stringify(whole));
    return contextIn(folder, env);
  };
  return {
    context: await configured(config),
    folder,
    env,
    database,
    centralUrl: env.CENTRAL,
    prefix,
    configured,
    drop: async () => {
      rmSync(folder, { recursive: true, force: true });
      await database.drop();
      await dropTemplates(env.CENTRAL);
      await withSession(adminUrl(), async (session) => {
        const made = await session.query<{ name: string }>(
          'SELECT datname::text AS name FROM pg_database WHERE starts_with(datname, $1)',
          [prefix],
        );
        for (const { name } of made) await dropDatabase(name);
        const roles = await session.query<{ name: string }>(
          'SELECT quote_ident(rolname) AS name FROM pg_roles WHERE starts_with(rolname, $1)',
          [prefix],
        );
        for (const { name } of roles) await session.execute(`DROP ROLE ${name}`);
      });
    },
  };
}

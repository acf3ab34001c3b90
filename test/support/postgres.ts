import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { pgDatabases } from '../../src/adapters/pg.js';
import { quoteIdent } from '../../src/core/identifiers.js';
import type { Session } from '../../src/core/ports.js';
import { withDatabase } from '../../src/core/urls.js';

/** Superuser URL on the `postgres` database of the test server. */
export function adminUrl(): string {
  return inject('adminUrl');
}

/** A name no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(5).toString('hex')}`;
}

/** Runs `work` on a session of its own and closes it. */
export async function withSession<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await pgDatabases.connect(url);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

/**
 * A fresh database on the test server, with the script run in it; never open to everybody, not for a moment: other tests
 * ask what their logins may enter.
 */
export async function createDatabase(
  script = '',
  name = uniqueName('t'),
  options = '',
): Promise<TestDatabase> {
  await withSession(adminUrl(), async (session) => {
    await session.execute(
      `CREATE DATABASE ${quoteIdent(name)} TEMPLATE template0 ${options} ALLOW_CONNECTIONS false`,
    );
    await session.execute(
      `REVOKE CONNECT, TEMPORARY ON DATABASE ${quoteIdent(name)} FROM PUBLIC;
       ALTER DATABASE ${quoteIdent(name)} ALLOW_CONNECTIONS true`,
    );
  });
  const url = withDatabase(adminUrl(), name);
  if (script !== '')
    await withSession(url, (session) => session.execute(`SET search_path = public;\n${script}`));
  return { url, name, drop: () => dropDatabase(name) };
}

/** Drops the templates that an installation made, by what its central database says. */
export async function dropTemplates(centralUrl: string): Promise<void> {
  const [installation] = await withSession(centralUrl, (session) =>
    session.query<{ id: string }>('SELECT id::text FROM clinic_migrate.installation'),
  ).catch(() => []);
  if (installation === undefined) return;
  const templates = await withSession(adminUrl(), (session) =>
    session.query<{ name: string }>(
      "SELECT datname::text AS name FROM pg_database WHERE starts_with(datname, 'clinic_migrate_template_' || $1)",
      [installation.id.replaceAll('-', '').slice(0, 12)],
    ),
  );
  for (const { name } of templates) await dropDatabase(name);
}

/** Drops a database of the test server whoever is connected, and whether or not it is a template. */
export async function dropDatabase(name: string): Promise<void> {
  await withSession(adminUrl(), async (session) => {
    const [found] = await session.query('SELECT FROM pg_catalog.pg_database WHERE datname = $1', [name]);
    if (found === undefined) return;
    await session.execute(`ALTER DATABASE ${quoteIdent(name)} IS_TEMPLATE false`);
    await session.execute(`DROP DATABASE ${quoteIdent(name)} WITH (FORCE)`);
  });
}

import { UsageError } from '../core/errors.js';
import { didYouMean } from '../core/near-miss.js';
import type { Session } from '../core/ports.js';
import { markReaching } from './reaching-extensions.js';
import { readNamePath } from './read-name-path.js';
import { readNeeds } from './read-needs.js';
import { readObjects } from './read-objects.js';
import { readOutside } from './read-outside.js';
import { readSequences } from './read-sequences.js';
import { readTables } from './read-tables.js';
import { readsByNames } from './reads-by-names.js';
import type { SchemaCatalog } from './types.js';

/**
 * The schema of a database as pg_catalog tells it, for these schemas only: a value in a fixed order, read
 * with one query a kind of object. The session needs no rights on the tables themselves. `login` is the application's;
 * `extensions` are made although they reach out of the database.
 * @throws UsageError where a schema does not exist.
 */
export async function readCatalog(
  session: Session,
  schemas: readonly string[],
  login?: string,
  extensions: readonly string[] = [],
): Promise<SchemaCatalog> {
  const [path] = await session.query<{ path: string }>(
    `SELECT pg_catalog.current_setting('search_path') AS path`,
  );
  if (path === undefined || path.path === '' || path.path === '""')
    return readAll(session, schemas, login, extensions);
  // Definitions are worded by what can be seen without a schema.
  const look = (where: string) =>
    session.query(`SELECT pg_catalog.set_config('search_path', $1, false)`, [where]);
  await look('');
  const catalog = await readAll(session, schemas, login, extensions);
  await look(path.path);
  return catalog;
}

async function readAll(
  session: Session,
  schemas: readonly string[],
  login: string | undefined,
  extensions: readonly string[],
): Promise<SchemaCatalog> {
  await requireSchemas(session, schemas);
  const objects = await markReaching(session, schemas, await readObjects(session, schemas), extensions);
  const namePath = await readNamePath(session, objects, login);
  const [version] = await session.query<{ version: number }>(
    `SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version`,
  );
  return {
    serverVersion: version?.version ?? 0,
    schemas: [...schemas],
    tables: await readTables(session, schemas),
    sequences: await readSequences(session, schemas),
    objects,
    outside: await readOutside(session, schemas),
    needs: await readNeeds(session, schemas, login),
    namePath,
    readPath: (await readsByNames(session)) ? namePath : [],
  };
}

async function requireSchemas(session: Session, schemas: readonly string[]): Promise<void> {
  const rows = await session.query<{ name: string }>(
    `SELECT nspname::text AS name FROM pg_catalog.pg_namespace
      WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`,
  );
  const known = rows.map((row) => row.name);
  for (const schema of schemas) {
    if (known.includes(schema)) continue;
    throw new UsageError(
      `legacy.schemas names ${JSON.stringify(schema)}, which ${session.label} does not have`,
      {
        hint: didYouMean(schema, known),
      },
    );
  }
}

import { clinicMark } from '../catalog/clinic-mark.js';
import { quoteIdent, quoteLiteral } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';

/**
 * Writes on a clinic's database whose it is, where its server tells it of all of them at once; `server` is a session
 * anywhere on it. The database's own record has been found to say the same.
 */
export async function markDatabase(
  server: Session,
  database: string,
  owner: { readonly installation: string; readonly key: string },
): Promise<void> {
  const mark = clinicMark(owner.installation, owner.key);
  const [found] = await server.query<{ mark: string | null }>(
    `SELECT pg_catalog.shobj_description(oid, 'pg_database') AS mark FROM pg_catalog.pg_database WHERE datname = $1`,
    [database],
  );
  if (found?.mark === mark) return;
  await server.execute(`COMMENT ON DATABASE ${quoteIdent(database)} IS ${quoteLiteral(mark)}`);
}

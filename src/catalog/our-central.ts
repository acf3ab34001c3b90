import type { Session } from '../core/ports.js';

/** The comment on a central database that provision made. */
export const CENTRAL_COMMENT = 'clinic-migrate: central';

/** True where the session's database was made as the central one, and was not there before. */
export async function isOurCentral(session: Session): Promise<boolean> {
  const [row] = await session.query<{ comment: string | null }>(
    `SELECT pg_catalog.shobj_description(d.oid, 'pg_database') AS comment
       FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`,
  );
  return row?.comment === CENTRAL_COMMENT;
}

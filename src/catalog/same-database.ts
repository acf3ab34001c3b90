import { RunError } from '../core/errors.js';
import type { Session } from '../core/ports.js';

/** True where both sessions are on one database, whatever their URLs look like. */
export async function sameDatabase(a: Session, b: Session): Promise<boolean> {
  const identify = async (session: Session): Promise<string> => {
    const [row] = await session.query<{ identity: string }>(
      `SELECT c.system_identifier || '/' || d.oid AS identity
         FROM pg_catalog.pg_control_system() c, pg_catalog.pg_database d
        WHERE d.datname = pg_catalog.current_database()`,
    );
    if (row === undefined) throw new RunError(`${session.label} does not say which database it is`);
    return row.identity;
  };
  return (await identify(a)) === (await identify(b));
}

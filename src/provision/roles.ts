import { clinicMark } from '../catalog/clinic-mark.js';
import { RunError } from '../core/errors.js';
import { quoteIdent, quoteLiteral } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { scramVerifier } from './password.js';

/** Nothing by which a role could reach past its grants. */
const POWERLESS = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS';

/** Whose a role is. */
export interface RoleOwner {
  readonly installation: string;
  /** The clinic's key. */
  readonly key: string;
}

/**
 * Makes a clinic's login where it is missing; `password` is set on one that an interrupted run left behind. RunError
 * where a role of that name is somebody else's.
 */
export async function ensureLogin(
  server: Session,
  role: string,
  { installation, key }: RoleOwner,
  password: string,
  isRegistered: boolean,
): Promise<'made' | 'kept'> {
  const secret = quoteLiteral(scramVerifier(password));
  const mark = clinicMark(installation, key);
  if (await ensureRole(server, role, `LOGIN ${POWERLESS} PASSWORD ${secret}`, mark)) return 'made';
  if (isRegistered) return 'kept';
  await server.execute(`ALTER ROLE ${quoteIdent(role)} WITH PASSWORD ${secret}`);
  return 'made';
}

/**
 * Makes the role that owns a clinic's database where it is missing, and lets the login of this session act as that
 * role, as whoever is no superuser must be allowed to. RunError where a role of that name is somebody else's.
 */
export async function ensureOwner(
  server: Session,
  role: string,
  { installation, key }: RoleOwner,
): Promise<void> {
  await ensureRole(server, role, `NOLOGIN ${POWERLESS}`, `clinic-migrate ${installation} owner ${key}`);
  const [may] = await server.query<{ act: boolean; version: number }>(
    // From 16 on, to act as a role and to have its rights are two things; before, SET is no word that is understood.
    `SELECT pg_catalog.pg_has_role($1, 'USAGE')
            AND pg_catalog.pg_has_role($1, CASE WHEN v.version < 160000 THEN 'MEMBER' ELSE 'SET' END) AS act, v.version
       FROM (SELECT pg_catalog.current_setting('server_version_num')::int AS version) AS v`,
    [role],
  );
  if (may === undefined || may.act) return;
  const options = may.version < 160000 ? '' : ' WITH INHERIT TRUE, SET TRUE';
  await server.execute(`GRANT ${quoteIdent(role)} TO CURRENT_USER${options}`);
}

/** True where it was made. The comment by which a role is known as ours is in the same transaction. */
async function ensureRole(server: Session, role: string, attributes: string, mark: string): Promise<boolean> {
  const [found] = await server.query<{ mark: string | null }>(
    `SELECT pg_catalog.shobj_description(oid, 'pg_authid') AS mark FROM pg_catalog.pg_roles WHERE rolname = $1`,
    [role],
  );
  if (found === undefined) {
    await server.transaction(async () => {
      await server.execute(`CREATE ROLE ${quoteIdent(role)} WITH ${attributes}`);
      await server.execute(`COMMENT ON ROLE ${quoteIdent(role)} IS ${quoteLiteral(mark)}`);
    });
    return true;
  }
  if (found.mark === mark) return false;
  throw new RunError(`${server.label}: the role ${JSON.stringify(role)} exists and is not ours`, {
    hint: 'Rename or drop it, or change clinics.database, from which roles get their names.',
  });
}

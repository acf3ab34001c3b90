import { RunError } from '../core/errors.js';
import { quoteIdent, quoteLiteral } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { scramVerifier } from './password.js';

/** Nothing by which a login could reach past its grants. */
const ATTRIBUTES = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS';

/** The comment by which a role is known as ours, whoever made it and whenever the run was killed. */
function markOf(installation: string, key: string): string {
  return `clinic-migrate ${installation} clinic ${key}`;
}

/**
 * Makes a clinic's login where it is missing; `password` is set on one that an interrupted run left behind. RunError
 * where a role of that name is somebody else's.
 */
export async function ensureRole(
  server: Session,
  role: string,
  owner: { readonly installation: string; readonly key: string },
  password: string,
  isRegistered: boolean,
): Promise<'made' | 'kept'> {
  const mark = markOf(owner.installation, owner.key);
  const [found] = await server.query<{ mark: string | null }>(
    `SELECT pg_catalog.shobj_description(oid, 'pg_authid') AS mark FROM pg_catalog.pg_roles WHERE rolname = $1`,
    [role],
  );
  const secret = quoteLiteral(scramVerifier(password));
  if (found === undefined) {
    await server.transaction(async () => {
      await server.execute(`CREATE ROLE ${quoteIdent(role)} WITH ${ATTRIBUTES} PASSWORD ${secret}`);
      await server.execute(`COMMENT ON ROLE ${quoteIdent(role)} IS ${quoteLiteral(mark)}`);
    });
    return 'made';
  }
  if (found.mark !== mark) {
    throw new RunError(`${server.label}: the role ${JSON.stringify(role)} exists and is not ours`, {
      hint: 'Rename or drop it, or change clinics.database, from which roles get their names.',
    });
  }
  if (isRegistered) return 'kept';
  await server.execute(`ALTER ROLE ${quoteIdent(role)} WITH PASSWORD ${secret}`);
  return 'made';
}

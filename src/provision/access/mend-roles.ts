import { DatabaseError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import { quoteIdent, quoteLiteral } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { isOutage } from '../databases.js';
import { isVerifierOf, scramVerifier } from '../password.js';

interface RoleRow extends Record<string, unknown> {
  readonly attributes: readonly string[];
  /** Each ready to be run. */
  readonly memberships: readonly string[] | null;
  readonly parameters: readonly string[] | null;
}

/** $1: the role; $2: LOGIN or NOLOGIN, what it has to have. */
const ROLE = `
  SELECT pg_catalog.array_remove(ARRAY[
           CASE WHEN r.rolcanlogin <> ($2 = 'LOGIN') THEN $2 END,
           CASE WHEN r.rolsuper THEN 'NOSUPERUSER' END, CASE WHEN r.rolcreatedb THEN 'NOCREATEDB' END,
           CASE WHEN r.rolcreaterole THEN 'NOCREATEROLE' END, CASE WHEN r.rolinherit THEN 'NOINHERIT' END,
           CASE WHEN r.rolreplication THEN 'NOREPLICATION' END, CASE WHEN r.rolbypassrls THEN 'NOBYPASSRLS' END,
           CASE WHEN r.rolconnlimit <> -1 THEN 'CONNECTION LIMIT -1' END,
           CASE WHEN r.rolvaliduntil <> 'infinity' THEN $$VALID UNTIL 'infinity'$$ END], NULL) AS attributes,
         (SELECT pg_catalog.array_agg(pg_catalog.format('REVOKE %I FROM %I', g.rolname, r.rolname)
                   || CASE WHEN pg_catalog.current_setting('server_version_num')::int < 160000 THEN ''
                           ELSE pg_catalog.format(' GRANTED BY %I', pg_catalog.pg_get_userbyid(m.grantor)) END)
            FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
           WHERE m.member = r.oid) AS memberships,
         (SELECT pg_catalog.array_agg(DISTINCT pg_catalog.format('REVOKE ALL ON PARAMETER %s FROM %I',
                   (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(part), '.')
                      FROM pg_catalog.string_to_table(p.parname, '.') AS part), r.rolname))
            FROM pg_catalog.pg_parameter_acl p CROSS JOIN LATERAL pg_catalog.aclexplode(p.paracl) AS a
           WHERE a.grantee = r.oid) AS parameters
    FROM pg_catalog.pg_roles r WHERE r.rolname = $1`;

/**
 * Makes a clinic's role what it has to be: attributes, limits, memberships in others, and with a password a login that
 * has this one. Where passwords cannot be read, it is set again.
 */
export async function mendRole(
  server: Session,
  role: string,
  password: string | undefined,
): Promise<{ readonly outcome: 'mended' | 'kept'; readonly findings: readonly Finding[] }> {
  const due = await differences(server, role, password);
  const secret = password === undefined ? undefined : await passwordStatement(server, role, password);
  const left: string[] = [];
  for (const statement of [...due, ...(secret === undefined ? [] : [secret.statement])]) {
    try {
      await server.execute(statement);
    } catch (error) {
      if (!(error instanceof DatabaseError) || isOutage(error)) throw error;
      // No statement with a secret is shown.
      left.push(
        statement === secret?.statement ? `ALTER ROLE ${quoteIdent(role)} WITH PASSWORD …` : statement,
      );
    }
  }
  const unchanged = due.length === 0 ? [] : await differences(server, role, password);
  return {
    outcome: due.length === 0 && secret?.isKnown !== true ? 'kept' : 'mended',
    findings: [...new Set([...left, ...unchanged])].map((statement) => ({
      code: 'PROVISION_ACCESS_NOT_MENDED',
      severity: 'error',
      subject: role,
      message: `the role ${role} is not what it has to be, and the login of provision may not change that`,
      hint: `Have an administrator of ${server.label} run: ${statement};`,
    })),
  };
}

async function differences(server: Session, role: string, password: string | undefined): Promise<string[]> {
  const [row] = await server.query<RoleRow>(ROLE, [role, password === undefined ? 'NOLOGIN' : 'LOGIN']);
  if (row === undefined) return [];
  return [
    ...row.attributes.map((attribute) => `ALTER ROLE ${quoteIdent(role)} WITH ${attribute}`),
    ...(row.memberships ?? []),
    ...(row.parameters ?? []),
  ];
}

/** Undefined where it is the stored one; `isKnown` where it is known to be another. */
async function passwordStatement(
  server: Session,
  role: string,
  password: string,
): Promise<{ readonly statement: string; readonly isKnown: boolean } | undefined> {
  const [may] = await server.query<{ read: boolean }>(
    `SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS read`,
  );
  const [stored] =
    may?.read === true
      ? await server.query<{ verifier: string | null }>(
          'SELECT rolpassword AS verifier FROM pg_catalog.pg_authid WHERE rolname = $1',
          [role],
        )
      : [];
  if (stored !== undefined && isVerifierOf(stored.verifier, password)) return undefined;
  const secret = quoteLiteral(scramVerifier(password));
  return {
    statement: `ALTER ROLE ${quoteIdent(role)} WITH PASSWORD ${secret}`,
    isKnown: stored !== undefined,
  };
}

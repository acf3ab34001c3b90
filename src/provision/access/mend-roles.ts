import { resetClause } from '../../catalog/settings.js';
import type { Finding } from '../../core/finding.js';
import { quoteIdent, quoteLiteral } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { isVerifierOf, scramVerifier } from '../password.js';
import { notMended, tryEach } from './try-each.js';

interface RoleRow extends Record<string, unknown> {
  readonly attributes: readonly string[];
  /** Each ready to be run. */
  readonly memberships: readonly string[] | null;
  readonly parameters: readonly string[] | null;
  /** Those that nothing of ours sets; of all databases where none is named. */
  readonly settings: readonly { readonly name: string; readonly database: string | null }[] | null;
}

/** $1: the role; $2: LOGIN or NOLOGIN, what it has to have; $3: the database in which a login may be set to something. */
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
           WHERE a.grantee = r.oid) AS parameters,
         (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', pg_catalog.split_part(c.setting, '=', 1),
                   'database', d.datname::text))
            FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
           CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c (setting)
           WHERE s.setrole = r.oid AND (s.setdatabase = 0 OR d.datname <> $3 OR $2 = 'NOLOGIN')) AS settings
    FROM pg_catalog.pg_roles r WHERE r.rolname = $1`;

/**
 * Makes a clinic's role what it has to be: attributes, limits, memberships in others, settings outside its own database, and
 * with a password a login that has this one. Where passwords cannot be read, it is set again.
 */
export async function mendRole(
  server: Session,
  role: string,
  database: string,
  password: string | undefined,
): Promise<{ readonly outcome: 'mended' | 'kept'; readonly findings: readonly Finding[] }> {
  const due = await differences(server, role, database, password);
  const secret = password === undefined ? undefined : await passwordStatement(server, role, password);
  const refused = await tryEach(server, [...due, ...(secret === undefined ? [] : [secret.statement])]);
  // No statement with a secret is shown.
  const left = refused.map((statement) =>
    statement === secret?.statement ? `ALTER ROLE ${quoteIdent(role)} WITH PASSWORD …` : statement,
  );
  const unchanged = due.length === 0 ? [] : await differences(server, role, database, password);
  return {
    outcome: due.length === 0 && secret?.isKnown !== true ? 'kept' : 'mended',
    findings: [...new Set([...left, ...unchanged])].map((statement) =>
      notMended(server, role, `the role ${role}`, statement),
    ),
  };
}

async function differences(
  server: Session,
  role: string,
  database: string,
  password: string | undefined,
): Promise<string[]> {
  const kind = password === undefined ? 'NOLOGIN' : 'LOGIN';
  const [row] = await server.query<RoleRow>(ROLE, [role, kind, database]);
  if (row === undefined) return [];
  return [
    ...row.attributes.map((attribute) => `ALTER ROLE ${quoteIdent(role)} WITH ${attribute}`),
    ...(row.memberships ?? []),
    ...(row.parameters ?? []),
    ...(row.settings ?? []).map((setting) => resetOf(role, setting)),
  ];
}

function resetOf(role: string, { name, database }: NonNullable<RoleRow['settings']>[number]): string {
  const where = database === null ? '' : ` IN DATABASE ${quoteIdent(database)}`;
  return `ALTER ROLE ${quoteIdent(role)}${where} ${resetClause(name)}`;
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

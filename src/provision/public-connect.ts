import type { Finding } from '../core/finding.js';
import { inDatabase } from '../core/hints.js';
import { quoteIdent } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { databaseOf } from '../core/urls.js';

/**
 * The legacy and central databases where PUBLIC may connect: the clinics' logins could too. Making them tighter is
 * for people, who know which logins need them.
 */
export async function publicFindings(
  {
    legacy,
    legacyUrl,
    centralUrl,
  }: { readonly legacy: Session; readonly legacyUrl: string; readonly centralUrl: string },
  central: Session,
): Promise<Finding[]> {
  const places = [
    { session: legacy, name: 'legacy', database: databaseOf(legacyUrl) },
    { session: central, name: 'central', database: databaseOf(centralUrl) },
  ];
  const findings: Finding[] = [];
  for (const { session, name, database } of places) {
    const [row] = await session.query<{ open: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_catalog.aclexplode(coalesce(datacl, pg_catalog.acldefault('d', datdba))) AS a
                       WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT') AS open
         FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`,
    );
    if (row?.open !== true || findings.some(({ subject }) => subject === database)) continue;
    findings.push({
      code: 'PROVISION_PUBLIC_CONNECT',
      severity: 'warning',
      subject: database,
      message: `every login of its server may connect to the ${name} database ${database}, those of the clinics included`,
      hint: `GRANT CONNECT to the logins that need it. Then: ${inDatabase('postgres', `REVOKE CONNECT, TEMPORARY ON DATABASE ${quoteIdent(database)} FROM PUBLIC`)}`,
    });
  }
  return findings;
}

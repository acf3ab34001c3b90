import type { Finding } from '../core/finding.js';
import { commandLine, inDatabase, provisionOr } from '../core/hints.js';
import { quoteIdent } from '../core/identifiers.js';
import type { Databases } from '../core/ports.js';
import { endpointOf, withDatabase } from '../core/urls.js';
import type { ClinicTarget } from '../provision/types.js';

/** Whether a database is there and takes this login, which no limit binds where it is a superuser. */
const ENTRIES = `
  SELECT w.name, d.oid IS NOT NULL AS there, coalesce(d.datallowconn, false) AS open,
         coalesce(d.datconnlimit = 0 AND NOT r.rolsuper, false) AS full
    FROM pg_catalog.unnest($1::text[]) AS w (name)
    JOIN pg_catalog.pg_roles r ON r.rolname = current_user
    LEFT JOIN pg_catalog.pg_database d ON d.datname = w.name`;

type Entry = Record<string, unknown> & Record<'there' | 'open' | 'full', boolean> & { readonly name: string };

/** The clinics whose database cannot be opened, before anything is written: one question to each server. */
export async function closedFindings(
  databases: Databases,
  targets: readonly ClinicTarget[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const serverOf = ({ adminUrl }: ClinicTarget): string => JSON.stringify(endpointOf(adminUrl));
  for (const server of new Set(targets.map(serverOf))) {
    const here = targets.filter((target) => serverOf(target) === server);
    const session = await databases.connect(withDatabase(here[0]?.adminUrl ?? '', 'postgres'));
    try {
      const entries = await session.query<Entry>(ENTRIES, [here.map(({ database }) => database)]);
      const byName = new Map(entries.map((entry) => [entry.name, entry]));
      for (const target of here) findings.push(...entryFindings(target, byName.get(target.database)));
    } finally {
      await session.close();
    }
  }
  return findings;
}

function entryFindings({ clinic, database }: ClinicTarget, entry: Entry | undefined): Finding[] {
  const whose = `clinic ${JSON.stringify(clinic.label)} (${clinic.key})`;
  const alter = `ALTER DATABASE ${quoteIdent(database)} WITH`;
  const finding = (code: Finding['code'], what: string, hint: string): Finding[] => [
    {
      code,
      severity: 'error',
      subject: database,
      message: `${whose}: its database ${database} ${what}`,
      hint,
    },
  ];
  if (entry?.there !== true)
    return finding(
      'DATA_DATABASE_MISSING',
      'is not on the server',
      `Restore it from a backup if the clinic is served from it. Else run ${commandLine('provision', clinic.key)} and ${commandLine('split', clinic.key)}.`,
    );
  const opened = (clause: string): string =>
    provisionOr(clinic.key, inDatabase('postgres', `${alter} ${clause}`));
  if (!entry.open)
    return finding('DATA_DATABASE_CLOSED', 'takes no connections', opened('ALLOW_CONNECTIONS true'));
  if (!entry.full) return [];
  return finding(
    'DATA_DATABASE_CLOSED',
    'takes no connections of others than superusers',
    opened('CONNECTION LIMIT -1'),
  );
}

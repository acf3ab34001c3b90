import type { Finding } from '../../../core/finding.js';
import { quoteIdent, quoteLiteral } from '../../../core/identifiers.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { inDatabase, ofClinic, onServer } from '../words.js';
import type { ServerView } from './view.js';

const STREAMS = `
  SELECT 'slot' AS kind, slot_name::text AS name, database::text AS database FROM pg_catalog.pg_replication_slots
   WHERE database IS NOT NULL
   UNION ALL
  SELECT 'subscription', s.subname::text, d.datname::text FROM pg_catalog.pg_subscription s
    JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
   ORDER BY 1, 2`;

/** Rows that leave a clinic's database by themselves, or come into it. */
export async function replicationFindings({ session, targets }: ServerView): Promise<Finding[]> {
  const byDatabase = new Map<string, ClinicTarget>(targets.map((target) => [target.database, target]));
  const streams = await session.query<{ kind: 'slot' | 'subscription'; name: string; database: string }>(
    STREAMS,
  );
  return streams.flatMap(({ kind, name, database }): Finding[] => {
    const target = byDatabase.get(database);
    if (target === undefined) return [];
    return [
      kind === 'slot'
        ? ofClinic(
            'ACCESS_REPLICATION',
            target,
            database,
            `the replication slot ${name} hands out every change in its database`,
            onServer(`SELECT pg_catalog.pg_drop_replication_slot(${quoteLiteral(name).trim()})`),
          )
        : ofClinic(
            'ACCESS_REPLICATION',
            target,
            database,
            `the subscription ${name} writes rows of another database into its own`,
            inDatabase(
              database,
              `ALTER SUBSCRIPTION ${quoteIdent(name)} DISABLE`,
              `ALTER SUBSCRIPTION ${quoteIdent(name)} SET (slot_name = NONE)`,
              `DROP SUBSCRIPTION ${quoteIdent(name)}`,
            ),
          ),
    ];
  });
}

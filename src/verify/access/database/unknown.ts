import type { Finding } from '../../../core/finding.js';
import type { Session } from '../../../core/ports.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { inDatabase, ofClinic } from '../words.js';

interface Unknown extends Record<string, unknown> {
  readonly code: 'ACCESS_REACHES_OUT' | 'ACCESS_REPLICATION' | 'ACCESS_EVENT_TRIGGER' | 'ACCESS_POLICY';
  readonly name: string;
  readonly what: string;
  readonly mend: string;
}

const notMember = (catalog: string, oid: string): string => `NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

/** What provision makes in no clinic's database: whatever there is of it, somebody else made. */
const UNKNOWN = `
  SELECT 'ACCESS_REACHES_OUT' AS code, pg_catalog.format('the foreign data wrapper %s', w.fdwname) AS name,
         'leads out of its database' AS what, pg_catalog.format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', w.fdwname) AS mend
    FROM pg_catalog.pg_foreign_data_wrapper w WHERE ${notMember('pg_foreign_data_wrapper', 'w.oid')}
   UNION ALL
  SELECT 'ACCESS_REACHES_OUT', pg_catalog.format('the foreign server %s', s.srvname), 'leads out of its database',
         pg_catalog.format('DROP SERVER IF EXISTS %I CASCADE', s.srvname)
    FROM pg_catalog.pg_foreign_server s WHERE ${notMember('pg_foreign_server', 's.oid')}
   UNION ALL
  SELECT 'ACCESS_REACHES_OUT', pg_catalog.format('the user mapping of %s', m.usename), pg_catalog.format('logs in to the foreign server %s', m.srvname),
         pg_catalog.format('DROP USER MAPPING IF EXISTS FOR %s SERVER %I', CASE m.umuser WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(m.usename) END, m.srvname)
    FROM pg_catalog.pg_user_mappings m
   UNION ALL
  SELECT 'ACCESS_REPLICATION', pg_catalog.format('the publication %s', p.pubname), 'hands out the rows of its database',
         pg_catalog.format('DROP PUBLICATION %I', p.pubname)
    FROM pg_catalog.pg_publication p
   UNION ALL
  SELECT 'ACCESS_EVENT_TRIGGER', pg_catalog.format('the event trigger %s', t.evtname),
         pg_catalog.format('runs %s at %s in its database', t.evtfoid::regprocedure, t.evtevent), pg_catalog.format('DROP EVENT TRIGGER %I', t.evtname)
    FROM pg_catalog.pg_event_trigger t WHERE ${notMember('pg_event_trigger', 't.oid')}
   UNION ALL
  SELECT 'ACCESS_POLICY', pg_catalog.format('the policy %s on the table %s', p.polname, p.polrelid::regclass),
         pg_catalog.format('is for %s', (SELECT pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname) FROM pg_catalog.pg_roles r
                            WHERE r.oid = ANY (p.polroles) AND r.rolname <> $1)),
         pg_catalog.format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass)
    FROM pg_catalog.pg_policy p
   WHERE EXISTS (SELECT FROM pg_catalog.unnest(p.polroles) AS x (oid) LEFT JOIN pg_catalog.pg_roles r ON r.oid = x.oid
                  WHERE x.oid <> 0 AND r.rolname IS DISTINCT FROM $1
                    -- What restricts the owner alone lets nobody see more.
                    AND (p.polpermissive OR r.rolname IS DISTINCT FROM $2))
   ORDER BY 1, 2`;

export async function unknownFindings(session: Session, target: ClinicTarget): Promise<Finding[]> {
  const found = await session.query<Unknown>(UNKNOWN, [target.role, target.owner]);
  return found.map(({ code, name, what, mend }) =>
    ofClinic(code, target, target.database, `${name} ${what}`, inDatabase(target.database, mend)),
  );
}

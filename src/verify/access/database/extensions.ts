import type { Finding } from '../../../core/finding.js';
import { quoteIdent } from '../../../core/identifiers.js';
import type { Session } from '../../../core/ports.js';
import type { ClinicTarget } from '../../../provision/types.js';
import type { ServerView } from '../server/view.js';
import { inDatabase, ofClinic } from '../words.js';

/** They open connections, read files or run programs. */
const REACHING: ReadonlySet<string> = new Set([
  'adminpack',
  'aws_lambda',
  'aws_s3',
  'dblink',
  'file_fdw',
  'http',
  'jsonb_plperlu',
  'jsonb_plpython3u',
  'hstore_plperlu',
  'hstore_plpython3u',
  'ltree_plpython3u',
  'pg_cron',
  'pg_net',
  'plperlu',
  'plpython3u',
  'plsh',
  'pltclu',
  'postgres_fdw',
]);

/** They look into the server's memory and files, or show them; not for a clinic's login unless it is granted more. */
const CLOSED: ReadonlySet<string> = new Set([
  'amcheck',
  'autoinc',
  'bloom',
  'earthdistance',
  'insert_username',
  'intagg',
  'moddatetime',
  'pg_buffercache',
  'pg_freespacemap',
  'pg_prewarm',
  'pg_stat_statements',
  'pg_visibility',
  'pg_walinspect',
  'pageinspect',
  'pgrowlocks',
  'pgstattuple',
  'postgis',
  'postgis_topology',
  'refint',
  'sslinfo',
  'vector',
  'xml2',
]);

/** Extensions that lead out of the database, and those that nobody knows. */
export async function extensionFindings(
  view: ServerView,
  session: Session,
  target: ClinicTarget,
  legacy: readonly string[] | undefined,
): Promise<Finding[]> {
  const installed = await session.query<{ name: string }>(
    'SELECT extname::text AS name FROM pg_catalog.pg_extension ORDER BY 1',
  );
  return installed.flatMap(({ name }): Finding[] => {
    const reaches = REACHING.has(name);
    if (!reaches && (view.trustedExtensions.has(name) || CLOSED.has(name))) return [];
    const wanted = legacy?.includes(name) === true;
    return [
      ofClinic(
        'ACCESS_REACHES_OUT',
        target,
        target.database,
        reaches
          ? `its database has the extension ${name}, which reaches outside the database`
          : `its database has the extension ${name}: whether it reaches outside the database is not known`,
        wanted
          ? `The legacy database has it too. If the application does not need it: ${inDatabase(target.database, `DROP EXTENSION ${quoteIdent(name)} CASCADE`)}`
          : inDatabase(target.database, `DROP EXTENSION ${quoteIdent(name)} CASCADE`),
        reaches && !wanted ? 'error' : 'warning',
      ),
    ];
  });
}

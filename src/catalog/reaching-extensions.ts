import type { Session } from '../core/ports.js';
import { CARRIED } from './read-outside.js';
import type { SchemaObject } from './types.js';

/**
 * Made by superusers, and yet what they bring stays inside the database, or is not for everybody. PostgreSQL itself
 * vouches for trusted ones; all others may open connections, files or programs.
 */
const INWARD = `
  amcheck autoinc bloom earthdistance hypopg insert_username intagg ip4r moddatetime pageinspect
  pg_bigm pg_buffercache pg_freespacemap pg_prewarm pg_stat_statements pg_uuidv7 pg_visibility
  pg_walinspect pgaudit pgjwt pgrouting pgrowlocks pgstattuple postgis postgis_topology prefix
  refint rum semver sslinfo temporal_tables unit vector xml2`
  .trim()
  .split(/\s+/);

const REACHING = `
  SELECT x.extname::text AS name,
         (SELECT w.type || ' ' || w.identity FROM (${CARRIED}) AS i
            JOIN pg_catalog.pg_depend d ON d.classid = i.classid AND d.objid = i.objid AND d.deptype IN ('n', 'a')
            JOIN pg_catalog.pg_depend m ON m.classid = d.refclassid AND m.objid = d.refobjid AND m.deptype = 'e'
             AND m.refclassid = 'pg_catalog.pg_extension'::regclass AND m.refobjid = x.oid
           CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) AS w
           ORDER BY 1 LIMIT 1) AS "neededBy"
    FROM pg_catalog.pg_extension x
   WHERE x.extname <> 'plpgsql' AND x.extname <> ALL ($2::text[])
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_available_extension_versions v
                      WHERE v.name = x.extname AND (v.trusted OR NOT v.superuser))`;

/** Sets the extensions that may reach out of the database apart from the others; those that are `wanted` stay. */
export async function markReaching(
  session: Session,
  schemas: readonly string[],
  objects: readonly SchemaObject[],
  wanted: readonly string[],
): Promise<SchemaObject[]> {
  if (!objects.some(({ kind }) => kind === 'extension')) return [...objects];
  const found = await session.query<{ name: string; neededBy: string | null }>(REACHING, [
    schemas,
    [...INWARD, ...wanted],
  ]);
  return objects.map((object) => {
    const reaching = object.kind === 'extension' && found.find(({ name }) => name === object.name);
    return reaching
      ? { ...object, kind: 'reaching extension', definition: reaching.neededBy ?? undefined }
      : object;
  });
}

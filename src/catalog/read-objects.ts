import type { Session } from '../core/ports.js';
import type { SchemaObject } from './types.js';

type ObjectRow = Record<string, unknown> &
  Omit<SchemaObject, 'dependsOn'> & {
    readonly depends_on: SchemaObject['dependsOn'] | null;
  };

const name = (schema: string, relation: string): string =>
  `pg_catalog.json_build_object('schema', ${schema}, 'name', ${relation})`;

const notOfExtension = (catalog: string, oid: string): string => `NOT EXISTS (
  SELECT FROM pg_catalog.pg_depend e
   WHERE e.classid = 'pg_catalog.${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

/** Views: a view's rule depends on each table it reads. */
const VIEWS = `
  SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind, n.nspname::text AS schema,
         c.relname::text AS name,
         (SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_object('schema', tn.nspname, 'name', t.relname))
            FROM pg_catalog.pg_rewrite r
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                 AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> c.oid
            JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
            JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
           WHERE r.ev_class = c.oid) AS depends_on
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('v', 'm') AND ${notOfExtension('pg_class', 'c.oid')}`;

const FUNCTIONS = `
  SELECT 'function' AS kind, n.nspname::text AS schema,
         p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS name,
         NULL::json AS depends_on
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname = ANY ($1::text[]) AND ${notOfExtension('pg_proc', 'p.oid')}`;

/** Enums, domains, ranges and free-standing composites; not the row types of tables, nor arrays. */
const TYPES = `
  SELECT 'type' AS kind, n.nspname::text AS schema, t.typname::text AS name, NULL::json AS depends_on
    FROM pg_catalog.pg_type t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
   WHERE n.nspname = ANY ($1::text[]) AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
     AND ${notOfExtension('pg_type', 't.oid')}`;

const EXTENSIONS = `
  SELECT 'extension' AS kind, n.nspname::text AS schema, e.extname::text AS name, NULL::json AS depends_on
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
   WHERE e.extname <> 'plpgsql'`;

/** Triggers, policies and rules: what hangs on one table. */
const hangingOn = (
  kind: string,
  catalog: string,
  nameColumn: string,
  table: string,
  also: string,
): string => `
  SELECT '${kind}' AS kind, n.nspname::text AS schema, o.${nameColumn}::text AS name,
         pg_catalog.json_build_array(${name('n.nspname', 'c.relname')}) AS depends_on
    FROM pg_catalog.${catalog} o
    JOIN pg_catalog.pg_class c ON c.oid = o.${table}
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND ${also}`;

const OBJECTS = [
  VIEWS,
  FUNCTIONS,
  TYPES,
  EXTENSIONS,
  hangingOn('trigger', 'pg_trigger', 'tgname', 'tgrelid', 'NOT o.tgisinternal AND o.tgparentid = 0'),
  hangingOn('policy', 'pg_policy', 'polname', 'polrelid', 'true'),
  hangingOn('rule', 'pg_rewrite', 'rulename', 'ev_class', `o.rulename <> '_RETURN'`),
  `SELECT 'large objects' AS kind, '' AS schema, pg_catalog.count(*)::text || ' large objects' AS name,
          NULL::json AS depends_on
     FROM pg_catalog.pg_largeobject_metadata HAVING pg_catalog.count(*) > 0`,
];

/** Everything that is neither a table nor a sequence, by kind, schema and name. */
export async function readObjects(session: Session, schemas: readonly string[]): Promise<SchemaObject[]> {
  const rows = await session.query<ObjectRow>(
    `SELECT * FROM (${OBJECTS.join('\nUNION ALL\n')}) AS objects
      ORDER BY kind COLLATE "C", schema COLLATE "C", name COLLATE "C", depends_on::text COLLATE "C"`,
    [schemas],
  );
  return rows.map(({ kind, schema, name: objectName, depends_on }) => ({
    kind,
    schema,
    name: objectName,
    dependsOn: [...(depends_on ?? [])].sort((a, b) =>
      a.schema === b.schema ? (a.name < b.name ? -1 : 1) : a.schema < b.schema ? -1 : 1,
    ),
  }));
}

import type { Session } from '../core/ports.js';
import { bytesOf } from './digest.js';
import { notOfExtension, onItsOwn } from './extension-members.js';
import type { SchemaObject } from './types.js';

type ObjectRow = Record<string, unknown> &
  Omit<SchemaObject, 'dependsOn' | 'definition'> & {
    readonly definition: string | null;
    readonly depends_on: SchemaObject['dependsOn'] | null;
  };

const name = (schema: string, relation: string): string =>
  `pg_catalog.json_build_object('schema', ${schema}, 'name', ${relation})`;

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
           WHERE r.ev_class = c.oid) AS depends_on, pg_catalog.pg_get_viewdef(c.oid) AS definition
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('v', 'm') AND ${notOfExtension('pg_class', 'c.oid')}`;

const FUNCTIONS = `
  SELECT 'function' AS kind, n.nspname::text AS schema,
         p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS name,
         NULL::json AS depends_on,
         pg_catalog.concat_ws(' ', p.prosecdef, p.provolatile, p.proisstrict, p.proleakproof, p.prokind, l.lanname, p.proconfig,
           pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid),
           pg_catalog.md5(${bytesOf('p.prosrc')}), p.probin, a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
           a.aggmtransfn, a.aggmfinalfn, a.aggtranstype::pg_catalog.regtype, a.agginitval, a.aggminitval,
           nullif(a.aggsortop, 0)::pg_catalog.regoperator) AS definition
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
   WHERE n.nspname = ANY ($1::text[]) AND ${notOfExtension('pg_proc', 'p.oid')} AND ${onItsOwn('p')}`;

/** Enums, domains, ranges and free-standing composites; not the row types of tables, nor arrays. */
const TYPES = `
  SELECT 'type' AS kind, n.nspname::text AS schema, t.typname::text AS name, NULL::json AS depends_on,
         (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
            FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) AS definition
    FROM pg_catalog.pg_type t
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
   WHERE n.nspname = ANY ($1::text[]) AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
     AND ${notOfExtension('pg_type', 't.oid')}`;

const EXTENSIONS = `
  SELECT 'extension' AS kind, n.nspname::text AS schema, e.extname::text AS name, NULL::json AS depends_on,
         NULL AS definition
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
   WHERE e.extname <> 'plpgsql'`;

/** Triggers, policies, constraints and the like: what hangs on one table. */
const hangingOn = (
  kind: string,
  catalog: string,
  nameColumn: string,
  table: string,
  also: string,
  definition: string,
): string => `
  SELECT '${kind}' AS kind, n.nspname::text AS schema, o.${nameColumn}::text AS name,
         pg_catalog.json_build_array(${name('n.nspname', 'c.relname')}) AS depends_on, ${definition} AS definition
    FROM pg_catalog.${catalog} o
    JOIN pg_catalog.pg_class c ON c.oid = o.${table}
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND ${also}`;

/** Those that no constraint made; what a failed CREATE INDEX CONCURRENTLY left is none. */
const INDEXES = `
  SELECT 'index' AS kind, n.nspname::text AS schema, i.relname::text AS name,
         pg_catalog.json_build_array(${name('n.nspname', 'c.relname')}) AS depends_on,
         pg_catalog.pg_get_indexdef(i.oid) AS definition
    FROM pg_catalog.pg_index x
    JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    JOIN pg_catalog.pg_class c ON c.oid = x.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND x.indisvalid
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.oid AND k.conrelid = c.oid)`;

/** Generated columns' expressions too. */
const DEFAULTS = `
  SELECT 'default' AS kind, n.nspname::text AS schema, a.attname::text AS name,
         pg_catalog.json_build_array(${name('n.nspname', 'c.relname')}) AS depends_on,
         pg_catalog.pg_get_expr(o.adbin, o.adrelid) AS definition
    FROM pg_catalog.pg_attrdef o
    JOIN pg_catalog.pg_class c ON c.oid = o.adrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = o.adrelid AND a.attnum = o.adnum
   WHERE n.nspname = ANY ($1::text[])`;

/** What lives in a schema and hangs on no table. */
const inSchema = (kind: string, catalog: string, prefix: string, definition: string): string => `
  SELECT '${kind}' AS kind, n.nspname::text AS schema, o.${prefix}name::text AS name, NULL::json AS depends_on,
         ${definition} AS definition
    FROM pg_catalog.${catalog} o JOIN pg_catalog.pg_namespace n ON n.oid = o.${prefix}namespace
   WHERE n.nspname = ANY ($1::text[]) AND ${notOfExtension(catalog, 'o.oid')}`;

const joined = (...parts: readonly string[]): string => `pg_catalog.concat_ws(' ', ${parts.join(', ')})`;

/**
 * Whatever the server knows of a collation but its name. The version of its library has a check of its own; an encoding is
 * given to it when it is made again from a dump.
 */
const COLLATION = `(pg_catalog.to_jsonb(o)
    - ARRAY['oid', 'collname', 'collnamespace', 'collowner', 'collversion', 'collencoding'])::text`;

const TEXT_SEARCH = `
  pg_catalog.concat((SELECT p.prsname FROM pg_catalog.pg_ts_parser p WHERE p.oid = o.cfgparser), ': ',
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', m.maptokentype, m.mapdict::pg_catalog.regdictionary), ', '
                                  ORDER BY m.maptokentype, m.mapseqno)
       FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = o.oid))`;

const OPERATORS = `
  SELECT 'operator' AS kind, n.nspname::text AS schema,
         o.oprname || ' (' || pg_catalog.format_type(o.oprleft, NULL) || ', ' || pg_catalog.format_type(o.oprright, NULL) || ')' AS name,
         NULL::json AS depends_on,
         pg_catalog.concat_ws(' ', o.oprcode, nullif(o.oprcom, 0)::pg_catalog.regoperator, nullif(o.oprnegate, 0)::pg_catalog.regoperator,
           o.oprrest, o.oprjoin, o.oprcanmerge, o.oprcanhash) AS definition
    FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
   WHERE n.nspname = ANY ($1::text[]) AND ${notOfExtension('pg_operator', 'o.oid')}`;

/** How the definition of a cast begins that takes a value's bytes as they are. */
export const BINARY_CAST = 'WITHOUT FUNCTION';

/** What belongs to the database as a whole; `own` leaves out what every database has. */
const ofDatabase = (kind: string, catalog: string, nameSql: string, own = 'true'): string => `
  SELECT '${kind}' AS kind, '' AS schema, ${nameSql} AS name, NULL::json AS depends_on, NULL AS definition
    FROM pg_catalog.${catalog} o WHERE ${own} AND ${notOfExtension(catalog, 'o.oid')}`;

/** Object ids below are those of initdb. */
const MADE_LATER = 'o.oid >= 16384';

/** They belong to no schema: what counts is the types and the function that schemas own. */
const CASTS = `
  SELECT 'cast' AS kind, '' AS schema,
         pg_catalog.format_type(o.castsource, NULL) || ' AS ' || pg_catalog.format_type(o.casttarget, NULL) AS name,
         (SELECT pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_object('schema', n.nspname, 'name', x.name))
            FROM (SELECT coalesce(el.typnamespace, t.typnamespace) AS namespace, coalesce(el.typname, t.typname) AS name
                    FROM pg_catalog.pg_type t
                    LEFT JOIN pg_catalog.pg_type el ON el.oid = t.typelem AND t.typcategory = 'A'
                   WHERE t.oid IN (o.castsource, o.casttarget) AND ${notOfExtension('pg_type', 'coalesce(el.oid, t.oid)')}
                   UNION ALL
                  SELECT p.pronamespace, p.proname FROM pg_catalog.pg_proc p
                   WHERE p.oid = o.castfunc AND ${notOfExtension('pg_proc', 'p.oid')}) AS x
            JOIN pg_catalog.pg_namespace n ON n.oid = x.namespace AND n.nspname <> 'pg_catalog') AS depends_on,
         CASE o.castmethod WHEN 'f' THEN 'WITH FUNCTION ' || o.castfunc::pg_catalog.regprocedure
                           WHEN 'i' THEN 'WITH INOUT' ELSE '${BINARY_CAST}' END
           || CASE o.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' ELSE '' END AS definition
    FROM pg_catalog.pg_cast o
   WHERE ${MADE_LATER} AND ${onItsOwn('o')} AND ${notOfExtension('pg_cast', 'o.oid')}`;

const OBJECTS = [
  VIEWS,
  FUNCTIONS,
  TYPES,
  EXTENSIONS,
  OPERATORS,
  inSchema('collation', 'pg_collation', 'coll', COLLATION),
  inSchema(
    'conversion',
    'pg_conversion',
    'con',
    joined('o.conforencoding', 'o.contoencoding', 'o.condefault', 'o.conproc'),
  ),
  inSchema('operator class', 'pg_opclass', 'opc', joined('o.opcdefault', 'o.opckeytype::pg_catalog.regtype')),
  // Its operators and functions are told as what it is bound to.
  inSchema('operator family', 'pg_opfamily', 'opf', 'NULL'),
  inSchema('text search configuration', 'pg_ts_config', 'cfg', TEXT_SEARCH),
  inSchema(
    'text search dictionary',
    'pg_ts_dict',
    'dict',
    joined(
      '(SELECT t.tmplname FROM pg_catalog.pg_ts_template t WHERE t.oid = o.dicttemplate)',
      'o.dictinitoption',
    ),
  ),
  inSchema(
    'text search parser',
    'pg_ts_parser',
    'prs',
    joined('o.prsstart', 'o.prstoken', 'o.prsend', 'o.prsheadline', 'o.prslextype'),
  ),
  inSchema('text search template', 'pg_ts_template', 'tmpl', joined('o.tmplinit', 'o.tmpllexize')),
  hangingOn(
    'trigger',
    'pg_trigger',
    'tgname',
    'tgrelid',
    'NOT o.tgisinternal AND o.tgparentid = 0',
    "pg_catalog.concat_ws(' ', pg_catalog.pg_get_triggerdef(o.oid), o.tgenabled)",
  ),
  hangingOn(
    'policy',
    'pg_policy',
    'polname',
    'polrelid',
    'true',
    `pg_catalog.concat_ws(' ', o.polcmd, o.polpermissive, pg_catalog.pg_get_expr(o.polqual, o.polrelid),
       pg_catalog.pg_get_expr(o.polwithcheck, o.polrelid))`,
  ),
  hangingOn(
    'rule',
    'pg_rewrite',
    'rulename',
    'ev_class',
    `o.rulename <> '_RETURN'`,
    "pg_catalog.concat_ws(' ', pg_catalog.pg_get_ruledef(o.oid), o.ev_enabled)",
  ),
  hangingOn(
    'statistics',
    'pg_statistic_ext',
    'stxname',
    'stxrelid',
    'true',
    'pg_catalog.pg_get_statisticsobjdef(o.oid)',
  ),
  ...['check', 'exclusion'].map((kind) =>
    hangingOn(
      `${kind} constraint`,
      'pg_constraint',
      'conname',
      'conrelid',
      `o.contype = '${kind === 'check' ? 'c' : 'x'}'`,
      'pg_catalog.pg_get_constraintdef(o.oid)',
    ),
  ),
  INDEXES,
  DEFAULTS,
  CASTS,
  ofDatabase('event trigger', 'pg_event_trigger', 'o.evtname::text'),
  ofDatabase('foreign data wrapper', 'pg_foreign_data_wrapper', 'o.fdwname::text'),
  ofDatabase('foreign server', 'pg_foreign_server', 'o.srvname::text'),
  ofDatabase('access method', 'pg_am', 'o.amname::text', MADE_LATER),
  ofDatabase(
    'transform',
    'pg_transform',
    `pg_catalog.format_type(o.trftype, NULL) || ' in ' || (SELECT lanname FROM pg_catalog.pg_language WHERE oid = o.trflang)`,
    MADE_LATER,
  ),
  ofDatabase('language', 'pg_language', 'o.lanname::text', MADE_LATER),
  ofDatabase('publication', 'pg_publication', 'o.pubname::text'),
  `SELECT 'subscription' AS kind, '' AS schema, o.subname::text AS name, NULL::json AS depends_on, NULL AS definition
     FROM pg_catalog.pg_subscription o JOIN pg_catalog.pg_database d ON d.oid = o.subdbid
    WHERE d.datname = pg_catalog.current_database()`,
  `SELECT 'large objects' AS kind, '' AS schema, pg_catalog.count(*)::text || ' large objects' AS name,
          NULL::json AS depends_on, NULL AS definition
     FROM pg_catalog.pg_largeobject_metadata HAVING pg_catalog.count(*) > 0`,
];

/** Everything that is neither a table nor a sequence, by kind, schema and name. */
export async function readObjects(session: Session, schemas: readonly string[]): Promise<SchemaObject[]> {
  const rows = await session.query<ObjectRow>(
    `SELECT * FROM (${OBJECTS.join('\nUNION ALL\n')}) AS objects
      ORDER BY kind COLLATE "C", schema COLLATE "C", name COLLATE "C", depends_on::text COLLATE "C"`,
    [schemas],
  );
  return rows.map(({ kind, schema, name: objectName, depends_on, definition }) => ({
    kind,
    schema,
    name: objectName,
    definition: definition ?? undefined,
    dependsOn: [...(depends_on ?? [])].sort((a, b) =>
      a.schema === b.schema ? (a.name < b.name ? -1 : 1) : a.schema < b.schema ? -1 : 1,
    ),
  }));
}

import type { Session } from '../core/ports.js';
import type { AccessObject, Effective, Grant } from './access.js';

/**
 * SQL: everything that privileges can be granted on and that a schema holds, with the schemas and the languages; `type`
 * is the letter that acldefault() knows it by. A row type goes with its table, an array type and (from 17 on) a
 * multirange with its element.
 */
const OBJECTS = `
  SELECT 'pg_catalog.pg_class'::regclass AS classid, c.oid AS objid, c.relnamespace AS namespace, c.relname AS name,
         c.relowner AS owner, c.relacl AS acl, CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END AS type
    FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::regclass, p.oid, p.pronamespace, p.proname, p.proowner, p.proacl, 'f'
    FROM pg_catalog.pg_proc p
  UNION ALL
  SELECT 'pg_catalog.pg_type'::regclass, t.oid, t.typnamespace, t.typname, t.typowner, t.typacl, 'T'
    FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
   WHERE (c.oid IS NULL OR c.relkind = 'c')
     AND NOT (t.typelem <> 0 AND t.typsubscript = 'pg_catalog.array_subscript_handler'::regproc)
     AND (t.typtype <> 'm' OR pg_catalog.current_setting('server_version_num')::int < 170000)
  UNION ALL
  SELECT 'pg_catalog.pg_namespace'::regclass, n.oid, n.oid, n.nspname, n.nspowner, n.nspacl, 'n'
    FROM pg_catalog.pg_namespace n
  UNION ALL
  SELECT 'pg_catalog.pg_language'::regclass, l.oid, NULL, l.lanname, l.lanowner, l.lanacl, 'l'
    FROM pg_catalog.pg_language l WHERE l.lanpltrusted
  UNION ALL
  SELECT 'pg_catalog.pg_foreign_data_wrapper'::regclass, w.oid, NULL, w.fdwname, w.fdwowner, w.fdwacl, 'F'
    FROM pg_catalog.pg_foreign_data_wrapper w
  UNION ALL
  SELECT 'pg_catalog.pg_database'::regclass, d.oid, NULL, d.datname, d.datdba, d.datacl, 'd'
    FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`;

/** SQL: an ACL as rows; what the owner has is his anyway. */
const exploded = (acl: string, column: string): string => `
  SELECT CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END AS grantee,
         a.privilege_type AS privilege, a.is_grantable AS grantable, ${column} AS "column"
    FROM pg_catalog.aclexplode(${acl}) AS a WHERE a.grantee <> o.owner`;

const DEFAULT = `pg_catalog.acldefault(o.type::"char", o.owner)`;

/** SQL: the whole of an object and its columns, as JSON. */
const listed = (acl: string, columnAcl: string): string => `(
  SELECT pg_catalog.json_agg(x) FROM (
    ${exploded(`coalesce(${acl}, ${DEFAULT})`, 'NULL::text')} UNION ALL
    SELECT c.* FROM columns t CROSS JOIN LATERAL (${exploded(columnAcl, 't.attname::text')}) AS c
     WHERE o.type = 'r' AND t.attrelid = o.objid) AS x)`;

/**
 * $1: schemas whose objects are read; $2: those that are read as objects themselves. What is PostgreSQL's own or an
 * extension's is as it was from the beginning, or it is of interest.
 */
const query = (more: string): string => `
  WITH members AS MATERIALIZED (
    SELECT e.classid, e.objid FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'),
  columns AS MATERIALIZED (
    SELECT t.attrelid, t.attnum, t.attname, t.attacl, i.initprivs
      FROM pg_catalog.pg_attribute t
      LEFT JOIN pg_catalog.pg_init_privs i
             ON i.classoid = 'pg_catalog.pg_class'::regclass AND i.objoid = t.attrelid AND i.objsubid = t.attnum
     WHERE t.attacl IS NOT NULL OR i.initprivs IS NOT NULL),
  chosen AS MATERIALIZED (
    SELECT o.*, n.nspname, i.initprivs, s.system
      FROM (${OBJECTS}) AS o
      LEFT JOIN pg_catalog.pg_namespace n ON n.oid = o.namespace
      LEFT JOIN members e ON e.classid = o.classid AND e.objid = o.objid
      LEFT JOIN pg_catalog.pg_init_privs i ON i.classoid = o.classid AND i.objoid = o.objid AND i.objsubid = 0
     CROSS JOIN LATERAL (SELECT CASE
         WHEN o.type IN ('l', 'd') OR o.type = 'n' AND n.nspname = ANY ($2::text[]) THEN false
         WHEN e.objid IS NOT NULL OR n.nspname = 'pg_catalog' THEN true
         WHEN o.type <> 'n' AND n.nspname = ANY ($1::text[]) THEN false END) AS s (system)
     WHERE NOT s.system OR s.system AND (o.acl IS DISTINCT FROM i.initprivs OR o.type = 'r' AND o.objid IN (
           SELECT t.attrelid FROM columns t WHERE t.attacl IS DISTINCT FROM t.initprivs)))
  SELECT f.type AS kind, f.identity, o.nspname::text AS schema, o.name::text AS name,
         pg_catalog.pg_get_userbyid(o.owner)::text AS owner, o.system,
         o.acl IS NOT NULL AND EXISTS (
           SELECT a.privilege_type FROM pg_catalog.aclexplode(${DEFAULT}) AS a WHERE a.grantee = o.owner
           EXCEPT SELECT a.privilege_type FROM pg_catalog.aclexplode(o.acl) AS a WHERE a.grantee = o.owner) AS owner_lacks,
         ${listed('o.acl', 't.attacl')} AS grants,
         CASE WHEN o.system THEN ${listed('o.initprivs', 't.initprivs')} END AS initial${more}
    FROM chosen AS o
   CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) AS f
   ORDER BY f.type COLLATE "C", f.identity COLLATE "C"`;

export interface AclRow extends Record<string, unknown> {
  readonly kind: string;
  readonly identity: string;
  readonly schema: string | null;
  readonly name: string;
  readonly owner: string;
  readonly system: boolean;
  readonly owner_lacks: boolean;
  readonly grants: readonly GrantRow[] | null;
  readonly initial: readonly GrantRow[] | null;
}

interface GrantRow {
  readonly grantee: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
  readonly column: string | null;
}

const grantsOf = (rows: readonly GrantRow[] | null): Grant[] =>
  (rows ?? []).map(({ grantee, privilege, grantable, column }) => ({
    grantee: grantee ?? undefined,
    privilege,
    grantable,
    column: column ?? undefined,
  }));

/**
 * SQL: who was granted what in a database, on everything in the schemas $1, on the schemas $2, on languages and the
 * database itself; and on whatever of PostgreSQL's own or of extensions is not as it was from the beginning.
 */
export const ACLS = query('');

/** A row of ACLS as a value. */
export const objectOf = (row: AclRow): AccessObject => ({
  kind: row.kind,
  identity: row.identity,
  schema: row.schema ?? undefined,
  name: row.name,
  owner: row.owner,
  ownerLacks: row.owner_lacks,
  grants: grantsOf(row.grants),
  initial: row.system ? grantsOf(row.initial) : undefined,
});

/** SQL: which of these privileges the role $3 has. */
const held = (privileges: string, has: string): string =>
  `(SELECT pg_catalog.array_agg(p) FROM pg_catalog.unnest('{${privileges}}'::text[]) AS p WHERE ${has})`;

const EFFECTIVE = `,
  CASE o.type
    WHEN 'r' THEN ${held('SELECT,INSERT,UPDATE,DELETE', 'pg_catalog.has_table_privilege($3::name, o.objid, p)')}
    WHEN 's' THEN ${held('USAGE,SELECT', 'pg_catalog.has_sequence_privilege($3::name, o.objid, p)')}
    WHEN 'f' THEN ${held('EXECUTE', 'pg_catalog.has_function_privilege($3::name, o.objid, p)')}
    WHEN 'T' THEN ${held('USAGE', 'pg_catalog.has_type_privilege($3::name, o.objid, p)')}
    WHEN 'n' THEN ${held('USAGE', 'pg_catalog.has_schema_privilege($3::name, o.objid, p)')}
    WHEN 'l' THEN ${held('USAGE', 'pg_catalog.has_language_privilege($3::name, o.objid, p)')} END AS privileges,
  CASE o.type WHEN 'r' THEN (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(t.attname, p) ORDER BY t.attnum, p)
      FROM columns t CROSS JOIN pg_catalog.unnest('{SELECT,INSERT,UPDATE}'::text[]) AS p
     WHERE t.attrelid = o.objid
       AND NOT pg_catalog.has_table_privilege($3::name, o.objid, p)
       AND pg_catalog.has_column_privilege($3::name, o.objid, t.attnum, p)) END AS columns`;

interface EffectiveRow extends AclRow {
  readonly privileges: readonly string[] | null;
  readonly columns: readonly (readonly [string, string])[] | null;
}

/** The same of the session's database, with what one role may do, in whatever way it has come by it. */
export async function readEffective(
  session: Session,
  schemas: readonly string[],
  others: readonly string[],
  role: string,
): Promise<(AccessObject & { readonly effective: Effective })[]> {
  const rows = await session.query<EffectiveRow>(query(EFFECTIVE), [schemas, [...schemas, ...others], role]);
  return rows.map((row) => {
    const columns: Record<string, string[]> = {};
    for (const [column, privilege] of row.columns ?? [])
      columns[column] = [...(columns[column] ?? []), privilege];
    return { ...objectOf(row), effective: { privileges: row.privileges ?? [], columns } };
  });
}

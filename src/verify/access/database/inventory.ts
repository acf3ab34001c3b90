import type { Session } from '../../../core/ports.js';
import { type Item, itemsOf } from '../acl.js';

/** Whose an object is by its making: of PostgreSQL itself, of an extension, or of the clinic. */
export type Origin = 'system' | 'extension' | 'own';

/** Something that belongs to somebody, and on which privileges may have been granted. */
export interface Owned extends Record<string, unknown> {
  /** As pg_identify_object() has it: `table`, `public.patients`. */
  readonly type: string;
  readonly identity: string;
  /** The schema it is in, or that it is; NULL for what is in none. */
  readonly schema: string | null;
  /** As ALTER and GRANT name its kind. */
  readonly kind: string;
  /** For acldefault(); NULL where privileges cannot be granted. */
  readonly aclType: string | null;
  readonly column: string | null;
  readonly origin: Origin;
  readonly owner: string;
  /** True where the owner is that of another object, and cannot be changed alone. */
  readonly follows: boolean;
  readonly bySystem: boolean;
  /** True for a function that runs with its owner's rights. */
  readonly definer: boolean;
  readonly items: readonly Item[];
  /** What it had when the server, or the extension, was made; else what everything of its kind has. */
  readonly init: readonly Item[];
}

const AUTO_OWNED = `EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i'))`;

/** Every class of objects that has an owner in a database. Indexes, toast tables and array types have no say of their own. */
const PRESENT = `
  SELECT 'pg_catalog.pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS subid, n.nspname AS schema,
         CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END AS acltype,
         c.relowner AS owner, c.relacl AS acl, c.relkind = 'S' AND ${AUTO_OWNED} AS follows, false AS definer
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
   UNION ALL
  SELECT 'pg_catalog.pg_class'::regclass, c.oid, a.attnum, n.nspname, 'COLUMN', 'c', c.relowner, a.attacl, true, false
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relpersistence <> 't' AND NOT a.attisdropped AND (a.attacl IS NOT NULL
      OR EXISTS (SELECT FROM pg_catalog.pg_init_privs i WHERE i.objoid = a.attrelid AND i.objsubid = a.attnum
                    AND i.classoid = 'pg_catalog.pg_class'::regclass))
   UNION ALL
  SELECT 'pg_catalog.pg_proc'::regclass, p.oid, 0, n.nspname, 'ROUTINE', 'f', p.proowner, p.proacl,
         p.oid >= 16384 AND EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
                    AND d.refclassid = 'pg_catalog.pg_type'::regclass AND d.deptype = 'i'), p.prosecdef
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   UNION ALL
  SELECT 'pg_catalog.pg_type'::regclass, t.oid, 0, n.nspname, CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, 'T', t.typowner, t.typacl,
         t.typtype = 'm' OR (t.typrelid <> 0 AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind <> 'c')), false
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND (c.relkind IN ('t', 'S', 'i', 'I') OR c.relpersistence = 't'))
   UNION ALL
  SELECT 'pg_catalog.pg_namespace'::regclass, oid, 0, nspname, 'SCHEMA', 'n', nspowner, nspacl, false, false
    FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
   UNION ALL
  SELECT 'pg_catalog.pg_language'::regclass, oid, 0, NULL, 'LANGUAGE', 'l', lanowner, lanacl, false, false FROM pg_catalog.pg_language
   UNION ALL
  SELECT 'pg_catalog.pg_largeobject'::regclass, oid, 0, NULL, 'LARGE OBJECT', 'L', lomowner, lomacl, false, false
    FROM pg_catalog.pg_largeobject_metadata
   UNION ALL
  SELECT 'pg_catalog.pg_foreign_data_wrapper'::regclass, oid, 0, NULL, 'FOREIGN DATA WRAPPER', 'F', fdwowner, fdwacl, false, false
    FROM pg_catalog.pg_foreign_data_wrapper
   UNION ALL
  SELECT 'pg_catalog.pg_foreign_server'::regclass, oid, 0, NULL, 'FOREIGN SERVER', 'S', srvowner, srvacl, false, false
    FROM pg_catalog.pg_foreign_server
   UNION ALL
  SELECT 'pg_catalog.pg_operator'::regclass, o.oid, 0, n.nspname, 'OPERATOR', NULL, o.oprowner, NULL, false, false
    FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
   UNION ALL
  SELECT 'pg_catalog.pg_opclass'::regclass, o.oid, 0, n.nspname, 'OPERATOR CLASS', NULL, o.opcowner, NULL, false, false
    FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
   UNION ALL
  SELECT 'pg_catalog.pg_opfamily'::regclass, o.oid, 0, n.nspname, 'OPERATOR FAMILY', NULL, o.opfowner, NULL, false, false
    FROM pg_catalog.pg_opfamily o JOIN pg_catalog.pg_namespace n ON n.oid = o.opfnamespace
   UNION ALL
  SELECT 'pg_catalog.pg_collation'::regclass, o.oid, 0, n.nspname, 'COLLATION', NULL, o.collowner, NULL, false, false
    FROM pg_catalog.pg_collation o JOIN pg_catalog.pg_namespace n ON n.oid = o.collnamespace
   UNION ALL
  SELECT 'pg_catalog.pg_conversion'::regclass, o.oid, 0, n.nspname, 'CONVERSION', NULL, o.conowner, NULL, false, false
    FROM pg_catalog.pg_conversion o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace
   UNION ALL
  SELECT 'pg_catalog.pg_statistic_ext'::regclass, o.oid, 0, n.nspname, 'STATISTICS', NULL, o.stxowner, NULL, false, false
    FROM pg_catalog.pg_statistic_ext o JOIN pg_catalog.pg_namespace n ON n.oid = o.stxnamespace
   UNION ALL
  SELECT 'pg_catalog.pg_ts_config'::regclass, o.oid, 0, n.nspname, 'TEXT SEARCH CONFIGURATION', NULL, o.cfgowner, NULL, false, false
    FROM pg_catalog.pg_ts_config o JOIN pg_catalog.pg_namespace n ON n.oid = o.cfgnamespace
   UNION ALL
  SELECT 'pg_catalog.pg_ts_dict'::regclass, o.oid, 0, n.nspname, 'TEXT SEARCH DICTIONARY', NULL, o.dictowner, NULL, false, false
    FROM pg_catalog.pg_ts_dict o JOIN pg_catalog.pg_namespace n ON n.oid = o.dictnamespace
   UNION ALL
  SELECT 'pg_catalog.pg_extension'::regclass, oid, 0, NULL, 'EXTENSION', NULL, extowner, NULL, false, false FROM pg_catalog.pg_extension`;

/** The schema public is made with every database, and is the clinic's all the same. */
const JUDGED = `
  WITH present AS MATERIALIZED (${PRESENT}),
  judged AS (
    SELECT p.*, i.initprivs,
           CASE WHEN e.objid IS NOT NULL OR p.kind = 'EXTENSION' THEN 'extension'
                WHEN p.objid < 16384 AND p.kind <> 'LARGE OBJECT' AND NOT (p.kind = 'SCHEMA' AND p.schema = 'public') THEN 'system'
                ELSE 'own' END AS origin
      FROM present p
      LEFT JOIN pg_catalog.pg_depend e ON e.classid = p.classid AND e.objid = p.objid AND e.objsubid = 0 AND e.deptype = 'e'
      LEFT JOIN pg_catalog.pg_init_privs i ON i.classoid = p.classid AND i.objoid = p.objid AND i.objsubid = p.subid)`;

/**
 * All that is the clinic's own, and of the rest what is not as it was made. What initdb grants in information_schema is
 * written down nowhere: it is reading, for everybody.
 */
const NOTABLE = `${JUDGED},
  usual AS (SELECT t.acltype, (SELECT count(*) FROM pg_catalog.aclexplode(pg_catalog.acldefault(t.acltype::"char", 10))) AS items
              FROM pg_catalog.unnest('{r,s,c,f,T,n,l,L,F,S}'::text[]) AS t (acltype)),
  counted AS (
    SELECT count(*) FILTER (WHERE j.subid = 0)::int AS objects,
           coalesce(sum(CASE WHEN j.acl IS NULL THEN u.items ELSE (SELECT count(*) FROM pg_catalog.aclexplode(j.acl)) END), 0)::int AS privileges
      FROM judged j LEFT JOIN usual u ON u.acltype = j.acltype),
  notable AS MATERIALIZED (
    SELECT * FROM judged j
     WHERE j.origin = 'own' OR j.owner <> 10
        OR (j.acl IS DISTINCT FROM j.initprivs AND (j.schema IS DISTINCT FROM 'information_schema' OR EXISTS (
              SELECT FROM pg_catalog.aclexplode(j.acl) AS a
               WHERE a.grantee <> 10 AND (a.grantee <> 0 OR a.is_grantable OR a.privilege_type NOT IN ('SELECT', 'USAGE'))))))
  SELECT o.type, o.identity, j.schema::text AS schema, j.kind, j.acltype AS "aclType", j.origin, j.follows, j.definer,
         (SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE j.subid <> 0 AND a.attrelid = j.objid AND a.attnum = j.subid) AS column,
         coalesce(r.rolname::text, j.owner::text) AS owner, j.owner = 10 AS "bySystem",
         CASE WHEN j.acltype IS NULL THEN '[]'::jsonb ELSE ${itemsOf('j.acl', 'j.acltype::"char"', 'j.owner')} END AS items,
         CASE WHEN j.acltype IS NULL THEN '[]'::jsonb ELSE ${itemsOf('j.initprivs', 'j.acltype::"char"', 'j.owner')} END AS init,
         c.objects, c.privileges
    FROM counted c
    LEFT JOIN notable j ON true
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = j.owner
    LEFT JOIN LATERAL pg_catalog.pg_identify_object(j.classid, j.objid, 0) AS o ON j.objid IS NOT NULL
   ORDER BY j.kind, o.identity, j.subid`;

export interface Inventory {
  readonly notable: readonly Owned[];
  /** How many there are of everything. */
  readonly objects: number;
  readonly privileges: number;
}

export async function readInventory(session: Session): Promise<Inventory> {
  const rows = await session.query<Owned & { objects: number; privileges: number }>(NOTABLE);
  const { objects = 0, privileges = 0 } = rows[0] ?? {};
  // What was dropped while it was read has no name any more.
  return { notable: rows.filter(({ identity }) => identity !== null), objects, privileges };
}

import { createHash } from 'node:crypto';
import { MAX_IDENTIFIER_BYTES } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';

/**
 * The role that owns a clinic's database and everything in it but extensions: `<database>_owner`, cut and told apart by
 * a hash where PostgreSQL would cut it.
 */
export function ownerName(database: string): string {
  const name = `${database}_owner`;
  if (Buffer.byteLength(name) <= MAX_IDENTIFIER_BYTES) return name;
  const end = `_${createHash('sha256').update(database).digest('hex').slice(0, 8)}_owner`;
  let start = '';
  for (const sign of database) {
    if (Buffer.byteLength(start + sign + end) > MAX_IDENTIFIER_BYTES) break;
    start += sign;
  }
  return start + end;
}

/**
 * Everything in a database that has an owner, is no extension's, and is not $1's, with the statement that gives it to
 * him. Indexes, row types, arrays and sequences of columns follow their tables. A large object may have any number: it is
 * chosen by whoever makes it. What belongs to the bootstrap superuser
 * (10), as constructors of ranges always do, only a superuser may give away.
 */
const MISOWNED = `
  WITH present (classid, objid, owner, kind, turn) AS (
    SELECT 'pg_catalog.pg_namespace'::regclass, oid, nspowner, 'SCHEMA', 0 FROM pg_catalog.pg_namespace
     WHERE nspname !~ '^pg_(toast_)?temp_'
    UNION ALL
    SELECT 'pg_catalog.pg_class'::regclass, c.oid, c.relowner, 'TABLE', 1 FROM pg_catalog.pg_class c
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' OR c.relkind = 'S' AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
          AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i'))
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::regclass, oid, proowner, 'ROUTINE', 1 FROM pg_catalog.pg_proc
    UNION ALL
    SELECT 'pg_catalog.pg_type'::regclass, t.oid, t.typowner, 'TYPE',
           CASE t.typtype WHEN 'm' THEN 2 ELSE 1 END FROM pg_catalog.pg_type t
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
       AND (t.typtype <> 'c' OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
       AND (t.typtype <> 'm' OR pg_catalog.current_setting('server_version_num')::int < 170000)
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::regclass, oid, oprowner, 'OPERATOR', 1 FROM pg_catalog.pg_operator
    UNION ALL
    SELECT 'pg_catalog.pg_opclass'::regclass, oid, opcowner, 'OPERATOR CLASS', 1 FROM pg_catalog.pg_opclass
    UNION ALL
    SELECT 'pg_catalog.pg_opfamily'::regclass, oid, opfowner, 'OPERATOR FAMILY', 1 FROM pg_catalog.pg_opfamily
    UNION ALL
    SELECT 'pg_catalog.pg_collation'::regclass, oid, collowner, 'COLLATION', 1 FROM pg_catalog.pg_collation
    UNION ALL
    SELECT 'pg_catalog.pg_conversion'::regclass, oid, conowner, 'CONVERSION', 1 FROM pg_catalog.pg_conversion
    UNION ALL
    SELECT 'pg_catalog.pg_statistic_ext'::regclass, oid, stxowner, 'STATISTICS', 1 FROM pg_catalog.pg_statistic_ext
    UNION ALL
    SELECT 'pg_catalog.pg_ts_config'::regclass, oid, cfgowner, 'TEXT SEARCH CONFIGURATION', 1
      FROM pg_catalog.pg_ts_config
    UNION ALL
    SELECT 'pg_catalog.pg_ts_dict'::regclass, oid, dictowner, 'TEXT SEARCH DICTIONARY', 1 FROM pg_catalog.pg_ts_dict
    UNION ALL
    SELECT 'pg_catalog.pg_language'::regclass, oid, lanowner, 'LANGUAGE', 1 FROM pg_catalog.pg_language
    UNION ALL
    SELECT 'pg_catalog.pg_foreign_server'::regclass, oid, srvowner, 'SERVER', 1 FROM pg_catalog.pg_foreign_server
    UNION ALL
    SELECT 'pg_catalog.pg_largeobject'::regclass, oid, lomowner, 'LARGE OBJECT', 1
      FROM pg_catalog.pg_largeobject_metadata)
  SELECT pg_catalog.format('ALTER %s %s OWNER TO %I', p.kind,
           (pg_catalog.pg_identify_object(p.classid, p.objid, 0)).identity, r.rolname) AS sql
    FROM present p JOIN pg_catalog.pg_roles r ON r.rolname = $1 AND p.owner <> r.oid
   WHERE (p.objid >= 16384 OR p.kind = 'LARGE OBJECT' OR p.objid = 'public'::regnamespace AND p.kind = 'SCHEMA')
     AND (p.owner <> 10 OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user))
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = p.classid AND d.objid = p.objid AND d.deptype = 'e')
   ORDER BY p.turn, p.objid`;

/** Gives a clinic's owner everything that is in its database, the database itself aside. Answers with how much that was. */
export async function takeOver(session: Session, owner: string): Promise<number> {
  const statements = await session.query<{ sql: string }>(MISOWNED, [owner]);
  if (statements.length === 0) return 0;
  await session.execute(statements.map(({ sql }) => sql).join(';\n'));
  return statements.length;
}

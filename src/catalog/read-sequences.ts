import type { Session } from '../core/ports.js';
import type { Sequence, SequenceColumn } from './types.js';

interface SequenceRow extends Record<string, unknown> {
  readonly schema: string;
  readonly name: string;
  readonly owner_schema: string | null;
  readonly owner_name: string | null;
  readonly owner_column: string | null;
  readonly columns: readonly SequenceColumn[] | null;
}

const SEQUENCES = `
  SELECT n.nspname::text AS schema, c.relname::text AS name, tn.nspname::text AS owner_schema,
         t.relname::text AS owner_name, a.attname::text AS owner_column,
         (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('column', l.attname,
                   'table', pg_catalog.json_build_object('schema', ln.nspname, 'name', lt.relname))
                   ORDER BY ln.nspname COLLATE "C", lt.relname COLLATE "C", l.attname COLLATE "C")
            FROM pg_catalog.pg_attribute l
            JOIN pg_catalog.pg_class lt ON lt.oid = l.attrelid AND lt.relkind IN ('r', 'p') AND NOT lt.relispartition
            JOIN pg_catalog.pg_namespace ln ON ln.oid = lt.relnamespace
           WHERE l.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
             AND (l.attrelid = d.refobjid AND l.attnum = d.refobjsubid
                  OR (l.attrelid, l.attnum) IN (
                    SELECT f.adrelid, f.adnum FROM pg_catalog.pg_attrdef f
                      JOIN pg_catalog.pg_depend fd ON fd.classid = 'pg_catalog.pg_attrdef'::regclass AND fd.objid = f.oid
                     WHERE fd.refclassid = 'pg_catalog.pg_class'::regclass AND fd.refobjid = c.oid))) AS columns
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
         AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
   WHERE n.nspname = ANY ($1::text[]) AND c.relkind = 'S' AND c.relpersistence <> 't'
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass
                        AND e.objid = c.oid AND e.deptype = 'e')
   ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** Sequences with the column that owns each (serial or identity) and those it counts, by schema and name. */
export async function readSequences(session: Session, schemas: readonly string[]): Promise<Sequence[]> {
  const rows = await session.query<SequenceRow>(SEQUENCES, [schemas]);
  return rows.map(({ schema, name, owner_schema, owner_name, owner_column, columns }) => ({
    schema,
    name,
    ownedBy:
      owner_schema === null || owner_name === null || owner_column === null
        ? undefined
        : { table: { schema: owner_schema, name: owner_name }, column: owner_column },
    columns: columns ?? [],
  }));
}

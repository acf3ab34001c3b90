import type { Session } from '../core/ports.js';
import { notOfExtension } from './extension-members.js';
import type { Column, ForeignKey, Table, UniqueKey } from './types.js';

interface TableRow extends Record<string, unknown> {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: Table['kind'];
  readonly parent_schema: string | null;
  readonly parent_name: string | null;
  readonly inherits: Table['inherits'];
  readonly row_security: Table['rowSecurity'];
  readonly unlogged: boolean;
  readonly estimated_rows: number;
}

type Of<T> = T & Record<string, unknown> & { readonly oid: string };

const TABLES = `
  SELECT c.oid::text AS oid, n.nspname::text AS schema, c.relname::text AS name,
         CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned' ELSE 'foreign' END AS kind,
         pn.nspname::text AS parent_schema, p.relname::text AS parent_name,
         (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', hn.nspname, 'name', h.relname)
                            ORDER BY i.inhseqno), '[]')
            FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class h ON h.oid = i.inhparent AND NOT c.relispartition
            JOIN pg_catalog.pg_namespace hn ON hn.oid = h.relnamespace WHERE i.inhrelid = c.oid) AS inherits,
         CASE WHEN c.relrowsecurity AND c.relforcerowsecurity THEN 'forced'
              WHEN c.relrowsecurity THEN 'enabled' ELSE 'off' END AS row_security,
         c.relpersistence = 'u' AS unlogged, c.reltuples::float8 AS estimated_rows
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_class p ON c.relispartition AND p.oid = pg_catalog.pg_partition_root(c.oid)
    LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
   WHERE n.nspname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
     AND ${notOfExtension('pg_class', 'c.oid')}
   ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

const COLUMNS = `
  SELECT a.attrelid::text AS oid, a.attname::text AS name,
         pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS "notNull",
         CASE WHEN o.collname <> 'default' THEN pg_catalog.format('%I.%I', n.nspname, o.collname) END AS collation,
         (t.typtype = 'e' OR CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END = ANY (
            '{int2,int4,int8,oid,uuid,text,varchar,bpchar,bool,bytea,date,timestamp,timestamptz}'::regtype[]))
           AND coalesce(o.collisdeterministic, true) AS exact,
         a.attgenerated <> '' AS generated,
         CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_collation o ON o.oid = a.attcollation
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = o.collnamespace
   WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attrelid, a.attnum`;

/** Only what makes a row unique for any value: no predicate, no expression, no WITHOUT OVERLAPS. */
const KEYS = `
  SELECT i.indrelid::text AS oid, c.relname::text AS name, i.indisprimary AS primary,
         (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.position)
            FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
           WHERE k.position <= i.indnkeyatts) AS columns
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
   WHERE i.indrelid = ANY ($1::oid[]) AND i.indisunique AND i.indisvalid AND NOT i.indisexclusion
     AND i.indpred IS NULL AND i.indexprs IS NULL
   ORDER BY i.indrelid, NOT i.indisprimary, c.relname COLLATE "C"`;

/** conparentid: what PostgreSQL itself derived for partitions is no key of its own. */
const FOREIGN_KEYS = `
  SELECT k.conrelid::text AS oid, k.conname::text AS name, k.convalidated AS validated,
         pg_catalog.pg_get_constraintdef(k.oid) AS definition,
         pg_catalog.json_build_object('schema', n.nspname, 'name', t.relname) AS "references",
         (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.position)
            FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (attnum, position)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
         (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.position)
            FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u (attnum, position)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS "referencedColumns",
         (SELECT pg_catalog.array_agg(pg_catalog.format('OPERATOR(%I.%s)', s.nspname, o.oprname) ORDER BY u.position)
            FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY AS u (operator, position)
            JOIN pg_catalog.pg_operator o ON o.oid = u.operator
            JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace) AS operators
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
   WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'f' AND k.conparentid = 0
   ORDER BY k.conrelid, k.conname COLLATE "C"`;

/** Tables with their columns and keys, by schema and name; partitions are listed and name their root. */
export async function readTables(session: Session, schemas: readonly string[]): Promise<Table[]> {
  const tables = await session.query<TableRow>(TABLES, [schemas]);
  const oids = [tables.map((table) => table.oid)];
  const columns = byTable(await session.query<Of<Column>>(COLUMNS, oids));
  const keys = byTable(await session.query<Of<UniqueKey>>(KEYS, oids));
  const foreignKeys = byTable(await session.query<Of<ForeignKey>>(FOREIGN_KEYS, oids));
  return tables.map((table) => ({
    schema: table.schema,
    name: table.name,
    kind: table.kind,
    parent:
      table.parent_schema === null || table.parent_name === null
        ? undefined
        : { schema: table.parent_schema, name: table.parent_name },
    inherits: table.inherits,
    columns: (columns.get(table.oid) ?? []).map(
      ({ name, type, collation, exact, notNull, generated, identity }) => ({
        name,
        type,
        collation: collation ?? undefined,
        exact,
        notNull,
        generated,
        identity: identity ?? undefined,
      }),
    ),
    keys: (keys.get(table.oid) ?? []).map(({ name, columns, primary }) => ({ name, columns, primary })),
    foreignKeys: (foreignKeys.get(table.oid) ?? []).map((key) => ({
      name: key.name,
      columns: key.columns,
      references: key.references,
      referencedColumns: key.referencedColumns,
      operators: key.operators,
      definition: key.definition,
      validated: key.validated,
    })),
    rowSecurity: table.row_security,
    unlogged: table.unlogged,
    estimatedRows: Math.round(table.estimated_rows),
  }));
}

function byTable<R extends { readonly oid: string }>(rows: readonly R[]): Map<string, R[]> {
  const groups = new Map<string, R[]>();
  for (const row of rows) {
    const group = groups.get(row.oid);
    if (group === undefined) groups.set(row.oid, [row]);
    else group.push(row);
  }
  return groups;
}

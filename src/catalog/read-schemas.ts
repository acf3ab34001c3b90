import type { Session } from '../core/ports.js';
import { notOfExtension } from './extension-members.js';

/** A schema, and how many tables it holds. */
export interface SchemaSize {
  readonly schema: string;
  readonly tables: number;
}

const SCHEMAS = `
  SELECT n.nspname::text AS schema, count(*)::int4 AS tables
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'clinic_migrate', 'clinic_migrate_quarantine')
     AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
     AND ${notOfExtension('pg_class', 'c.oid')}
   GROUP BY n.nspname ORDER BY n.nspname COLLATE "C"`;

/** The schemas that hold tables, without PostgreSQL's, extensions' and our own. */
export function readSchemas(session: Session): Promise<SchemaSize[]> {
  return session.query<SchemaSize & Record<string, unknown>>(SCHEMAS);
}

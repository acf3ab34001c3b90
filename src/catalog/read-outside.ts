import type { Session } from '../core/ports.js';
import { notOfExtension } from './extension-members.js';
import type { OutsideNeed } from './types.js';

const PLACED = [
  ['pg_class', 'relnamespace', `o.relkind IN ('r', 'p', 'v', 'm', 'S')`],
  ['pg_proc', 'pronamespace', 'true'],
  ['pg_type', 'typnamespace', 'true'],
  ['pg_operator', 'oprnamespace', 'true'],
  ['pg_opclass', 'opcnamespace', 'true'],
  ['pg_ts_config', 'cfgnamespace', 'true'],
] as const;

/** What hangs on a table; a foreign key's other end is a crossing key's affair. */
const HANGING = [
  ['pg_trigger', 'tgrelid', 'NOT o.tgisinternal'],
  ['pg_attrdef', 'adrelid', 'true'],
  ['pg_constraint', 'conrelid', `o.contype IN ('c', 'x')`],
  ['pg_policy', 'polrelid', 'true'],
  ['pg_rewrite', 'ev_class', 'true'],
  ['pg_index', 'indrelid', 'true'],
] as const;

/** Everything with an object id that is in the schemas ($1) or hangs on a table there. */
export const CARRIED = [
  ...PLACED.map(
    ([catalog, namespace, also]) => `
      SELECT 'pg_catalog.${catalog}'::regclass AS classid, o.oid AS objid,
             ${catalog === 'pg_class' ? 'o.oid' : 'NULL::oid'} AS relation
        FROM pg_catalog.${catalog} o JOIN pg_catalog.pg_namespace n ON n.oid = o.${namespace}
       WHERE n.nspname = ANY ($1::text[]) AND ${also} AND ${notOfExtension(catalog, 'o.oid')}`,
  ),
  ...HANGING.map(([catalog, table, also]) => {
    const isIndex = catalog === 'pg_index';
    return `
      SELECT 'pg_catalog.${isIndex ? 'pg_class' : catalog}'::regclass, ${isIndex ? 'o.indexrelid' : 'o.oid'}, c.oid
        FROM pg_catalog.${catalog} o JOIN pg_catalog.pg_class c ON c.oid = o.${table}
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = ANY ($1::text[]) AND ${also} AND ${notOfExtension('pg_class', 'c.oid')}`;
  }),
].join(' UNION ALL ');

/** What the schemas' objects need of schemas that are not among them, neither PostgreSQL's nor an extension's. */
const NEEDS = `
  SELECT DISTINCT s.nspname::text AS schema, r.type || ' ' || r.identity AS object,
         CASE WHEN c.relkind IN ('v', 'm') THEN 'view ' || c.oid::regclass ELSE w.type || ' ' || w.identity END AS "neededBy",
         CASE WHEN c.oid IS NOT NULL THEN pg_catalog.jsonb_build_object('schema', cn.nspname, 'name', c.relname) END AS relation
    FROM (${CARRIED}) AS i
    JOIN pg_catalog.pg_depend d ON d.classid = i.classid AND d.objid = i.objid AND d.deptype IN ('n', 'a')
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.refclassid, d.refobjid, 0) AS r
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) AS w
    LEFT JOIN pg_catalog.pg_class c ON c.oid = i.relation
    LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_catalog.pg_namespace s ON pg_catalog.quote_ident(s.nspname) = r.schema
   WHERE s.nspname <> ALL ($1::text[]) AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema'
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                      WHERE e.classid = d.refclassid AND e.objid = d.refobjid AND e.deptype = 'e')
   ORDER BY schema, object, "neededBy"`;

/** Reads them, by schema, object and what needs it. */
export function readOutside(session: Session, schemas: readonly string[]): Promise<OutsideNeed[]> {
  return session.query<OutsideNeed & Record<string, unknown>>(NEEDS, [schemas]);
}

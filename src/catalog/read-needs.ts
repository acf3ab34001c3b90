import type { Session } from '../core/ports.js';
import { readAppLogin } from './app-login.js';
import type { Member, Need } from './types.js';

const classes = (...names: readonly string[]): string =>
  names.map((name) => `'pg_catalog.${name}'::regclass`).join(', ');

/** What goes with another object and never without it: the same to everything that needs it. */
const PARTS = `
  SELECT 'pg_catalog.pg_rewrite'::regclass AS classid, oid AS objid, 'pg_catalog.pg_class'::regclass AS to_class, ev_class AS to_object
    FROM pg_catalog.pg_rewrite
   UNION ALL SELECT 'pg_catalog.pg_attrdef'::regclass, oid, 'pg_catalog.pg_class'::regclass, adrelid FROM pg_catalog.pg_attrdef
   UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass, oid, 'pg_catalog.pg_class'::regclass, conrelid FROM pg_catalog.pg_constraint WHERE conrelid <> 0
   UNION ALL SELECT 'pg_catalog.pg_constraint'::regclass, oid, 'pg_catalog.pg_type'::regclass, contypid FROM pg_catalog.pg_constraint WHERE contypid <> 0
   UNION ALL SELECT 'pg_catalog.pg_trigger'::regclass, oid, 'pg_catalog.pg_class'::regclass, tgrelid FROM pg_catalog.pg_trigger
   UNION ALL SELECT 'pg_catalog.pg_policy'::regclass, oid, 'pg_catalog.pg_class'::regclass, polrelid FROM pg_catalog.pg_policy
   UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass, oid, 'pg_catalog.pg_class'::regclass, stxrelid FROM pg_catalog.pg_statistic_ext
   UNION ALL SELECT 'pg_catalog.pg_class'::regclass, indexrelid, 'pg_catalog.pg_class'::regclass, indrelid FROM pg_catalog.pg_index
   UNION ALL SELECT 'pg_catalog.pg_class'::regclass, c.oid, 'pg_catalog.pg_type'::regclass, c.reltype FROM pg_catalog.pg_class c WHERE c.relkind = 'c'
   UNION ALL SELECT 'pg_catalog.pg_type'::regclass, t.oid, 'pg_catalog.pg_class'::regclass, c.oid
               FROM pg_catalog.pg_type t JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind <> 'c'
   UNION ALL SELECT 'pg_catalog.pg_type'::regclass, typarray, 'pg_catalog.pg_type'::regclass, oid FROM pg_catalog.pg_type WHERE typarray <> 0
   UNION ALL SELECT 'pg_catalog.pg_type'::regclass, rngmultitypid, 'pg_catalog.pg_type'::regclass, rngtypid FROM pg_catalog.pg_range
   UNION ALL SELECT 'pg_catalog.pg_class'::regclass, d.objid, 'pg_catalog.pg_class'::regclass, d.refobjid
               FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
              WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
                AND d.deptype IN ('a', 'i')`;

/** A policy that is for other roles than the login $1 alone, and so is made nowhere. */
const OF_OTHERS = `
  SELECT FROM pg_catalog.pg_policy p
   WHERE d.classid = 'pg_catalog.pg_policy'::regclass AND p.oid = d.objid AND $1::text IS NOT NULL AND NOT 0 = ANY (p.polroles)
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles l JOIN pg_catalog.pg_roles g ON g.oid = ANY (p.polroles)
                        AND (g.oid = l.oid OR NOT l.rolsuper AND pg_catalog.pg_has_role(l.oid, g.oid, 'USAGE'))
                      WHERE l.rolname = $1)`;

/** Foreign keys between databases, and heirs of tables that are elsewhere, are said of the tables. */
const EDGES = `
  SELECT d.classid, d.objid, d.refclassid, d.refobjid
    FROM pg_catalog.pg_depend d
    LEFT JOIN pg_catalog.pg_constraint k ON d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid
    LEFT JOIN pg_catalog.pg_trigger g ON d.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = d.objid
    LEFT JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'p', 'f')
   WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.deptype IN ('n', 'a', 'i')
     AND k.contype IS DISTINCT FROM 'f' AND g.tgisinternal IS NOT TRUE AND NOT EXISTS (${OF_OTHERS})
     AND NOT (c.oid IS NOT NULL AND d.refclassid = 'pg_catalog.pg_class'::regclass)
     AND d.classid IN (${classes(
       ...[
         'pg_class',
         'pg_rewrite',
         'pg_attrdef',
         'pg_constraint',
         'pg_trigger',
         'pg_policy',
         'pg_proc',
         'pg_type',
       ],
       ...['pg_operator', 'pg_opclass', 'pg_opfamily', 'pg_statistic_ext', 'pg_collation', 'pg_conversion'],
       ...['pg_cast', 'pg_ts_config', 'pg_ts_dict', 'pg_ts_parser', 'pg_ts_template'],
     )})
     AND d.refclassid NOT IN (${classes('pg_namespace', 'pg_extension')})`;

/** As text from the first: what is a name to the server ends after 63 bytes, and functions are called by their arguments, too. */
const member = (side: string): string => `
  pg_catalog.json_build_object(
    'kind', CASE WHEN ${side}_c.oid IS NOT NULL THEN 'relation' WHEN ${side}_p.oid IS NOT NULL THEN 'function'
                 WHEN ${side}_t.oid IS NOT NULL THEN 'type' ELSE ${side}_a.type END,
    'schema', coalesce(${side}_n.nspname, CASE WHEN pg_catalog.cardinality(${side}_a.object_names) > 1
                THEN ${side}_a.object_names[pg_catalog.cardinality(${side}_a.object_names) - 1] END, ''),
    'name', coalesce(${side}_c.relname::text, ${side}_p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(${side}_p.oid) || ')',
              ${side}_t.typname, ${side}_o.oprname || ' (' || pg_catalog.format_type(${side}_o.oprleft, NULL) || ', '
                                   || pg_catalog.format_type(${side}_o.oprright, NULL) || ')',
              pg_catalog.format_type(${side}_k.castsource, NULL) || ' AS ' || pg_catalog.format_type(${side}_k.casttarget, NULL),
              ${side}_a.object_names[pg_catalog.cardinality(${side}_a.object_names)]),
    'tag', coalesce(${side}_p.proname || '(' || coalesce(
                CASE WHEN ${side}_p.prokind = 'a' AND ${side}_p.pronargs = 0 THEN '*' END,
                (SELECT pg_catalog.string_agg(pg_catalog.format_type(x.type, NULL), ', ' ORDER BY x.position)
                   FROM pg_catalog.unnest(${side}_p.proargtypes::oid[]) WITH ORDINALITY AS x (type, position)), '') || ')', ''))`;

const joined = (side: string): string => `
  LEFT JOIN pg_catalog.pg_class ${side}_c ON ${side}_class = 'pg_catalog.pg_class'::regclass AND ${side}_c.oid = ${side}_object
  LEFT JOIN pg_catalog.pg_proc ${side}_p ON ${side}_class = 'pg_catalog.pg_proc'::regclass AND ${side}_p.oid = ${side}_object
  LEFT JOIN pg_catalog.pg_type ${side}_t ON ${side}_class = 'pg_catalog.pg_type'::regclass AND ${side}_t.oid = ${side}_object
  LEFT JOIN pg_catalog.pg_operator ${side}_o ON ${side}_class = 'pg_catalog.pg_operator'::regclass AND ${side}_o.oid = ${side}_object
  LEFT JOIN pg_catalog.pg_cast ${side}_k ON ${side}_class = 'pg_catalog.pg_cast'::regclass AND ${side}_k.oid = ${side}_object
  LEFT JOIN pg_catalog.pg_namespace ${side}_n ON ${side}_n.oid = coalesce(${side}_c.relnamespace, ${side}_p.pronamespace,
                                                  ${side}_t.typnamespace, ${side}_o.oprnamespace)
  CROSS JOIN LATERAL pg_catalog.pg_identify_object_as_address(${side}_class, ${side}_object, 0) ${side}_a`;

/** What the server notes as needed, between objects that are whole; what belongs to an extension comes with it. */
const NEEDS = `
  WITH part AS MATERIALIZED (${PARTS}),
  edge AS MATERIALIZED (${EDGES}),
  whole AS MATERIALIZED (
    SELECT DISTINCT coalesce(o2.to_class, o1.to_class, e.classid) AS of_class, coalesce(o2.to_object, o1.to_object, e.objid) AS of_object,
           coalesce(r2.to_class, r1.to_class, e.refclassid) AS on_class, coalesce(r2.to_object, r1.to_object, e.refobjid) AS on_object
      FROM edge e
      LEFT JOIN part o1 ON (o1.classid, o1.objid) = (e.classid, e.objid)
      LEFT JOIN part o2 ON (o2.classid, o2.objid) = (o1.to_class, o1.to_object)
      LEFT JOIN part r1 ON (r1.classid, r1.objid) = (e.refclassid, e.refobjid)
      LEFT JOIN part r2 ON (r2.classid, r2.objid) = (r1.to_class, r1.to_object))
  SELECT * FROM (SELECT ${member('of')} AS object, ${member('on')} AS needs
    FROM whole ${joined('of')} ${joined('on')}
   WHERE (of_class, of_object) <> (on_class, on_object) AND of_n.nspname IS DISTINCT FROM 'pg_toast'
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.deptype = 'e'
                        AND ((x.classid, x.objid) = (of_class, of_object) OR (x.classid, x.objid) = (on_class, on_object)))) AS found
   ORDER BY object::text COLLATE "C", needs::text COLLATE "C"`;

/**
 * Which objects need which others, as far as the server knows: not what the text of a function's body names. `login` is
 * the application's.
 */
export async function readNeeds(
  session: Session,
  schemas: readonly string[],
  login: string | undefined,
): Promise<Need[]> {
  const [found] = await session.query<{ others: boolean }>(
    'SELECT EXISTS (SELECT FROM pg_catalog.pg_policy WHERE NOT 0 = ANY (polroles)) AS others',
  );
  const known = found?.others === true ? (await readAppLogin(session, schemas, login)).login : undefined;
  return session.query<{ object: Member; needs: Member }>(NEEDS, [known ?? null]);
}

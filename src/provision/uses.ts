import type { Finding } from '../core/finding.js';
import type { Session } from '../core/ports.js';

/** What one object of a database means: the operators, functions, types and the like that it was bound to. */
export interface Use {
  /** As a person reads it. */
  readonly object: string;
  readonly schema: string;
  /** What a dump's headings may call it. */
  readonly tags: readonly string[];
  /** Sorted; what every database has from the start is never listed. */
  readonly uses: readonly string[];
  /** Where its operators are, but for PostgreSQL's own. */
  readonly operators: readonly string[];
}

/** By the object's own identity. */
export type Uses = ReadonlyMap<string, Use>;

const classes = (...names: readonly string[]): string =>
  names.map((name) => `'pg_catalog.${name}'::regclass`).join(', ');

/** What decides what an expression does, whatever it says. */
const MEANING = classes(
  'pg_operator',
  'pg_proc',
  'pg_type',
  'pg_opclass',
  'pg_opfamily',
  'pg_collation',
  'pg_ts_config',
  'pg_ts_dict',
);

/**
 * Objects of initdb have ids below 16384. Members of extensions come with them; of tables, only bodies and queries say
 * something by naming them.
 */
const USES = `
  WITH noted AS MATERIALIZED (
    SELECT DISTINCT d.classid, d.objid, u.refclassid, u.refobjid
      FROM pg_catalog.pg_depend d
      LEFT JOIN pg_catalog.pg_depend u ON u.ctid = d.ctid AND (d.classid, d.objid) <> (d.refclassid, d.refobjid)
           AND (d.refclassid IN (${MEANING}) OR (d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'n'
                AND d.classid IN (${classes('pg_rewrite', 'pg_proc', 'pg_policy')})))
     WHERE d.objid >= 16384 AND d.deptype IN ('n', 'a', 'i') AND d.classid NOT IN (${classes('pg_amop', 'pg_amproc')})
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                        WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')),
  named AS (
    SELECT u.classid, u.objid,
           array_agg(DISTINCT r.type || ' ' || r.identity ORDER BY r.type || ' ' || r.identity)
             FILTER (WHERE r.identity IS NOT NULL) AS uses,
           array_agg(DISTINCT ops.nspname::text ORDER BY ops.nspname::text) FILTER (WHERE ops.nspname IS NOT NULL) AS operators
      FROM noted u LEFT JOIN LATERAL pg_catalog.pg_identify_object(u.refclassid, u.refobjid, 0) r ON u.refobjid IS NOT NULL
      LEFT JOIN pg_catalog.pg_operator op ON u.refclassid = 'pg_catalog.pg_operator'::regclass AND op.oid = u.refobjid
      LEFT JOIN pg_catalog.pg_namespace ops ON ops.oid = op.oprnamespace
     GROUP BY 1, 2)
  SELECT o.type, o.identity, n.uses, n.operators, coalesce(ns.nspname, (pg_catalog.parse_ident(o.schema))[1])::text AS schema,
         (CASE WHEN p.oid IS NOT NULL THEN ARRAY[p.proname || '(' || coalesce((
                SELECT pg_catalog.string_agg(pg_catalog.format_type(a.type, NULL), ', ' ORDER BY a.position)
                  FROM pg_catalog.unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, position)), '') || ')']
              WHEN t.oid IS NOT NULL THEN ARRAY[t.typname::text]
              ELSE ARRAY[c.relname, c.relname || ' ' || coalesce(rw.rulename, a.attname, k.conname, tg.tgname, po.polname)] END)::text[] AS tags
    FROM named n
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(n.classid, n.objid, 0) o
    LEFT JOIN pg_catalog.pg_rewrite rw ON n.classid = 'pg_catalog.pg_rewrite'::regclass AND rw.oid = n.objid
    LEFT JOIN pg_catalog.pg_attrdef ad ON n.classid = 'pg_catalog.pg_attrdef'::regclass AND ad.oid = n.objid
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum
    LEFT JOIN pg_catalog.pg_constraint k ON n.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = n.objid
    LEFT JOIN pg_catalog.pg_trigger tg ON n.classid = 'pg_catalog.pg_trigger'::regclass AND tg.oid = n.objid
    LEFT JOIN pg_catalog.pg_policy po ON n.classid = 'pg_catalog.pg_policy'::regclass AND po.oid = n.objid
    LEFT JOIN pg_catalog.pg_proc p ON n.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = n.objid
    LEFT JOIN pg_catalog.pg_type t ON t.oid = CASE n.classid WHEN 'pg_catalog.pg_type'::regclass THEN n.objid
                                                             ELSE nullif(k.contypid, 0) END
    LEFT JOIN pg_catalog.pg_class c ON c.oid = coalesce(rw.ev_class, ad.adrelid, nullif(k.conrelid, 0), tg.tgrelid, po.polrelid,
                                         CASE n.classid WHEN 'pg_catalog.pg_class'::regclass THEN n.objid END)
    LEFT JOIN pg_catalog.pg_namespace ns ON ns.oid = coalesce(c.relnamespace, p.pronamespace, t.typnamespace)
   WHERE o.identity IS NOT NULL`;

/** Reads what every object of a database uses, as the server itself has noted it. The session looks for names nowhere. */
export async function readUses(session: Session): Promise<Uses> {
  const rows = await session.query<{
    type: string;
    identity: string;
    uses: string[] | null;
    operators: string[] | null;
    schema: string | null;
    tags: (string | null)[];
  }>(USES);
  return new Map(
    rows.map(({ type, identity, uses, operators, schema, tags }) => [
      `${type} ${identity}`,
      {
        object: inWords(type, identity),
        schema: schema ?? '',
        tags: tags.filter((tag) => tag !== null),
        uses: uses ?? [],
        operators: operators ?? [],
      },
    ]),
  );
}

function inWords(type: string, identity: string): string {
  if (type === 'rule' && identity.startsWith('"_RETURN" on ')) return `the view ${identity.slice(13)}`;
  if (type === 'default value') return `the default or generated column ${identity.replace(/^for /, '')}`;
  return `the ${type.replace(/^table constraint$/, 'constraint')} ${identity}`;
}

/** An object that is in both databases and was bound to other things in each. */
export interface Difference {
  readonly object: Use;
  readonly legacy: readonly string[];
  readonly here: readonly string[];
}

export function differences(legacy: Uses, here: Uses): Difference[] {
  const found: Difference[] = [];
  for (const [key, before] of legacy) {
    const after = here.get(key);
    if (after === undefined || before.uses.join('\0') === after.uses.join('\0')) continue;
    const not = (those: readonly string[], these: readonly string[]): string[] =>
      those.filter((each) => !these.includes(each));
    found.push({ object: before, legacy: not(before.uses, after.uses), here: not(after.uses, before.uses) });
  }
  return found;
}

export function meaningFinding({ object, legacy, here }: Difference, place: string): Finding {
  const list = (uses: readonly string[]): string =>
    uses.length === 0 ? 'nothing but what PostgreSQL has from the start' : `the ${uses.join(', the ')}`;
  return {
    code: 'PROVISION_MEANING_DIFFERS',
    severity: 'error',
    subject: object.object.replace(/^the /, ''),
    message: `${object.object} would not mean in ${place} what it means in the legacy database: there it uses ${list(legacy)}, here ${list(here)}`,
  };
}

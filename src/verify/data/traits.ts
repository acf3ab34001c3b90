import type { SchemaObject } from '../../catalog/types.js';
import type { Session } from '../../core/ports.js';
import type { Drift } from './drift.js';

type TraitRow = Record<string, unknown> & {
  readonly kind: SchemaObject['kind'] | 'table' | 'sequence';
  readonly schema: string;
  readonly name: string;
  readonly traits: Readonly<Record<string, unknown>>;
};

/** What is known of objects beyond their columns, keys and definitions, as one server words it. */
export type Traits = ReadonlyMap<string, TraitRow>;

/** Keys' own triggers can be switched off, and then the keys hold nothing. NULL while all of them fire. */
const SWITCHED_OFF = `
  (SELECT pg_catalog.string_agg(DISTINCT t.tgenabled::text, ' ') FROM pg_catalog.pg_trigger t
    WHERE t.tgrelid = c.oid AND t.tgisinternal AND t.tgenabled <> 'O')`;

const RELATIONS = `
  SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind,
         n.nspname::text AS schema, c.relname::text AS name,
         pg_catalog.jsonb_build_object(
           'persistence', c.relpersistence, 'access method', (SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = c.relam),
           'row type', nullif(c.reloftype, 0)::pg_catalog.regtype::text, 'switched-off keys', ${SWITCHED_OFF},
           'options', CASE c.relkind WHEN 'v' THEN (SELECT pg_catalog.string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) AS o) END,
           'replica identity', coalesce((SELECT i.indexrelid::pg_catalog.regclass::text FROM pg_catalog.pg_index i
                                          WHERE i.indrelid = c.oid AND i.indisreplident AND c.relreplident = 'i'), c.relreplident::text),
           'parents', (SELECT pg_catalog.string_agg(h.inhparent::pg_catalog.regclass::text, ', ' ORDER BY h.inhseqno)
                         FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid),
           'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'partition key', pg_catalog.pg_get_partkeydef(c.oid)) AS traits,
         'pg_catalog.pg_class'::regclass AS classid, c.oid AS objid
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relpersistence <> 't'`;

const SEQUENCES = `
  SELECT 'sequence', n.nspname::text, c.relname::text,
         (pg_catalog.to_jsonb(s) - ARRAY['seqrelid', 'seqtypid'])
           || pg_catalog.jsonb_build_object('type', s.seqtypid::pg_catalog.regtype::text, 'persistence', c.relpersistence),
         'pg_catalog.pg_class'::regclass, c.oid
    FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relpersistence <> 't'`;

const attributes = `
  SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                                                    nullif(a.attcollation, 0)::pg_catalog.regcollation), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped`;

const TYPES = `
  SELECT 'type', n.nspname::text, t.typname::text,
         pg_catalog.jsonb_build_object(
           'base', CASE t.typtype WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
           'collation', nullif(t.typcollation, 0)::pg_catalog.regcollation::text, 'default', t.typdefault, 'NOT NULL', t.typnotnull,
           'checks', (SELECT pg_catalog.string_agg(k.conname || ' ' || pg_catalog.pg_get_constraintdef(k.oid), ', ' ORDER BY k.conname)
                        FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
           'attributes', (${attributes}),
           'range', (SELECT pg_catalog.concat_ws(' ', r.rngsubtype::pg_catalog.regtype, nullif(r.rngcollation, 0)::pg_catalog.regcollation,
                              o.opcname, r.rngcanonical, r.rngsubdiff, r.rngmultitypid::pg_catalog.regtype)
                       FROM pg_catalog.pg_range r JOIN pg_catalog.pg_opclass o ON o.oid = r.rngsubopc WHERE r.rngtypid = t.oid)),
         'pg_catalog.pg_type'::regclass, t.oid
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
   WHERE t.typtype IN ('d', 'r') OR c.relkind = 'c'`;

const FUNCTIONS = `
  SELECT 'function', n.nspname::text, p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')',
         pg_catalog.jsonb_build_object('body', pg_catalog.pg_get_function_sqlbody(p.oid), 'parallel', p.proparallel,
                                       'support', nullif(p.prosupport, 0)::pg_catalog.regproc::text),
         'pg_catalog.pg_proc'::regclass, p.oid
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace`;

const TRAITS = `
  SELECT kind, schema, name, traits
    FROM (${[RELATIONS, SEQUENCES, TYPES, FUNCTIONS].join('\n UNION ALL ')}) AS known
   WHERE objid >= 16384 AND schema <> 'clinic_migrate'
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                      WHERE e.classid = known.classid AND e.objid = known.objid AND e.deptype = 'e')
   ORDER BY kind COLLATE "C", schema COLLATE "C", name COLLATE "C"`;

/** Whatever tells one of them from another of its name. What only makes things fast is left out. */
export async function readTraits(session: Session): Promise<Traits> {
  const rows = await session.query<TraitRow>(TRAITS);
  return new Map(rows.map((row) => [JSON.stringify([row.kind, row.schema, row.name]), row]));
}

/** Another version writes the same expression otherwise. */
const WORDED: ReadonlySet<string> = new Set(['bound', 'partition key', 'default', 'checks', 'body']);

/** What has other traits here than in the legacy database, one drift an object. */
export function traitDrift(legacy: Traits, here: Traits, sameVersion: boolean): Drift[] {
  return [...legacy].flatMap(([key, { kind, schema, name, traits }]): Drift[] => {
    const other = here.get(key)?.traits;
    if (other === undefined) return [];
    const unlike = Object.keys(traits).filter((trait) => {
      // A key that is switched off there and holds here is no fault.
      if (trait === 'switched-off keys' && other[trait] === null) return false;
      if (WORDED.has(trait) && !sameVersion) return false;
      return JSON.stringify(traits[trait]) !== JSON.stringify(other[trait]);
    });
    if (unlike.length === 0) return [];
    const says = unlike.map((trait) => `${trait} ${show(other[trait])}, and ${show(traits[trait])} there`);
    const about = kind === 'table' || kind === 'sequence' ? undefined : { kind, schema, name, dependsOn: [] };
    return [
      {
        table: { schema, name },
        kind: 'object',
        what: `the ${kind} is not what it is in the legacy database: ${says.join('; ')}`,
        ...(about === undefined ? {} : { about }),
      },
    ];
  });
}

function show(value: unknown): string {
  return value === null || value === undefined ? 'none' : String(value).replace(/\s+/g, ' ');
}

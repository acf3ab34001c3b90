import type { Finding } from '../../core/finding.js';

import { inDatabase } from '../../core/hints.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import { makeAgain } from './mends.js';
import type { Subject } from './subject.js';
import type { Place } from './told.js';

/** By object, what it was bound to when it was made: operators, functions, types, the tables that a query reads. */
export type Meaning = ReadonlyMap<string, Bound>;

interface Bound {
  readonly place: Place;
  readonly identity: string;
  readonly to: ReadonlySet<string>;
}

type BoundRow = Record<string, unknown> &
  Place & { readonly identity: string; readonly bound: string | null };

/** Another operator of the same sign is what no text of a definition shows: a CASE names none. A view is its rule. */
const BOUND = `
  SELECT object.type AS kind, object.identity, target.type || ' ' || target.identity AS bound,
         coalesce(f.proname || '(' || pg_catalog.pg_get_function_identity_arguments(f.oid) || ')',
                  names.object_names[pg_catalog.cardinality(names.object_names)], '') AS name,
         CASE WHEN r.oid IS NOT NULL THEN pg_catalog.json_build_object('schema', n.nspname, 'name', r.relname)
              WHEN object.type IN ('rule', 'trigger', 'policy', 'table constraint', 'default value')
              THEN pg_catalog.json_build_object('schema', names.object_names[1], 'name', names.object_names[2]) END AS relation,
         coalesce(names.object_names[1], '') AS schema
    FROM (SELECT DISTINCT classid, objid,
                 CASE WHEN tells THEN refclassid END AS to_class, CASE WHEN tells THEN refobjid END AS to_object
            FROM (SELECT CASE WHEN w.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::regclass END AS classid,
                         coalesce(w.ev_class, d.objid) AS objid, d.refclassid, d.refobjid, (d.classid, d.objid) <> (d.refclassid, d.refobjid)
                           AND (s.relname IN ('pg_operator', 'pg_opclass', 'pg_opfamily', 'pg_proc', 'pg_type', 'pg_collation',
                                              'pg_ts_config', 'pg_ts_dict')
                                OR s.relname = 'pg_class' AND d.deptype = 'n'
                                   AND o.relname IN ('pg_rewrite', 'pg_policy', 'pg_proc')) AS tells
                    FROM pg_catalog.pg_depend d
                    JOIN pg_catalog.pg_class o ON o.oid = d.classid
                    JOIN pg_catalog.pg_class s ON s.oid = d.refclassid
                    LEFT JOIN pg_catalog.pg_rewrite w ON o.relname = 'pg_rewrite' AND w.oid = d.objid AND w.rulename = '_RETURN'
                   WHERE d.deptype NOT IN ('e', 'x', 'P', 'S') AND o.relname NOT IN ('pg_amop', 'pg_amproc')
                     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend m
                                      WHERE (m.classid, m.objid, m.deptype) = (d.classid, d.objid, 'e'))
                  OFFSET 0) AS noted) AS pairs
   CROSS JOIN LATERAL pg_catalog.pg_identify_object(classid, objid, 0) AS object
   CROSS JOIN LATERAL pg_catalog.pg_identify_object_as_address(classid, objid, 0) AS names
    LEFT JOIN pg_catalog.pg_proc f ON classid = 'pg_catalog.pg_proc'::regclass AND f.oid = objid
    LEFT JOIN pg_catalog.pg_statistic_ext x ON classid = 'pg_catalog.pg_statistic_ext'::regclass AND x.oid = objid
    LEFT JOIN pg_catalog.pg_index i ON classid = 'pg_catalog.pg_class'::regclass AND i.indexrelid = objid
    LEFT JOIN pg_catalog.pg_class r ON r.oid = coalesce(x.stxrelid, i.indrelid,
                                                CASE WHEN classid = 'pg_catalog.pg_class'::regclass THEN objid END)
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
    LEFT JOIN LATERAL pg_catalog.pg_identify_object(to_class, to_object, 0) AS target ON to_object IS NOT NULL
   WHERE object.identity IS NOT NULL AND objid >= 16384`;

export async function readMeaning(session: Session): Promise<Meaning> {
  const meaning = new Map<string, Bound & { readonly to: Set<string> }>();
  for (const { identity, bound, ...place } of await session.query<BoundRow>(BOUND)) {
    const key = JSON.stringify([place.kind, identity]);
    const known = meaning.get(key) ?? { place, identity, to: new Set() };
    if (bound !== null) known.to.add(bound);
    meaning.set(key, known);
  }
  return meaning;
}

/** An object that this database has too, and that is bound to something else in it. */
export interface Unlike {
  readonly place: Place;
  readonly identity: string;
  readonly lost: readonly string[];
  readonly gained: readonly string[];
}

export function unlikeIn(legacy: Meaning, here: Meaning): Unlike[] {
  return [...legacy]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, { place, identity, to: before }]) => {
      const after = here.get(key)?.to;
      if (after === undefined) return [];
      const lost = [...before].filter((each) => !after.has(each)).sort();
      const gained = [...after].filter((each) => !before.has(each)).sort();
      return lost.length + gained.length === 0 ? [] : [{ place, identity, lost, gained }];
    });
}

/** `mend` is SQL that ends it, where there is some. */
export function meaningFinding(unlike: Unlike, subject: Subject, mend: string | undefined): Finding {
  const { place, identity, lost, gained } = unlike;
  const list = (bound: readonly string[]): string =>
    bound.length === 0 ? 'only what PostgreSQL brings along' : bound.join(', ');
  return {
    code: 'DATA_SCHEMA_DRIFT',
    severity: 'error',
    subject: identity,
    message: `${subject.place}: the ${place.kind} ${identity} does not mean what it means in the legacy database: it uses ${list(gained)} here, and ${list(lost)} there`,
    hint:
      (mend === undefined ? undefined : inDatabase(databaseOf(subject.url), mend)) ??
      (subject.compare ? makeAgain(subject) : undefined) ??
      'Make the object anew under the search_path of the legacy database.',
  };
}

import type { Finding } from '../../core/finding.js';
import type { Session } from '../../core/ports.js';
import { makeAgain } from './mends.js';
import type { Subject } from './subject.js';

/** By object, what it was bound to when it was made: operators, functions, types, the tables that a query reads. */
export type Meaning = ReadonlyMap<string, ReadonlySet<string>>;

/** Another operator of the same sign is what no text of a definition shows: a CASE names none. */
const BOUND = `
  SELECT object.type AS kind, object.identity AS name, target.type || ' ' || target.identity AS bound
    FROM (SELECT DISTINCT classid, objid,
                 CASE WHEN tells THEN refclassid END AS to_class, CASE WHEN tells THEN refobjid END AS to_object
            FROM (SELECT d.*, (d.classid, d.objid) <> (d.refclassid, d.refobjid)
                           AND (s.relname IN ('pg_operator', 'pg_opclass', 'pg_opfamily', 'pg_proc', 'pg_type', 'pg_collation',
                                              'pg_ts_config', 'pg_ts_dict')
                                OR s.relname = 'pg_class' AND d.deptype = 'n'
                                   AND o.relname IN ('pg_rewrite', 'pg_policy', 'pg_proc')) AS tells
                    FROM pg_catalog.pg_depend d
                    JOIN pg_catalog.pg_class o ON o.oid = d.classid
                    JOIN pg_catalog.pg_class s ON s.oid = d.refclassid
                   WHERE d.deptype NOT IN ('e', 'x', 'P', 'S') AND o.relname NOT IN ('pg_amop', 'pg_amproc')
                     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend m
                                      WHERE (m.classid, m.objid, m.deptype) = (d.classid, d.objid, 'e'))
                  OFFSET 0) AS noted) AS pairs
   CROSS JOIN LATERAL pg_catalog.pg_identify_object(classid, objid, 0) AS object
    LEFT JOIN LATERAL pg_catalog.pg_identify_object(to_class, to_object, 0) AS target ON to_object IS NOT NULL
   WHERE object.identity IS NOT NULL AND objid >= 16384`;

export async function readMeaning(session: Session): Promise<Meaning> {
  const meaning = new Map<string, Set<string>>();
  const rows = await session.query<{ kind: string; name: string; bound: string | null }>(BOUND);
  for (const { kind, name, bound } of rows) {
    const key = JSON.stringify([kind, name]);
    const known = meaning.get(key) ?? new Set();
    if (bound !== null) known.add(bound);
    meaning.set(key, known);
  }
  return meaning;
}

/** Objects that this database has too, and that are bound to something else in it. */
export function meaningFindings(legacy: Meaning, here: Meaning, subject: Subject): Finding[] {
  const { place } = subject;
  return [...legacy].sort().flatMap(([key, before]) => {
    const after = here.get(key);
    if (after === undefined) return [];
    const lost = [...before].filter((each) => !after.has(each)).sort();
    const gained = [...after].filter((each) => !before.has(each)).sort();
    if (lost.length + gained.length === 0) return [];
    const [kind, name] = JSON.parse(key) as [string, string];
    const list = (bound: readonly string[]): string =>
      bound.length === 0 ? 'only what PostgreSQL brings along' : bound.join(', ');
    return [
      {
        code: 'DATA_SCHEMA_DRIFT',
        severity: 'error',
        subject: name,
        message: `${place}: the ${kind} ${name} does not mean what it means in the legacy database: it uses ${list(gained)} here, and ${list(lost)} there`,
        hint:
          (subject.compare ? makeAgain(subject) : undefined) ??
          'Make the object anew under the search_path of the legacy database.',
      },
    ] as const;
  });
}

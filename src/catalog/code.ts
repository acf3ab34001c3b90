import type { Session } from '../core/ports.js';

/** A piece of code that a database holds, and that runs with the rights of whoever makes it run. */
export interface CodeEntry extends Record<string, unknown> {
  /** In words, and the same in every database: `the function public.f(integer)`. */
  readonly place: string;
  readonly digest: string;
  /** True where the digest is of what its maker wrote, and not of what the server makes of it. */
  readonly verbatim: boolean;
  /** True where reading a table's rows can make it run. */
  readonly onRead: boolean;
  /** True where it calls functions that are neither PostgreSQL's nor an extension's. */
  readonly calls: boolean;
}

/** All of it, as one server tells it. */
export interface Code {
  readonly version: number;
  readonly entries: ReadonlyMap<string, CodeEntry>;
}

const entry = (place: string, text: string, catalog: string, oid: string, onRead = 'false'): string =>
  `SELECT ${place} AS place, pg_catalog.md5(${text}) AS digest, false AS verbatim, ${onRead} AS "onRead",
          '${catalog}'::regclass::oid AS classid, ${oid} AS objid`;

const onTable = (kind: string, name: string, table: string): string =>
  `pg_catalog.format('the ${kind} %I of %s', ${name}, ${table}::regclass)`;

/**
 * The planner itself runs constant parts of the expressions of indexes, statistics and partition keys, and of the checks
 * of children, as whoever reads the table. A function that runs as its owner is harmless and listed all the same: it may
 * be told to run as its caller.
 */
const CODE = `
  WITH code AS (
    SELECT pg_catalog.format('the function %s', p.oid::regprocedure) AS place,
           pg_catalog.md5(pg_catalog.concat_ws('|', p.prosrc, p.probin, l.lanname, p.prosecdef, p.provolatile, p.prosupport,
             CASE WHEN p.prosqlbody IS NOT NULL THEN pg_catalog.pg_get_function_sqlbody(p.oid) END)) AS digest,
           p.prosqlbody IS NULL AS verbatim, false AS "onRead", 'pg_catalog.pg_proc'::regclass::oid AS classid, p.oid AS objid
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
     WHERE p.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend t WHERE t.classid = 'pg_catalog.pg_proc'::regclass
                    AND t.objid = p.oid AND t.refclassid = 'pg_catalog.pg_type'::regclass AND t.deptype = 'i')
    UNION ALL ${entry("pg_catalog.format('the cast from %s to %s', c.castsource::regtype, c.casttarget::regtype)", 'c.castfunc::regprocedure::text', 'pg_catalog.pg_cast', 'c.oid', 'true')}
      FROM pg_catalog.pg_cast c WHERE c.oid >= 16384 AND c.castfunc <> 0
    UNION ALL ${entry(onTable('index', 'r.relname', 'i.indrelid'), 'pg_catalog.pg_get_indexdef(i.indexrelid)', 'pg_catalog.pg_class', 'i.indexrelid', 'true')}
      FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class r ON r.oid = i.indexrelid
     WHERE i.indexrelid >= 16384 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
    UNION ALL ${entry(onTable('statistic', 's.stxname', 's.stxrelid'), 'pg_catalog.pg_get_statisticsobjdef(s.oid)', 'pg_catalog.pg_statistic_ext', 's.oid', 'true')}
      FROM pg_catalog.pg_statistic_ext s WHERE s.stxexprs IS NOT NULL
    UNION ALL ${entry("pg_catalog.format('the partition key of %s', p.partrelid::regclass)", 'pg_catalog.pg_get_partkeydef(p.partrelid)', 'pg_catalog.pg_class', 'p.partrelid', 'true')}
      FROM pg_catalog.pg_partitioned_table p WHERE p.partexprs IS NOT NULL
    UNION ALL ${entry("pg_catalog.format('the check %I of %s', k.conname, CASE k.conrelid WHEN 0 THEN k.contypid::regtype::text ELSE k.conrelid::regclass::text END)", 'pg_catalog.pg_get_constraintdef(k.oid)', 'pg_catalog.pg_constraint', 'k.oid', 'EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = k.conrelid)')}
      FROM pg_catalog.pg_constraint k WHERE k.contype = 'c' AND k.oid >= 16384
    UNION ALL ${entry(onTable('default', 'a.attname', 'd.adrelid'), 'pg_catalog.pg_get_expr(d.adbin, d.adrelid)', 'pg_catalog.pg_attrdef', 'd.oid')}
      FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
      JOIN pg_catalog.pg_class c ON c.oid = d.adrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname <> 'clinic_migrate'
    UNION ALL ${entry(onTable('trigger', 't.tgname', 't.tgrelid'), 'pg_catalog.pg_get_triggerdef(t.oid)', 'pg_catalog.pg_trigger', 't.oid')}
      FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal
    UNION ALL ${entry(onTable('rule', 'r.rulename', 'r.ev_class'), 'pg_catalog.pg_get_ruledef(r.oid)', 'pg_catalog.pg_rewrite', 'r.oid')}
      FROM pg_catalog.pg_rewrite r WHERE r.oid >= 16384)
  SELECT c.place, c.digest, c.verbatim, c."onRead",
         EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = c.classid AND d.objid = c.objid AND d.refobjid >= 16384
                    AND d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
                    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x
                                     WHERE x.classid = d.refclassid AND x.objid = d.refobjid AND x.deptype = 'e')) AS calls
    FROM code c
   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = c.classid AND e.objid = c.objid AND e.deptype = 'e')
   ORDER BY c.place`;

/** Everything but what hangs on the program's own tables, which has a check of its own. */
export async function readCode(session: Session): Promise<Code> {
  const [server] = await session.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::int / 10000 AS version",
  );
  const rows = await session.query<CodeEntry>(CODE);
  return { version: server?.version ?? 0, entries: new Map(rows.map((row) => [row.place, row])) };
}

/** What a database has and another has not, or has otherwise. Servers of two versions write the same thing in two ways. */
export function foreignCode(known: Code, found: Code): CodeEntry[] {
  return [...found.entries.values()].filter((each) => {
    const other = known.entries.get(each.place);
    if (other === undefined) return true;
    const isComparable = known.version === found.version || (each.verbatim && other.verbatim);
    return isComparable && other.digest !== each.digest;
  });
}

/** What of it can run when a table's rows are read. Whatever a function that is called calls in turn is not known. */
export function foreignOnRead(known: Code, found: Code): CodeEntry[] {
  const foreign = foreignCode(known, found);
  const calling = [...found.entries.values()].filter(({ onRead, calls }) => onRead && calls);
  if (calling.length === 0) return [];
  const functions = foreign.filter(({ place }) => place.startsWith('the function '));
  return functions.length > 0
    ? [...functions, ...calling.filter((each) => foreign.includes(each))]
    : foreign.filter((each) => calling.includes(each));
}

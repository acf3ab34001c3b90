import { onItsOwn } from './extension-members.js';

/** A kind of code, and where the catalog has it. */
interface Source {
  /** SQL: the entry's name in words, the same in every database; and its text, as the server writes it. */
  readonly place: string;
  readonly text: string;
  /** SQL: what the server makes both from. */
  readonly raw: readonly string[];
  readonly catalog: string;
  readonly oid: string;
  /** SQL: whether reading a table's rows can make it run; never, where it is missing. */
  readonly onRead?: string;
  /** SQL: whether the text is what its maker wrote; never, where it is missing. */
  readonly verbatim?: string;
  readonly from: string;
}

const onTable = (kind: string, name: string, table: string): string =>
  `pg_catalog.format('the ${kind} %I of %s', ${name}, ${table}::regclass)`;

/** The columns of a catalog under its alias. */
const columnsOf = (alias: string, names: string): string[] =>
  names.split(' ').map((name) => `${alias}.${name}`);

const FUNCTION: Source = {
  place: "pg_catalog.format('the function %s', p.oid::regprocedure)",
  text: `pg_catalog.concat_ws('|', p.prosrc, p.probin, l.lanname, p.prosecdef, p.provolatile, p.prosupport,
           CASE WHEN p.prosqlbody IS NOT NULL THEN pg_catalog.pg_get_function_sqlbody(p.oid) END)`,
  raw: columnsOf(
    'p',
    'oid pronamespace proname proargtypes prosrc probin prolang prosecdef provolatile prosupport prosqlbody',
  ),
  catalog: 'pg_catalog.pg_proc',
  oid: 'p.oid',
  verbatim: 'p.prosqlbody IS NULL',
  from: `pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
   WHERE p.oid >= 16384 AND ${onItsOwn('p')}`,
};

const CAST: Source = {
  place: "pg_catalog.format('the cast from %s to %s', c.castsource::regtype, c.casttarget::regtype)",
  text: 'c.castfunc::regprocedure::text',
  raw: ['c.castsource', 'c.casttarget', 'c.castfunc'],
  catalog: 'pg_catalog.pg_cast',
  oid: 'c.oid',
  onRead: 'true',
  from: `pg_catalog.pg_cast c WHERE c.oid >= 16384 AND c.castfunc <> 0 AND ${onItsOwn('c')}`,
};

const INDEX: Source = {
  place: onTable('index', 'r.relname', 'i.indrelid'),
  text: 'pg_catalog.pg_get_indexdef(i.indexrelid)',
  raw: ['i.indrelid', 'r.relname', 'i.indkey', 'i.indclass', 'i.indcollation', 'i.indexprs', 'i.indpred'],
  catalog: 'pg_catalog.pg_class',
  oid: 'i.indexrelid',
  onRead: 'true',
  from: `pg_catalog.pg_index i JOIN pg_catalog.pg_class r ON r.oid = i.indexrelid
   WHERE i.indexrelid >= 16384 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)`,
};

const STATISTIC: Source = {
  place: onTable('statistic', 's.stxname', 's.stxrelid'),
  text: 'pg_catalog.pg_get_statisticsobjdef(s.oid)',
  raw: ['s.stxrelid', 's.stxname', 's.stxexprs'],
  catalog: 'pg_catalog.pg_statistic_ext',
  oid: 's.oid',
  onRead: 'true',
  from: 'pg_catalog.pg_statistic_ext s WHERE s.stxexprs IS NOT NULL',
};

const PARTITION_KEY: Source = {
  place: "pg_catalog.format('the partition key of %s', p.partrelid::regclass)",
  text: 'pg_catalog.pg_get_partkeydef(p.partrelid)',
  raw: ['p.partrelid', 'p.partclass', 'p.partcollation', 'p.partexprs'],
  catalog: 'pg_catalog.pg_class',
  oid: 'p.partrelid',
  onRead: 'true',
  from: 'pg_catalog.pg_partitioned_table p WHERE p.partexprs IS NOT NULL',
};

const HAS_PARENTS = 'EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = k.conrelid)';

const CHECK: Source = {
  place:
    "pg_catalog.format('the check %I of %s', k.conname, CASE k.conrelid WHEN 0 THEN k.contypid::regtype::text ELSE k.conrelid::regclass::text END)",
  text: 'pg_catalog.pg_get_constraintdef(k.oid)',
  raw: ['k.conrelid', 'k.contypid', 'k.conname', 'k.conbin', HAS_PARENTS],
  catalog: 'pg_catalog.pg_constraint',
  oid: 'k.oid',
  onRead: HAS_PARENTS,
  from: "pg_catalog.pg_constraint k WHERE k.contype = 'c' AND k.oid >= 16384",
};

const DEFAULT: Source = {
  place: onTable('default', 'a.attname', 'd.adrelid'),
  text: 'pg_catalog.pg_get_expr(d.adbin, d.adrelid)',
  raw: ['d.adrelid', 'a.attname', 'd.adbin'],
  catalog: 'pg_catalog.pg_attrdef',
  oid: 'd.oid',
  from: `pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    JOIN pg_catalog.pg_class c ON c.oid = d.adrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname <> 'clinic_migrate'`,
};

const TRIGGER: Source = {
  place: onTable('trigger', 't.tgname', 't.tgrelid'),
  text: 'pg_catalog.pg_get_triggerdef(t.oid)',
  raw: columnsOf(
    't',
    'tgrelid tgname tgfoid tgtype tgattr tgargs tgqual tgconstrrelid tgdeferrable tginitdeferred tgoldtable tgnewtable',
  ),
  catalog: 'pg_catalog.pg_trigger',
  oid: 't.oid',
  from: 'pg_catalog.pg_trigger t WHERE NOT t.tgisinternal',
};

const RULE: Source = {
  place: onTable('rule', 'r.rulename', 'r.ev_class'),
  text: 'pg_catalog.pg_get_ruledef(r.oid)',
  raw: ['r.ev_class', 'r.rulename', 'r.ev_type', 'r.is_instead', 'r.ev_qual', 'r.ev_action'],
  catalog: 'pg_catalog.pg_rewrite',
  oid: 'r.oid',
  from: 'pg_catalog.pg_rewrite r WHERE r.oid >= 16384',
};

/**
 * The planner itself runs constant parts of the expressions of indexes, statistics and partition keys, and of the checks
 * of children, as whoever reads the table. A function that runs as its owner is harmless and listed all the same: it may
 * be told to run as its caller.
 */
const SOURCES = [FUNCTION, CAST, INDEX, STATISTIC, PARTITION_KEY, CHECK, DEFAULT, TRIGGER, RULE];

const entriesOf = ({ place, text, verbatim, onRead, catalog, oid, from }: Source): string => `
  SELECT ${place} AS place, pg_catalog.md5(${text}) AS digest, ${verbatim ?? 'false'} AS verbatim, ${onRead ?? 'false'} AS "onRead",
         '${catalog}'::regclass::oid AS classid, ${oid} AS objid
    FROM ${from}`;

const formOf = ({ raw, from }: Source, i: number): string =>
  `SELECT ${i}, pg_catalog.md5(pg_catalog.array_to_string(ARRAY[${raw.map((sql) => `(${sql})::text`).join(', ')}], '|', '?')) FROM ${from}`;

/**
 * SQL: whether it came with an extension. Whoever owns one can hide a function in it; so that of the database's owner is
 * no excuse, unless he is above all this, or whoever is asking.
 */
const isMember = (classid: string, objid: string): string => `EXISTS (
  SELECT FROM pg_catalog.pg_depend e JOIN pg_catalog.pg_extension x ON x.oid = e.refobjid
    JOIN pg_catalog.pg_roles o ON o.oid = x.extowner
   WHERE e.classid = ${classid} AND e.objid = ${objid} AND e.deptype = 'e'
     AND (o.rolsuper OR o.rolname = session_user
          OR o.oid <> (SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())))`;

/** All of it, in the order of the places. */
export const CODE = `
  WITH code AS (${SOURCES.map(entriesOf).join(' UNION ALL ')})
  SELECT c.place, c.digest, c.verbatim, c."onRead",
         EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = c.classid AND d.objid = c.objid AND d.refobjid >= 16384
                    AND d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
                    AND NOT ${isMember('d.refclassid', 'd.refobjid')}) AS calls
    FROM code c
   WHERE NOT ${isMember('c.classid', 'c.objid')}
   ORDER BY c.place`;

/**
 * One text that two databases of a server share only where their code is the same, worked out at a third of the cost: of
 * the catalog's rows as they are. They name objects by number, which a clone has from its template, and nothing else can
 * have; so it is another on each server, and each time that one starts.
 */
export const FORM = `
  SELECT pg_catalog.current_setting('server_version_num')::int / 10000 AS version,
         pg_catalog.concat_ws(' ', pg_catalog.pg_postmaster_start_time(), pg_catalog.string_agg(form, ' ' ORDER BY i, form)) AS form
    FROM (${SOURCES.map(formOf).join(' UNION ALL ')}) AS forms (i, form)`;

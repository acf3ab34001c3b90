import { addDigests, type Digest, digestQuery, EMPTY_DIGEST, parseDigest } from '../catalog/digest.js';
import { rowsOf } from '../catalog/rows.js';
import type { SchemaCatalog, Table } from '../catalog/types.js';
import { RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { displayName, type QualifiedName, quoteIdent } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { isElsewhere } from '../tenancy/tables.js';
import type { Clinic, ClinicTable, MappedTable, TenancyMap } from '../tenancy/types.js';
import { Buckets } from './buckets.js';
import { ROUTE } from './judgement.js';
import { brokenRows, keptKeys } from './kept-keys.js';
import { type Places, placeOf } from './places.js';
import { referencedRouting } from './referenced.js';
import { type Routing, routing } from './routing.js';
import type { StoredParts } from './stored-parts.js';
import { routesInParts, surveyParts, type TableParts, wholeTable } from './survey-parts.js';
import { findTable } from './unique.js';

export type ProblemReason = 'no clinic' | 'unknown clinic' | 'paths disagree' | 'dangling';

/** Rows that no clinic can be given, and why. */
export interface Problem {
  readonly reason: ProblemReason;
  readonly rows: number;
  /** Primary keys as text, at most SAMPLES of them, in text order. */
  readonly samples: readonly string[];
}

/** Where the rows of one table belong. For a clinic table: total = sum of perClinic + shared + aside. */
export interface TableSurvey {
  readonly table: QualifiedName;
  readonly total: Digest;
  /** By clinic key; clinics without rows are left out. Empty where the table's rows are not clinics' own. */
  readonly perClinic: ReadonlyMap<string, Digest>;
  /** Rows that go to every clinic: nothing names one and the configuration says so, or all refer to them. */
  readonly shared: Digest;
  /** Rows that have no place: those of `problems` together. */
  readonly aside: Digest;
  /** The same rows as quarantine keeps them, where nothing is generated. */
  readonly kept: Digest;
  readonly problems: readonly Problem[];
  /** The same in parts, where copies of earlier runs are to be brought up to date. */
  readonly parts?: SurveyParts;
}

export interface SurveyParts {
  readonly total: Buckets;
  readonly perClinic: ReadonlyMap<string, Buckets>;
  readonly shared: Buckets;
  /** Where the rows lie that clinics may lack. */
  readonly places?: Places | undefined;
}

export interface SurveyedDatabase {
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
  readonly clinics: readonly Clinic[];
  /** False where only counts are wanted: then all sums are the same and mean nothing. */
  readonly digests: boolean;
  /** In which parts digests are wanted, and what these had before, if in parts at all. */
  readonly stored?: StoredParts | undefined;
}

/** How many example keys a problem carries. */
export const SAMPLES = 5;

const REASONS: readonly ProblemReason[] = ['no clinic', 'unknown clinic', 'paths disagree', 'dangling'];

/**
 * Counts and digests a table's rows by where they belong, in one pass; a second, short one only where there are
 * problems. Run it in a REPEATABLE READ transaction. RunError where rows would be doubled or lost on their way.
 */
export async function surveyTable(
  session: Session,
  database: SurveyedDatabase,
  table: MappedTable,
  suspects: ReadonlySet<string> = new Set(),
): Promise<TableSurvey> {
  const { catalog, map, clinics } = database;
  const entry = findTable(catalog, table);
  const columns = database.digests ? entry.columns : [];
  const names = columns.map(({ name }) => name);
  const base = {
    table: { schema: table.schema, name: table.name },
    perClinic: new Map<string, Digest>(),
    shared: EMPTY_DIGEST,
    aside: EMPTY_DIGEST,
    kept: EMPTY_DIGEST,
    problems: [],
  };
  if (isElsewhere(entry, catalog)) return { ...base, total: EMPTY_DIGEST };
  const keys = new Set(clinics.map((clinic) => clinic.key));
  const parts = database.stored && surveyParts(database.stored, catalog, map, table);
  if (table.scope !== 'clinic') {
    const { total, buckets } = await wholeTable(session, entry, names, parts);
    const problems = await danglingRows(session, table, database);
    const none = { total: buckets, perClinic: new Map<string, Buckets>(), shared: new Buckets(1) };
    if (table.scope !== 'central' || !table.copyReferenced)
      return { ...base, total, problems, ...(parts && { parts: none }) };
    const places = parts === undefined ? [] : [placeOf(parts.plan)];
    const options = { catalog, map, suspects, keys, columns: names, expressions: places };
    const needed = referencedRouting(table, options);
    const lentRows = await queryRoutes(session, needed, parts);
    const { perClinic, shared, parts: lent } = tallyRoutes(lentRows, keys);
    return {
      ...base,
      total,
      perClinic,
      shared,
      problems,
      ...(parts && { parts: { ...none, ...lent, total: buckets } }),
    };
  }
  const sample = sampleExpression(entry);
  const expressions = parts === undefined ? [sample] : [sample, placeOf(parts.plan)];
  const routed = routing(table, { catalog, map, suspects, columns: names, expressions });
  const tally = tallyRoutes(await queryRoutes(session, routed, parts), keys);
  const rows = await countRows(session, entry);
  if (tally.total.rows !== rows) throw doubled(table, rows, tally.total.rows);
  const problems: Problem[] = [];
  for (const reason of REASONS) {
    const digest = tally.problems.get(reason);
    if (digest === undefined) continue;
    problems.push({ reason, rows: digest.rows, samples: await samplesOf(session, routed, reason, keys) });
  }
  const { parts: inParts, ...sums } = tally;
  const aside = sumOf(tally.problems);
  const found = { ...base, ...sums, aside, problems, ...(parts && { parts: inParts }) };
  const stored = columns.filter(({ generated }) => !generated).map(({ name }) => name);
  if (problems.length === 0 || stored.length === names.length) return { ...found, kept: aside };
  const plain = routing(table, { catalog, map, suspects, columns: stored });
  const kept = sumOf(tallyRoutes(await queryRoutes(session, plain, undefined), keys).problems);
  return { ...found, kept };
}

const sumOf = (problems: ReadonlyMap<ProblemReason, Digest>): Digest =>
  [...problems.values()].reduce(addDigests, EMPTY_DIGEST);

/**
 * What a survey has to tell: one finding a problem, an error unless such rows are kept in quarantine. A clinic's own
 * row is never kept there: without it, its database could hold nothing that refers to it.
 */
export function surveyFindings(
  survey: TableSurvey,
  { unassignable, map }: { readonly unassignable: 'stop' | 'quarantine'; readonly map: TenancyMap },
): Finding[] {
  const subject = displayName(survey.table);
  const codes = {
    'no clinic': 'SPLIT_NO_CLINIC',
    'unknown clinic': 'SPLIT_UNKNOWN_CLINIC',
    'paths disagree': 'SPLIT_PATHS_DISAGREE',
    dangling: 'SPLIT_DANGLING',
  } as const;
  const says = {
    'no clinic': 'lead to no clinic',
    'unknown clinic': 'name a clinic that does not exist',
    'paths disagree': 'reach one clinic by one way and another clinic by another way',
    dangling: 'refer to rows that are not there, or to rows that do, although a foreign key forbids it',
  } as const;
  const mapped = map.tables.find((table) => displayName(table) === subject);
  const isClinics = subject === displayName(map.clinicTable);
  const isWhole = mapped?.scope !== 'clinic';
  const stops = isClinics || isWhole || unassignable === 'stop';
  const hintOf = (reason: ProblemReason): string => {
    const mayBeOther = reason === 'paths disagree' || reason === 'unknown clinic';
    const others = mayBeOther && mapped?.scope === 'clinic' ? otherClinicsLine(mapped) : '';
    if (isClinics)
      return `Correct these rows: a clinic’s own row has to be in its database, with what it refers to.${others}`;
    if (isWhole) return 'Correct or delete these rows: the table is copied whole, with this key.';
    return stops
      ? `Correct these rows, or set unassignable: 'quarantine' to keep them aside in the central database.${others}`
      : `They are kept in clinic_migrate_quarantine of the central database.${others}`;
  };
  return survey.problems.map(({ reason, rows, samples }) => ({
    code: codes[reason],
    severity: stops ? 'error' : 'warning',
    subject,
    message: `${rows} of ${survey.total.rows} rows of ${subject} ${says[reason]}: ${samples.join(' | ')}${rows > samples.length ? ' | …' : ''}`,
    hint: hintOf(reason),
  }));
}

/** The line of configuration for a column that rightly names another clinic, where the row has several ways. */
function otherClinicsLine(table: ClinicTable): string {
  const columns = [...table.rules.slice(1), ...table.witnesses].flatMap((way) =>
    way.kind === 'column' ? [JSON.stringify(way.column)] : [],
  );
  if (columns.length === 0) return '';
  const name = JSON.stringify(displayName(table));
  const [first] = columns;
  const all = [...(table.otherClinics ?? []).map((column) => JSON.stringify(column)), first];
  return ` If ${columns.join(' or ')} rightly names another clinic: tables: { ${name}: { otherClinics: [${all.join(', ')}] } }.`;
}

/** Rows of a table that is copied whole which break a valid key: no place aside would help. */
async function danglingRows(
  session: Session,
  table: MappedTable,
  { catalog, map }: SurveyedDatabase,
): Promise<Problem[]> {
  const keys = keptKeys(table, catalog, map);
  if (keys.length === 0) return [];
  const broken = keys.map(
    (kept) => `SELECT r.tableoid, r.ctid, ${sampleExpression(kept.owner)} AS sample FROM ${brokenRows(kept)}`,
  );
  const [found] = await session.query<{ rows: string; samples: string[] | null }>(
    `WITH broken AS (${broken.join(' UNION ')})
     SELECT count(*)::text AS rows, ARRAY(SELECT sample FROM broken ORDER BY sample COLLATE "C" LIMIT ${SAMPLES}) AS samples
       FROM broken`,
  );
  const rows = Number(found?.rows ?? 0);
  return rows === 0 ? [] : [{ reason: 'dangling', rows, samples: found?.samples ?? [] }];
}

/** What a route says, given the clinics there are: the clinic's key, `shared`, or a problem's reason. */
export function readRoute(
  route: string,
  keys: ReadonlySet<string>,
): { key: string } | 'shared' | ProblemReason {
  const key = route.slice(1);
  switch (route[0]) {
    case ROUTE.key:
      return keys.has(key) ? { key } : 'unknown clinic';
    case ROUTE.shared:
      return 'shared';
    case ROUTE.none:
      return 'no clinic';
    case ROUTE.unknown:
      return 'unknown clinic';
    case ROUTE.dangling:
      return 'dangling';
    default:
      return 'paths disagree';
  }
}

/** Rows of a table as the plain table counts them, through no join. */
async function countRows(session: Session, table: Table): Promise<number> {
  const [row] = await session.query<{ rows: string }>(`SELECT count(*)::text AS rows FROM ${rowsOf(table)}`);
  return Number(row?.rows ?? 0);
}

interface RouteGroup {
  readonly route: string;
  readonly digest: Digest;
  readonly buckets: Buckets | undefined;
}

interface Routes {
  readonly routes: readonly RouteGroup[];
  readonly places?: Places;
}

/** In parts, the last expression of the routing is where a row lies. */
async function queryRoutes(
  session: Session,
  routed: Routing,
  parts: TableParts | undefined,
): Promise<Routes> {
  // The columns get names of ours, so that none can clash; their order is what the digest knows.
  const columns = routed.columns.map((_, i) => `c${i}`);
  const list = routed.columns.map((sql, i) => `${sql} AS c${i}`);
  const place = parts === undefined ? [] : [`${routed.expressions.at(-1)} AS place`];
  const from = `(SELECT ${[`${routed.route} AS route`, ...list, ...place].join(', ')} FROM ${routed.from}) AS r`;
  if (parts !== undefined) return routesInParts(session, routed.with, { from, row: 'r', columns }, parts);
  const groups = await session.query<{ route: string }>(
    routed.with + digestQuery({ from, row: 'r', columns }, { route: 'r.route' }),
  );
  const routes = groups.map((group) => ({
    route: group.route,
    digest: parseDigest(group),
    buckets: undefined,
  }));
  return { routes };
}

function tallyRoutes({ routes, places }: Routes, keys: ReadonlySet<string>) {
  const perClinic = new Map<string, Digest>();
  const problems = new Map<ProblemReason, Digest>();
  let [shared, total] = [EMPTY_DIGEST, EMPTY_DIGEST];
  const parts = {
    total: new Buckets(1),
    perClinic: new Map<string, Buckets>(),
    shared: new Buckets(1),
    places,
  };
  for (const { route, digest, buckets } of routes) {
    total = addDigests(total, digest);
    const place = readRoute(route, keys);
    if (place === 'shared') {
      shared = addDigests(shared, digest);
      parts.shared = buckets ?? parts.shared;
    } else if (typeof place === 'string')
      problems.set(place, addDigests(problems.get(place) ?? EMPTY_DIGEST, digest));
    else {
      perClinic.set(place.key, digest);
      if (buckets !== undefined) parts.perClinic.set(place.key, buckets);
    }
  }
  parts.total.add(0, total);
  return { perClinic, problems, shared, total, parts };
}

async function samplesOf(
  session: Session,
  routed: Routing,
  reason: ProblemReason,
  keys: ReadonlySet<string>,
): Promise<string[]> {
  const conditions = {
    'no clinic': `left(route, 1) = '${ROUTE.none}'`,
    'unknown clinic': `(left(route, 1) = '${ROUTE.unknown}' OR (left(route, 1) = '${ROUTE.key}' AND substr(route, 2) <> ALL ($1::text[])))`,
    'paths disagree': `left(route, 1) = '${ROUTE.disagree}'`,
    dangling: `left(route, 1) = '${ROUTE.dangling}'`,
  };
  const rows = await session.query<{ sample: string }>(
    `${routed.with}SELECT sample FROM (SELECT ${routed.route} AS route, ${routed.expressions[0]} AS sample FROM ${routed.from}) AS r
      WHERE ${conditions[reason]} ORDER BY sample COLLATE "C" LIMIT ${SAMPLES}`,
    reason === 'unknown clinic' ? [[...keys]] : [],
  );
  return rows.map((row) => row.sample);
}

/** SQL that names a row for people: its primary key as text, or where it lies in the table. */
export function sampleExpression(table: Table): string {
  const primary = table.keys.find((key) => key.primary);
  if (primary === undefined) return "'row at ' || ctid::text";
  return `concat_ws(', ', ${primary.columns.map((column) => `${quoteIdent(column)}::text`).join(', ')})`;
}

function doubled(table: ClinicTable, rows: number, seen: number): RunError {
  return new RunError(
    `${displayName(table)} has ${rows} rows, and ${seen} on the way to their clinics (${table.rule}): a reference matches several rows`,
    { hint: 'Name a reference to a unique column in tables.<name>.via.' },
  );
}

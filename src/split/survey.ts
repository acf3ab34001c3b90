import type { SchemaCatalog, Table } from '../catalog/types.js';
import { RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { displayName, type QualifiedName, quoteIdent, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import type { Clinic, ClinicTable, MappedTable, TenancyMap } from '../tenancy/types.js';
import { ROUTE } from './judgement.js';
import { type Routing, routing } from './routing.js';
import { findTable } from './unique.js';

export type ProblemReason = 'no clinic' | 'unknown clinic' | 'paths disagree';

/** Rows that no clinic can be given, and why. */
export interface Problem {
  readonly reason: ProblemReason;
  readonly rows: number;
  /** Primary keys as text, at most SAMPLES of them, in text order. */
  readonly samples: readonly string[];
}

/** Where the rows of one table belong. rows = sum of perClinic + shared + rows of problems, for a clinic table. */
export interface TableSurvey {
  readonly table: QualifiedName;
  readonly rows: number;
  /** Clinic key to rows; clinics without rows are left out. Empty for a table that is not clinic-scoped. */
  readonly perClinic: ReadonlyMap<string, number>;
  /** Rows that go to every clinic because nothing names one and the configuration says so. */
  readonly shared: number;
  readonly problems: readonly Problem[];
}

/** How many example keys a problem carries. */
export const SAMPLES = 5;

const REASONS: readonly ProblemReason[] = ['no clinic', 'unknown clinic', 'paths disagree'];

/**
 * Counts where a table's rows belong, in one pass; a second, short one only where there are problems. Run it in
 * a REPEATABLE READ transaction. RunError where rows would be doubled or lost on the way to their clinic.
 */
export async function surveyTable(
  session: Session,
  catalog: SchemaCatalog,
  map: TenancyMap,
  clinics: readonly Clinic[],
  table: MappedTable,
  suspects?: ReadonlySet<string>,
): Promise<TableSurvey> {
  const rows = await countRows(session, table);
  const empty = { table: { schema: table.schema, name: table.name }, rows, perClinic: new Map(), shared: 0 };
  if (table.scope !== 'clinic') return { ...empty, problems: [] };
  const sample = sampleExpression(findTable(catalog, table));
  const routed = routing(table, {
    catalog,
    map,
    columns: [],
    expressions: [sample],
    ...(suspects && { suspects }),
  });
  const groups = await session.query<{ route: string; rows: string }>(
    `${routed.with}SELECT ${routed.route} AS route, count(*)::text AS rows FROM ${routed.from} GROUP BY 1`,
  );
  const keys = new Set(clinics.map((clinic) => clinic.key));
  const tally = tallyRoutes(groups, keys);
  const seen = groups.reduce((sum, group) => sum + Number(group.rows), 0);
  if (seen !== rows) throw doubled(table, rows, seen);
  const problems: Problem[] = [];
  for (const reason of REASONS) {
    const count = tally.problems.get(reason);
    if (count === undefined) continue;
    problems.push({ reason, rows: count, samples: await samplesOf(session, routed, reason, keys) });
  }
  return { ...empty, perClinic: tally.perClinic, shared: tally.shared, problems };
}

/** What a survey has to tell: one finding a problem, an error unless such rows are kept in quarantine. */
export function surveyFindings(survey: TableSurvey, unassignable: 'stop' | 'quarantine'): Finding[] {
  const subject = displayName(survey.table);
  const codes = {
    'no clinic': 'SPLIT_NO_CLINIC',
    'unknown clinic': 'SPLIT_UNKNOWN_CLINIC',
    'paths disagree': 'SPLIT_PATHS_DISAGREE',
  } as const;
  const says = {
    'no clinic': 'lead to no clinic',
    'unknown clinic': 'name a clinic that does not exist',
    'paths disagree': 'reach one clinic by one way and another clinic by another way',
  } as const;
  return survey.problems.map(({ reason, rows, samples }) => ({
    code: codes[reason],
    severity: unassignable === 'stop' ? 'error' : 'warning',
    subject,
    message: `${rows} of ${survey.rows} rows of ${subject} ${says[reason]}: ${samples.join(' | ')}${rows > samples.length ? ' | …' : ''}`,
    hint:
      unassignable === 'stop'
        ? "Correct these rows, or set unassignable: 'quarantine' to keep them aside in the central database."
        : 'They are kept in clinic_migrate_quarantine of the central database.',
  }));
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
    default:
      return 'paths disagree';
  }
}

/** Rows of a table as the plain table counts them, through no join. */
export async function countRows(session: Session, table: QualifiedName): Promise<number> {
  const [row] = await session.query<{ rows: string }>(
    `SELECT count(*)::text AS rows FROM ${quoteName(table)}`,
  );
  return Number(row?.rows ?? 0);
}

function tallyRoutes(groups: readonly { route: string; rows: string }[], keys: ReadonlySet<string>) {
  const perClinic = new Map<string, number>();
  const problems = new Map<ProblemReason, number>();
  let shared = 0;
  for (const group of groups) {
    const rows = Number(group.rows);
    const place = readRoute(group.route, keys);
    if (place === 'shared') shared += rows;
    else if (typeof place === 'string') problems.set(place, (problems.get(place) ?? 0) + rows);
    else perClinic.set(place.key, rows);
  }
  return { perClinic, problems, shared };
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
  };
  const rows = await session.query<{ sample: string }>(
    `${routed.with}SELECT sample FROM (SELECT ${routed.route} AS route, ${routed.expressions[0]} AS sample FROM ${routed.from}) AS r
      WHERE ${conditions[reason]} ORDER BY sample COLLATE "C" LIMIT ${SAMPLES}`,
    reason === 'unknown clinic' ? [[...keys]] : [],
  );
  return rows.map((row) => row.sample);
}

/** SQL that names a row for people: its primary key as text, or where it lies in the table. */
function sampleExpression(table: Table): string {
  const primary = table.keys.find((key) => key.primary);
  if (primary === undefined)
    return table.kind === 'foreign' ? "'(a row without a key)'" : "'row at ' || ctid::text";
  return `concat_ws(', ', ${primary.columns.map((column) => `${quoteIdent(column)}::text`).join(', ')})`;
}

function doubled(table: ClinicTable, rows: number, seen: number): RunError {
  return new RunError(
    `${displayName(table)} has ${rows} rows, and ${seen} on the way to their clinics (${table.rule}): a reference matches several rows`,
    { hint: 'Name a reference to a unique column in tables.<name>.via.' },
  );
}

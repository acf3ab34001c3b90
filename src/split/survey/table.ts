import { addDigests, type Digest, EMPTY_DIGEST } from '../../catalog/digest.js';
import { rowsOf } from '../../catalog/rows.js';
import type { Table } from '../../catalog/types.js';
import { RunError } from '../../core/errors.js';
import { displayName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { isElsewhere } from '../../tenancy/tables.js';
import type { ClinicTable, MappedTable } from '../../tenancy/types.js';
import { Buckets } from '../buckets.js';
import { brokenRows, keptKeys } from '../kept-keys.js';
import { placeOf } from '../places.js';
import { referencedRouting } from '../referenced.js';
import { routing } from '../routing.js';
import { findTable } from '../unique.js';
import { surveyParts, wholeTable } from './parts.js';
import { queryRoutes, tallyRoutes } from './routes.js';
import { SAMPLES, sampleExpression, samplesOf } from './samples.js';
import type { Problem, ProblemReason, SurveyedDatabase, TableSurvey } from './types.js';

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

/** Rows of a table as the plain table counts them, through no join. */
async function countRows(session: Session, table: Table): Promise<number> {
  const [row] = await session.query<{ rows: string }>(`SELECT count(*)::text AS rows FROM ${rowsOf(table)}`);
  return Number(row?.rows ?? 0);
}

function doubled(table: ClinicTable, rows: number, seen: number): RunError {
  return new RunError(
    `${displayName(table)} has ${rows} rows, and ${seen} on the way to their clinics (${table.rule}): a reference matches several rows`,
    { hint: 'Name a reference to a unique column in tables.<name>.via.' },
  );
}

import type { Code, CodeReader } from '../../catalog/code.js';
import {
  addDigests,
  type Digest,
  digestQuery,
  EMPTY_DIGEST,
  parseDigest,
  sameDigest,
} from '../../catalog/digest.js';
import { readCatalog } from '../../catalog/read-catalog.js';
import { rowsOf } from '../../catalog/rows.js';
import type { SchemaCatalog } from '../../catalog/types.js';
import { DatabaseError, isLocked, UsageError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import { displayName, sameName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import type { Clinic, MappedTable } from '../../tenancy/types.js';
import { lockedFinding } from '../patience.js';
import { closedFinding, limitFindings } from './closed.js';
import { findDifferences } from './differences.js';
import { foreignCodeFindings } from './foreign-code.js';
import { orphanFindings, sequenceFindings } from './integrity.js';
import { type LegacyDatabase, legacyRows, ownersOf } from './legacy.js';
import { withMends } from './mends.js';
import { foreignFinding, mismatchFindings } from './mismatch.js';
import { largeObjectFindings } from './object-findings.js';
import type { VerifyDataOptions } from './options.js';
import { originFindings } from './origin.js';
import { ownership } from './ownership.js';
import { catalogTable, provenColumns } from './places.js';
import { allRows, digestOf, rowId } from './rows.js';
import { type LegacySchema, schemaFindings } from './schema-findings.js';
import { type Surroundings, surroundingsFindings } from './settings.js';
import type { Subject } from './subject.js';
import { surplusFindings } from './surplus.js';
import { namesAnother } from './tenant-columns.js';
import { SAMPLES, stopIfAsked } from './words.js';

export interface DatabaseResult {
  readonly findings: readonly Finding[];
  /** Undefined where the database could not be looked at. */
  readonly digests: ReadonlyMap<MappedTable, Digest> | undefined;
}

/** What one run of the check shares. */
export interface Check {
  readonly options: VerifyDataOptions;
  readonly legacy: LegacyDatabase;
  readonly surroundings: Surroundings;
  /** What stands in the legacy database's schemas. */
  readonly standing: ReadonlySet<string>;
  readonly schema: LegacySchema;
  /** The legacy database's functions, triggers and the like. */
  readonly code: Code;
  /** Reads that of a database. */
  readonly readCode: CodeReader;
  /** How often rows were searched for what differs, by table: each time reads the legacy table once more. */
  readonly searches: Map<MappedTable, number>;
}

const MAX_SEARCHES = 5;
const MAX_OWNERS_ASKED = 1000;

/** Looks at one database from one snapshot of it; `reader` is a session on the legacy snapshot. */
export async function checkDatabase(
  check: Check,
  subject: Subject,
  reader: Session,
): Promise<DatabaseResult> {
  let session: Session;
  try {
    session = await check.options.databases.connect(subject.url, { readOnly: true });
  } catch (error) {
    const closed =
      subject.clinic && (await closedFinding(check.options.databases, subject, error).catch(() => undefined));
    if (closed === undefined) throw error;
    return { findings: withMends([closed], subject), digests: undefined };
  }
  try {
    await session.execute('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { findings, digests } = await look(check, subject, reader, session);
    return { findings: withMends(findings, subject), digests };
  } catch (error) {
    if (isLocked(error)) return { findings: [lockedFinding(subject.place, error)], digests: undefined };
    if (!isRefused(error)) throw error;
    return { findings: [refusedFinding(subject.place, error)], digests: undefined };
  } finally {
    await session.close();
  }
}

/** A table that may not be read, or whose policies bind whoever asks: our sessions want an error then, and not fewer rows. */
function isRefused(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.sqlState === '42501';
}

function refusedFinding(place: string, error: DatabaseError): Finding {
  return {
    code: 'DATA_NOT_CHECKED',
    severity: 'error',
    message: `${place}: its rows could not be read: ${error.message}`,
    hint: 'Name in the configuration, for this run, a login of its server that row level security does not bind: a superuser, or one with BYPASSRLS and the rights of the owner.',
  };
}

async function look(
  check: Check,
  subject: Subject,
  reader: Session,
  session: Session,
): Promise<DatabaseResult> {
  const { catalog } = check.options;
  const { place, belonging } = subject;
  const foreign = await foreignCodeFindings(session, subject, check);
  const astray = foreign.length > 0 ? [] : await originFindings(session, subject);
  if (astray.length > 0) return { findings: astray, digests: undefined };
  const actual = await readSchema(session, catalog.schemas);
  if (typeof actual === 'string') {
    const message = `${place}: ${actual}`;
    return { findings: [{ code: 'DATA_SCHEMA_DRIFT', severity: 'error', message }], digests: new Map() };
  }
  const findings = [
    ...(await limitFindings(session, subject)),
    ...(await schemaFindings(session, subject, actual, check.options, check.schema)),
    ...(await surplusFindings(session, subject, check.standing, check.options, actual)),
    ...(await surroundingsFindings(session, subject, check.surroundings)),
  ];
  if (foreign.length > 0) return { findings: [...foreign, ...findings], digests: undefined };
  const present = belonging.filter((table) => holdsColumns(catalog, actual, table));
  // The way to a clinic may lead through any of them.
  const whole = present.length === belonging.length;
  const digests = new Map<MappedTable, Digest>();
  for (const table of present) {
    stopIfAsked(check.options.signal, `checking ${place}`);
    const seen = await readTable(check, session, table, whole ? subject.clinic : undefined);
    digests.set(table, seen.digest);
    const unlike = subject.compare
      ? await compareTable(check, subject, table, seen.digest, reader, session)
      : [];
    findings.push(...unlike);
    if (seen.foreign > 0 && !unlike.some(({ code }) => code === 'DATA_FOREIGN_ROWS'))
      findings.push(foreignFinding(place, table, seen.foreign, seen.samples, undefined));
  }
  const tables = present.map((table) => catalogTable(catalog, table));
  findings.push(...(await orphanFindings(session, check.options, tables, subject)));
  findings.push(...(await sequenceFindings(session, catalog.schemas, subject)));
  findings.push(...(await largeObjectFindings(session, subject, check.legacy.objects)));
  return { findings, digests };
}

/** The catalog, or in words what is missing of it. */
async function readSchema(session: Session, schemas: readonly string[]): Promise<SchemaCatalog | string> {
  try {
    return await readCatalog(session, schemas);
  } catch (error) {
    if (error instanceof UsageError) return 'a schema is missing: provision has not been here';
    throw error;
  }
}

function holdsColumns(catalog: SchemaCatalog, actual: SchemaCatalog, table: MappedTable): boolean {
  const name = displayName(table);
  const found = actual.tables.find(
    (candidate) => displayName(candidate) === name && candidate.kind !== 'foreign',
  )?.columns;
  return provenColumns(catalogTable(catalog, table)).every((column) =>
    found?.some((other) => other.name === column),
  );
}

/**
 * Sums a table, and in the same scan counts the rows that this database derives to be no row of the clinic's: by the
 * map, and by whatever column names a clinic.
 */
async function readTable(
  { options, legacy }: Check,
  session: Session,
  table: MappedTable,
  clinic: Clinic | undefined,
): Promise<{ digest: Digest; foreign: number; samples: string[] }> {
  const { catalog, map } = options;
  const entry = catalogTable(catalog, table);
  const named = legacy.tenantColumns.filter((one) => sameName(one.table, table));
  if (clinic === undefined || (table.scope !== 'clinic' && named.length === 0)) {
    return { digest: await digestOf(allRows(session, entry)), foreign: 0, samples: [] };
  }
  const derived =
    table.scope === 'clinic'
      ? ownership(table, { catalog, map, suspects: new Set(), orphansAreLost: false })
      : { from: `${rowsOf(entry)} AS r`, row: 'r', place: "'shared'", clinic: 'NULL::text' };
  const { from, row, place, clinic: key } = derived;
  const another = namesAnother(table, row, named, catalog, map);
  const belongs = `((${place} = 'shared' OR (${place} = 'own' AND ${key} = $1)) AND NOT ${another})`;
  const groups = await session.query<{ belongs: boolean }>(
    digestQuery({ from, row, columns: provenColumns(entry) }, { belongs: `(${belongs}) IS TRUE` }),
    [clinic.key],
  );
  const sums = groups.map((group) => ({ belongs: group.belongs, digest: parseDigest(group) }));
  const foreign = sums.find((group) => !group.belongs)?.digest.rows ?? 0;
  const samples =
    foreign === 0
      ? []
      : await session.query<{ id: string }>(
          `SELECT ${rowId(entry, row)} AS id FROM ${from} WHERE ${belongs} IS NOT TRUE ORDER BY 1 LIMIT ${SAMPLES}`,
          [clinic.key],
        );
  const digest = sums.map((group) => group.digest).reduce(addDigests, EMPTY_DIGEST);
  return { digest, foreign, samples: samples.map(({ id }) => id) };
}

/** Findings where the table's rows here are not the legacy rows that belong here. */
async function compareTable(
  { options, legacy, searches }: Check,
  { clinic, place }: Subject,
  table: MappedTable,
  actual: Digest,
  reader: Session,
  session: Session,
): Promise<Finding[]> {
  const rows = legacy.rows.get(table);
  const expected =
    rows === undefined
      ? EMPTY_DIGEST
      : table.scope !== 'shared' && clinic !== undefined
        ? addDigests(rows.own.get(clinic.key) ?? EMPTY_DIGEST, rows.shared)
        : rows.total;
  if (sameDigest(expected, actual)) return [];
  const mismatch = { table, place, expected, actual, foreign: new Map<string, Clinic | undefined>() };
  const searched = searches.get(table) ?? 0;
  if (searched >= MAX_SEARCHES) return mismatchFindings({ ...mismatch, differences: undefined });
  searches.set(table, searched + 1);
  const differences = await findDifferences(
    legacyRows(options, reader, table, legacy.suspects, clinic),
    allRows(session, catalogTable(options.catalog, table)),
    Math.max(expected.rows, actual.rows),
  );
  if (table.scope === 'clinic' && clinic !== undefined && differences.extra.length > 0) {
    const asked = differences.extra.slice(0, MAX_OWNERS_ASKED);
    const owners = await ownersOf(options, reader, table, legacy.suspects, asked);
    for (const [id, owner] of owners)
      if (owner !== clinic.key)
        mismatch.foreign.set(id, owner === undefined ? undefined : clinicOf(options, owner));
  }
  return mismatchFindings({ ...mismatch, differences });
}

function clinicOf({ clinics }: VerifyDataOptions, key: string): Clinic {
  return clinics.find((clinic) => clinic.key === key) ?? { key, label: '' };
}

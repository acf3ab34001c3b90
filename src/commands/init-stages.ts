import { nameOfAppLogin } from '../catalog/app-login.js';
import { probeColumns } from '../catalog/probe.js';
import { readCatalog } from '../catalog/read-catalog.js';
import { readOutside } from '../catalog/read-outside.js';
import { readSchemas, type SchemaSize } from '../catalog/read-schemas.js';
import { UsageError } from '../core/errors.js';
import type { Prompter, Session } from '../core/ports.js';
import { databaseOf } from '../core/urls.js';
import { type ChosenClinicTable, chooseClinicTable } from '../init/clinic-table.js';
import { createDecider, type Decider } from '../init/decide.js';
import type { Decided } from '../init/draft-config.js';
import { LegacyFacts } from '../init/legacy-facts.js';
import { settleOtherClinics } from '../init/settle-other-clinics.js';
import { settleKeylessRows, settleUnassignable } from '../init/settle-rows.js';
import {
  hasAnswers,
  mapOf,
  type Subject,
  settleTables,
  type TableDecisions,
  tablesConfig,
  withAnswers,
} from '../init/settle-tables.js';
import { largeObjectFindings } from '../provision/large-objects.js';
import { nameClinics } from '../provision/naming.js';
import { openSnapshot } from '../split/snapshot.js';
import { surveyDatabase } from '../split/survey/database.js';
import type { TableSurvey } from '../split/survey/types.js';
import { candidateColumns } from '../tenancy/candidates.js';
import { findClinicTable } from '../tenancy/clinic-table.js';
import { indexTables, sameTable } from '../tenancy/tables.js';
import type { Clinic, TenancyMap } from '../tenancy/types.js';
import type { Context } from './command.js';
import { legacyFindings, readClinics } from './tenancy.js';

export interface InitOptions {
  readonly url: string;
  readonly clinicTable: string | undefined;
  readonly jobs: number;
  /** Undefined: everything is decided without a person. */
  readonly prompter: Prompter | undefined;
}

/** Reads the legacy database and settles whatever it leaves open. No transaction is open while a person thinks. */
export async function inferLegacy(context: Context, options: InitOptions): Promise<Decided> {
  const { prompter } = options;
  const session = await context.databases.connect(options.url, { readOnly: true });
  const decider = createDecider(prompter);
  try {
    await session.execute('SET idle_session_timeout = 0');
    const schemas = await chooseSchemas(session, prompter);
    const read = await readSubject(session, [...schemas.chosen, ...schemas.needed], options, decider);
    const { clinicTable, clinics } = read;
    const settled = await settleTables(read.subject, decider);
    const subject = await probed(session, read.subject, settled);
    const survey = (map: TenancyMap): Promise<readonly TableSurvey[]> =>
      surveyClinicTables(context, options, subject, map, clinics);
    const inferred = mapOf(subject, settled);
    const inferredSurveys = await survey(inferred);
    const others = await settleOtherClinics(subject, inferred, inferredSurveys, decider);
    const known = withAnswers(settled, others.decisions);
    const isSame = !hasAnswers(others.decisions);
    const before = isSame ? inferred : mapOf(subject, known);
    const first = isSame ? inferredSurveys : await survey(before);
    const keyless = await settleKeylessRows(subject, before, first, decider);
    const changed = new Map([...keyless].filter(([, { decision }]) => decision.chosen.value !== undefined));
    // A table that has become central is no way to a clinic any more, for tables that were settled by it.
    const all = await settleTables(subject, decider, withAnswers(known, changed));
    const map = mapOf(subject, all);
    const surveys = changed.size === 0 ? first : await survey(map);
    const unassignable = await settleUnassignable(surveys, decider);
    const isAnswered = (key: string): boolean => keyless.has(key) || others.decisions.has(key);
    const tables = new Map([...all].filter(([key]) => !isAnswered(key)).concat([...settled]));
    const findings = [
      ...legacyFindings({ ...subject, map }, surveys, unassignable?.chosen.value ?? 'stop'),
      ...(await largeObjectFindings(session, subject.catalog, map, 'stop')),
    ];
    const left = [...others.left, ...findings.filter(({ severity }) => severity === 'error')];
    return {
      subject,
      schemas,
      clinicTable,
      tables,
      others: others.decisions,
      keyless,
      unassignable,
      map,
      left,
    };
  } finally {
    await session.close();
  }
}

/** With what the answers make candidates: columns of the name of one that was chosen as a key. */
async function probed(session: Session, subject: Subject, decisions: TableDecisions): Promise<Subject> {
  const { catalog, clinicTable, probes } = subject;
  const more = candidateColumns(catalog, clinicTable, tablesConfig(subject, decisions)).filter(
    ({ table, column }) => !probes.some((probe) => probe.column === column && sameTable(probe.table, table)),
  );
  return { ...subject, probes: [...probes, ...(await probeColumns(session, clinicTable, more))] };
}

/** All schemas that hold tables, unless a person says otherwise, and what they need: nothing is left out in silence. */
async function chooseSchemas(session: Session, prompter: Prompter | undefined): Promise<Decided['schemas']> {
  const found = await readSchemas(session);
  const all = found.map(({ schema }) => schema);
  if (found.length === 0) throw new UsageError(`${session.label} has no table that could be split`);
  const chosen = found.length === 1 || prompter === undefined ? all : await askForSchemas(found, prompter);
  return { all, chosen, needed: await neededSchemas(session, all, chosen) };
}

async function askForSchemas(found: readonly SchemaSize[], prompter: Prompter): Promise<string[]> {
  const answers = found.map(({ schema, tables }) => ({ label: schema, hint: `${tables} tables` }));
  const question = { text: "Which schemas are the application's?", facts: [], answers };
  const chosen = await prompter.chooseSome(question, [...answers.keys()]);
  return found.filter((_, i) => chosen.includes(i)).map(({ schema }) => schema);
}

/** Without tables, and yet something in the chosen ones needs what they hold. */
async function neededSchemas(
  session: Session,
  withTables: readonly string[],
  chosen: readonly string[],
): Promise<string[]> {
  const needed: string[] = [];
  for (let isDone = false; !isDone; ) {
    const outside = await readOutside(session, [...chosen, ...needed]);
    const more = new Set(
      outside.map(({ schema }) => schema).filter((schema) => !withTables.includes(schema)),
    );
    needed.push(...more);
    isDone = more.size === 0;
  }
  return needed;
}

async function readSubject(
  session: Session,
  schemas: readonly string[],
  { clinicTable: named, prompter, url }: InitOptions,
  decider: Decider,
): Promise<{ subject: Subject; clinicTable: ChosenClinicTable; clinics: readonly Clinic[] }> {
  const catalog = await readCatalog(session, schemas, await nameOfAppLogin(session, schemas, undefined));
  const index = indexTables(catalog);
  const chosen = await chooseClinicTable(index, named, decider, prompter !== undefined);
  const clinicTable = findClinicTable(catalog, { table: index.shortName(chosen.table), key: chosen.key });
  const clinics = await readClinics(session, catalog, clinicTable);
  const subject = {
    catalog,
    index,
    clinics: {
      table: index.shortName(chosen.table),
      key: chosen.key,
      label: clinicTable.label,
      database: databasePattern(url, clinics),
      server: 'main',
    },
    clinicTable,
    probes: await probeColumns(session, clinicTable, candidateColumns(catalog, clinicTable, {})),
    facts: new LegacyFacts(session),
  };
  return { subject, clinicTable: chosen, clinics };
}

/** `medicalpro_{key}` after the legacy database, where that gives every clinic a name that can be used. */
function databasePattern(url: string, clinics: readonly Clinic[]): string {
  const name = databaseOf(url)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  const pattern = `${name}_{key}`;
  const isGood = name !== '' && nameClinics({ database: pattern }, clinics, new Map()).findings.length === 0;
  return isGood ? pattern : 'clinic_{key}';
}

/** Where every row of a clinic's table belongs; other tables have no row without a place. */
async function surveyClinicTables(
  context: Context,
  { url, jobs }: InitOptions,
  { catalog }: Subject,
  map: TenancyMap,
  clinics: readonly Clinic[],
): Promise<readonly TableSurvey[]> {
  const task = context.progress.start('Looking at every row');
  const snapshot = await openSnapshot(context.databases, url);
  try {
    const { surveys } = await surveyDatabase({
      databases: context.databases,
      legacyUrl: url,
      snapshotId: snapshot.id,
      catalog,
      map: { ...map, tables: map.tables.filter(({ scope }) => scope === 'clinic') },
      clinics,
      digests: false,
      onTable: (name) => task.advance(0, `Looking at every row: ${name}`),
      jobs,
      signal: context.signal,
    });
    return surveys;
  } finally {
    task.done();
    await snapshot.session.close();
  }
}

import type { ColumnProbe, SchemaCatalog, Table } from '../catalog/types.js';
import type { ClinicsConfig, TableConfig } from '../config/types.js';
import { displayName } from '../core/identifiers.js';
import { buildTenancyMap } from '../tenancy/build-map.js';
import { namedLikeClinic } from '../tenancy/candidates.js';
import { singular } from '../tenancy/clinic-table.js';
import { isElsewhere, sameTable, type TableIndex, tableKey } from '../tenancy/tables.js';
import type { ClinicTable, TenancyMap } from '../tenancy/types.js';
import type { Decider, Decision, OpenQuestion } from './decide.js';
import { isCommon, type LegacyFacts } from './legacy-facts.js';
import { type KeyColumn, type TableAnswer, type TableFacts, tableQuestion } from './open-table.js';
import { possibleReferences, type ReferringKey, referringKeys } from './references.js';
import { clinicLikeColumns, privacyConcern } from './traits.js';

/** What is asked about: the legacy database as far as it is known. */
export interface Subject {
  readonly catalog: SchemaCatalog;
  readonly index: TableIndex;
  readonly clinics: ClinicsConfig;
  readonly clinicTable: TenancyMap['clinicTable'];
  readonly probes: readonly ColumnProbe[];
  readonly facts: LegacyFacts;
}

/** Answers by table, in the order they were given. */
export type TableDecisions = ReadonlyMap<
  string,
  { readonly table: Table; readonly decision: Decision<TableAnswer> }
>;

/** A table's name in the configuration. The one name that no object can have gets its schema before it. */
export function configName(index: TableIndex, table: Table): string {
  const name = index.shortName(table);
  return name === '__proto__' ? displayName(table) : name;
}

/** The configuration's `tables`, as the decisions make it. */
export function tablesConfig({ index }: Subject, decisions: TableDecisions): Record<string, TableConfig> {
  return Object.fromEntries(
    [...decisions.values()].flatMap(({ table, decision: { chosen } }) =>
      chosen.value === undefined ? [] : [[configName(index, table), chosen.value]],
    ),
  );
}

/** Answers to further questions about the same tables, joined with those given before. */
export function withAnswers(given: TableDecisions, more: TableDecisions): TableDecisions {
  const all = new Map(given);
  for (const [key, { table, decision }] of more) {
    const value = joinAnswers(given.get(key)?.decision.chosen.value, decision.chosen.value);
    all.set(key, { table, decision: { ...decision, chosen: { ...decision.chosen, value } } });
  }
  return all;
}

export function hasAnswers(decisions: TableDecisions): boolean {
  return [...decisions.values()].some(({ decision }) => decision.chosen.value !== undefined);
}

/** A column that names other clinics is not the key that an earlier answer took it for. */
export function joinAnswers(one: TableAnswer, more: TableAnswer): TableAnswer {
  if (one === undefined || more === undefined) return more ?? one;
  const { key, ...rest } = { ...one, ...more };
  return key === undefined || rest.otherClinics?.includes(key) ? rest : { ...rest, key };
}

export function mapOf(subject: Subject, decisions: TableDecisions): TenancyMap {
  const { catalog, clinics, probes } = subject;
  return buildTenancyMap(catalog, { clinics, tables: tablesConfig(subject, decisions) }, probes);
}

/**
 * Settles every table that schema and values leave open, one at a time, since each answer may settle others: first
 * those with a way to a clinic, then those that clinics have in common, then the rest. `known` are answers given before.
 */
export async function settleTables(
  subject: Subject,
  decider: Decider,
  known: TableDecisions = new Map(),
): Promise<TableDecisions> {
  const decisions = new Map(known);
  for (;;) {
    const map = mapOf(subject, decisions);
    const open = map.tables
      .filter((entry) => entry.scope === 'unresolved' && !decisions.has(tableKey(entry)))
      .flatMap((entry) => subject.index.find(entry) ?? []);
    if (open.length === 0) return decisions;
    const harmless = harmlessTables(open, subject, map);
    const questions: TableQuestion[] = [];
    for (const table of open)
      questions.push({
        table,
        question: tableQuestion(table, await readFacts(table, subject, map, harmless)),
      });
    const { table, question } = nextQuestion(questions, subject.index);
    decisions.set(tableKey(table), { table, decision: await decider.decide(question) });
  }
}

interface TableQuestion {
  readonly table: Table;
  readonly question: OpenQuestion<TableAnswer>;
}

/** A table with a way to a clinic, else one in common use, else one that refers to no other open table. */
function nextQuestion(questions: readonly TableQuestion[], index: TableIndex): TableQuestion {
  const preferring = (scope: string): TableQuestion | undefined =>
    questions.find(({ question }) => question.preferred.value?.scope === scope);
  const refersTo = (table: Table, other: Table): boolean =>
    table.foreignKeys.some(({ references }) => {
      const root = index.rootOf(references);
      return root !== undefined && sameTable(root, other) && !sameTable(root, table);
    });
  const last = questions.find(({ table }) => !questions.some((other) => refersTo(table, other.table)));
  return preferring('clinic') ?? preferring('shared') ?? last ?? (questions[0] as TableQuestion);
}

/** Those of the open tables that could be shared: nothing of theirs seems private, and they refer to such tables only. */
function harmlessTables(open: readonly Table[], { index, clinicTable }: Subject, map: TenancyMap): Table[] {
  const shared = map.tables.filter(({ scope }) => scope === 'shared');
  let harmless = open.filter((table) => privacyConcern(table, clinicTable) === undefined);
  for (;;) {
    const known = [...harmless, ...shared];
    const left = harmless.filter((table) =>
      table.foreignKeys.every(({ references }) => {
        const root = index.rootOf(references);
        return root !== undefined && known.some((other) => sameTable(other, root));
      }),
    );
    if (left.length === harmless.length) return left;
    harmless = left;
  }
}

async function readFacts(
  table: Table,
  subject: Subject,
  map: TenancyMap,
  harmless: readonly Table[],
): Promise<TableFacts> {
  const { clinicTable, facts, index } = subject;
  const referring = referringKeys(table, index, map);
  const referredBy = [...new Set(referring.map(({ from }) => displayName(from)))];
  const concern = privacyConcern(table, clinicTable);
  if (isElsewhere(table, subject.catalog))
    return { rows: 0, keys: [], references: [], referredBy, common: undefined, concern: undefined };
  const references = [];
  for (const { column, target, targetColumn } of possibleReferences(table, index, map)) {
    const matches = await facts.matches(table, column, target, targetColumn);
    references.push({ column, references: `${index.shortName(target)}.${targetColumn}`, ...matches });
  }
  const isHarmless = harmless.some((one) => sameTable(one, table));
  return {
    rows: await facts.rows(table),
    keys: await readKeys(table, subject),
    references,
    referredBy,
    common: isHarmless ? await commonUse(table, referring, subject, map) : undefined,
    concern,
  };
}

async function readKeys(table: Table, { clinicTable, facts, index }: Subject): Promise<KeyColumn[]> {
  const clinics = index.find(clinicTable);
  if (clinics === undefined) return [];
  const named = new Set(namedLikeClinic(table, clinicTable));
  const own = singular(clinicTable.name);
  const declared = new Set(table.foreignKeys.flatMap(({ columns }) => columns));
  const keys: KeyColumn[] = [];
  for (const column of new Set([...named, ...clinicLikeColumns(table, clinicTable)])) {
    if (declared.has(column) && !named.has(column)) continue;
    const isOwn = column.toLowerCase().replaceAll('_', '').startsWith(own);
    const name = !named.has(column) ? 'doubtful' : isOwn ? 'own' : 'alike';
    keys.push({ column, name, ...(await facts.matches(table, column, clinics, clinicTable.key)) });
  }
  return keys;
}

/** Why a table's rows are in common use: rows of several clinics refer to the same ones, or shared rows refer to them. */
async function commonUse(
  table: Table,
  referring: readonly ReferringKey[],
  { catalog, facts }: Subject,
  map: TenancyMap,
): Promise<string | undefined> {
  const shared = referring.find(({ from }) => from.scope === 'shared');
  if (shared !== undefined) return `${displayName(shared.from)}, which every clinic gets, refers to it`;
  let [repeated, several] = [0, 0];
  for (const one of referring) {
    if (!isClinic(one)) continue;
    const usage = await facts.usage(catalog, map, one, table);
    repeated += usage.repeated;
    several += usage.several;
  }
  if (!isCommon({ repeated, several })) return undefined;
  return `rows of several clinics refer to the same ${several} of its rows, and nothing in it names a clinic or a person`;
}

export function isClinic(one: ReferringKey): one is ReferringKey & { readonly from: ClinicTable } {
  return one.from.scope === 'clinic';
}

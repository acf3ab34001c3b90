import type { SchemaCatalog } from '../catalog/types.js';
import { RunError } from '../core/errors.js';
import { type QualifiedName, quoteName, sameName } from '../core/identifiers.js';
import { lookInto } from '../core/name-path.js';
import { OWN_TABLES, refuseChangedOwnTables } from '../core/own-tables.js';
import type { Session } from '../core/ports.js';
import type { TenancyMap } from '../tenancy/types.js';
import { adaptPolicy } from './access/dumped-policies.js';
import type { AccessPlan } from './access/plan.js';
import { type Contents, contentsOf, type DatabaseKind } from './contents.js';
import { Replay } from './replay.js';
import { dump, hashOf, type LegacySource } from './schema-source.js';
import { readSequenceValues, type SequenceValue, setSequence } from './sequences.js';
import { adaptStatements, readNames, type Statement, splitStatements } from './sql-text.js';
import { readUses, type Uses } from './uses.js';

/** What follows whenever rows come from the legacy database. */
export interface FollowPlan {
  readonly contents: Contents;
  /** Where statements find names without a schema, as the legacy database does. */
  readonly path: readonly string[];
  readonly sequences: readonly SequenceValue[];
}

/** Everything a database gets after its rows. */
export interface FinishPlan {
  /** Keys, indexes, triggers, policies, foreign keys, which prove the rows; then sequences, materialised views, statistics. */
  readonly replay: Replay;
  readonly fingerprint: string;
}

/** Reads where the legacy sequences stand. */
export async function readFollowPlan(source: LegacySource, kind: DatabaseKind): Promise<FollowPlan> {
  const { catalog, map, legacy } = source;
  return {
    contents: contentsOf(catalog, map, kind),
    path: catalog.namePath,
    sequences: await readSequenceValues(legacy, catalog),
  };
}

/** Reads from the legacy database what one kind of database gets after its rows. */
export async function readFinishPlan(
  source: LegacySource,
  kind: DatabaseKind,
  access: Policies,
): Promise<FinishPlan> {
  const plan = await readFollowPlan(source, kind);
  const statements = await readStatements(source, plan.contents, access);
  const enablesPolicies = ({ text }: Statement): boolean => ENABLES_POLICIES.test(text);
  const all = [
    ...statements.filter((statement) => !enablesPolicies(statement)),
    ...follow(plan, true),
    ...statisticsOf(plan.contents),
    ...statements.filter(enablesPolicies),
  ];
  return {
    replay: new Replay(all, plan.path, await readUses(source.legacy), placeOf(kind)),
    fingerprint: hashOf(statements.map(({ text }) => text)),
  };
}

export type Policies = Pick<AccessPlan, 'policies' | 'centralPolicies'>;

const placeOf = (kind: DatabaseKind): string =>
  kind === 'clinic' ? 'a clinic database' : 'the central database';

/** What a dump says after the rows, as far as it is for these contents. */
export async function readStatements(
  source: LegacySource,
  contents: Contents,
  access: Policies,
): Promise<Statement[]> {
  const policies = contents.kind === 'clinic' ? access.policies : access.centralPolicies;
  const absent = absentKeys(source.catalog, source.map, contents);
  const adapted = splitStatements(await dump(source, contents, 'post-data'))
    .filter((statement) => !isAbout(statement, absent))
    .map((statement) => adaptPolicy(statement, policies))
    .filter((statement) => statement !== undefined);
  return adaptStatements(adapted);
}

/** What every clinic's database gets after its rows, to be tried where there are none. */
export async function readRehearsal(source: LegacySource, access: Policies, uses: Uses): Promise<FinishPlan> {
  const contents = contentsOf(source.catalog, source.map, 'clinic');
  const statements = await readStatements(source, contents, access);
  return {
    replay: new Replay(statements, source.catalog.namePath, uses, placeOf('clinic')),
    fingerprint: hashOf(statements.map(({ text }) => text)),
  };
}

/**
 * Gives a database its keys, indexes, foreign keys, triggers, sequence values and statistics; all of it or nothing.
 * One that has them is left alone, and the plan is not asked for. A foreign key that fails names rows that were wrong in
 * the legacy database too, or a way from row to clinic that the map does not know.
 */
export async function finishDatabase(session: Session, readPlan: () => Promise<FinishPlan>): Promise<void> {
  await refuseChangedOwnTables(session);
  await session.execute(OWN_TABLES);
  const done = await session.query('SELECT FROM clinic_migrate.finished');
  if (done.length > 0) return;
  const plan = await readPlan();
  await session.transaction(async () => {
    const [differing] = await plan.replay.run(session);
    if (differing !== undefined)
      throw new RunError(`${session.label}: ${differing.message}`, {
        hint: 'Drop the database while it serves nobody, and run provision and split again; or correct the object in the legacy database.',
      });
    await session.query('INSERT INTO clinic_migrate.finished (fingerprint) VALUES ($1)', [plan.fingerprint]);
  });
}

/** Policies bind even the owner where they are forced, so they come once nothing is left to be read as him. */
const ENABLES_POLICIES = /^ALTER TABLE .* ENABLE ROW LEVEL SECURITY$/s;

/** What no dump of a schema says. */
function statement(type: string, { schema, name }: QualifiedName, text: string): Statement {
  return { text, skeleton: text, heading: { type, schema, name } };
}

function statisticsOf({ tables }: Contents): Statement[] {
  return tables
    .filter(({ kind }) => kind !== 'foreign')
    .map((table) => statement('statistics of the table', table, `ANALYZE ${quoteName(table)}`));
}

/** What has to follow whenever rows came from the legacy database: sequences, and where rows changed, what shows them. */
export function followScript(plan: FollowPlan, rowsChanged: boolean): string {
  const texts = follow(plan, rowsChanged).map(({ text }) => text);
  return [lookInto(plan.path), ...texts, lookInto([])].join(';\n');
}

function follow({ sequences, contents }: FollowPlan, rowsChanged: boolean): Statement[] {
  const shown = contents.views.filter(({ kind }) => rowsChanged && kind === 'materialized view');
  return [
    ...sequences.flatMap((value) =>
      setSequence(value, contents).map((text) => statement('value of the sequence', value.sequence, text)),
    ),
    ...shown.map((view) =>
      statement('contents of the view', view, `REFRESH MATERIALIZED VIEW ${quoteName(view)}`),
    ),
  ];
}

/** A foreign key by its table and its name. */
export interface KeyName {
  readonly table: QualifiedName;
  readonly constraint: string;
}

/** Foreign keys whose other end is in another database. */
function absentKeys(catalog: SchemaCatalog, map: TenancyMap, contents: Contents): KeyName[] {
  const isDropped = ({ table, constraint }: KeyName): boolean =>
    map.crossingKeys.some(
      (key) => key.outcome === 'dropped' && key.constraint === constraint && sameName(key.table, table),
    );
  return catalog.tables
    .filter(contents.has)
    .flatMap((table) =>
      table.foreignKeys
        .filter(
          (key) =>
            !contents.has(key.references) ||
            (contents.kind === 'clinic' && isDropped({ table, constraint: key.name })),
        )
        .map((key) => ({ table, constraint: key.name })),
    );
}

/** True for the statement that makes one of these keys, and for the comment on it. */
export function isAbout({ text }: Statement, keys: readonly KeyName[]): boolean {
  const adding = /^ALTER TABLE (?:ONLY )?/.exec(text)?.[0];
  const commenting = /^COMMENT ON CONSTRAINT /.exec(text)?.[0];
  if (adding !== undefined) {
    const table = readNames(text, adding.length);
    const add = /^\s+ADD CONSTRAINT /.exec(text.slice(table.end))?.[0];
    if (add === undefined) return false;
    const constraint = readNames(text, table.end + add.length);
    return keys.some((key) => isNamed(key.table, table.names) && key.constraint === constraint.names[0]);
  }
  if (commenting === undefined) return false;
  const constraint = readNames(text, commenting.length);
  const table = readNames(text, constraint.end + ' ON '.length);
  return keys.some((key) => isNamed(key.table, table.names) && key.constraint === constraint.names[0]);
}

function isNamed({ schema, name }: QualifiedName, names: readonly string[]): boolean {
  return names.length === 2 && names[0] === schema && names[1] === name;
}

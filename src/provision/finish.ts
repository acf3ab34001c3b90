import type { SchemaCatalog } from '../catalog/types.js';
import { RunError } from '../core/errors.js';
import { type QualifiedName, quoteName } from '../core/identifiers.js';
import { OWN_TABLES } from '../core/own-tables.js';
import type { Session } from '../core/ports.js';
import type { TenancyMap } from '../tenancy/types.js';
import { type Contents, contentsOf, type DatabaseKind } from './contents.js';
import { Replay } from './replay.js';
import { dump, hashOf, type LegacySource } from './schema-source.js';
import { readSequenceValues, type SequenceValue, setSequence } from './sequences.js';
import { adaptStatement, readNames, type Statement, splitStatements } from './sql-text.js';
import { readUses } from './uses.js';

/** Everything a database gets after its rows. */
export interface FinishPlan {
  readonly contents: Contents;
  /** Keys, indexes, triggers, policies, foreign keys, which prove the rows; then sequences, materialised views, statistics. */
  readonly replay: Replay;
  readonly fingerprint: string;
}

/** Reads from the legacy database what one kind of database gets after its rows. */
export async function readFinishPlan(source: LegacySource, kind: DatabaseKind): Promise<FinishPlan> {
  const contents = contentsOf(source.catalog, source.map, kind);
  const absent = absentKeys(source.catalog, source.map, contents);
  const statements = splitStatements(await dump(source, contents, 'post-data'))
    .filter((statement) => !isAbout(statement, absent))
    .map(adaptStatement)
    .filter((text) => text !== undefined);
  const values = await readSequenceValues(source.legacy, source.catalog);
  const place = kind === 'clinic' ? 'a clinic database' : 'the central database';
  const enablesPolicies = ({ text }: Statement): boolean => ENABLES_POLICIES.test(text);
  const all = [
    ...statements.filter((statement) => !enablesPolicies(statement)),
    ...lastStatements(contents, values),
    ...statements.filter(enablesPolicies),
  ];
  return {
    contents,
    replay: new Replay(all, source.catalog.namePath, await readUses(source.legacy), place),
    fingerprint: hashOf(statements.map(({ text }) => text)),
  };
}

/**
 * Gives a database its keys, indexes, foreign keys, triggers, sequence values and statistics; all of it or nothing.
 * One that has them is left alone. A foreign key that fails names rows that were wrong in the legacy database too, or
 * a way from row to clinic that the map does not know.
 */
export async function finishDatabase(session: Session, plan: FinishPlan): Promise<void> {
  await session.execute(OWN_TABLES);
  const done = await session.query('SELECT FROM clinic_migrate.finished');
  if (done.length > 0) return;
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
function lastStatements(contents: Contents, values: readonly SequenceValue[]): Statement[] {
  const statement = (type: string, { schema, name }: QualifiedName, text: string): Statement => ({
    text,
    skeleton: text,
    heading: { type, schema, name },
  });
  return [
    ...values.flatMap((value) =>
      setSequence(value, contents).map((text) => statement('value of the sequence', value.sequence, text)),
    ),
    ...contents.views
      .filter(({ kind }) => kind === 'materialized view')
      .map((view) => statement('contents of the view', view, `REFRESH MATERIALIZED VIEW ${quoteName(view)}`)),
    ...contents.tables
      .filter(({ kind }) => kind !== 'foreign')
      .map((table) => statement('statistics of the table', table, `ANALYZE ${quoteName(table)}`)),
  ];
}

interface KeyName {
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
function isAbout({ text }: Statement, keys: readonly KeyName[]): boolean {
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

function sameName(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.name === b.name;
}

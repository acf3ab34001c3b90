import type { SchemaCatalog } from '../catalog/types.js';
import { type QualifiedName, quoteName } from '../core/identifiers.js';
import { lookInto } from '../core/name-path.js';
import { OWN_TABLES } from '../core/own-tables.js';
import type { Session } from '../core/ports.js';
import type { TenancyMap } from '../tenancy/types.js';
import { type Contents, contentsOf, type DatabaseKind } from './contents.js';
import { dump, hashOf, type LegacySource } from './schema-source.js';
import { readSequenceValues, type SequenceValue, setSequence } from './sequences.js';
import { adaptStatement, emptiesPath, readNames, type Statement, splitStatements } from './sql-text.js';

/** Everything a database gets after its rows. */
export interface FinishPlan {
  readonly contents: Contents;
  /** Keys, indexes, triggers, policies; then the foreign keys, which prove the rows. */
  readonly statements: readonly string[];
  /** Where the statements find names without a schema, as the legacy database does. */
  readonly path: readonly string[];
  readonly sequences: readonly SequenceValue[];
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
  return {
    contents,
    statements,
    path: source.catalog.namePath,
    sequences: await readSequenceValues(source.legacy, source.catalog),
    fingerprint: hashOf(statements),
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
  const tables = plan.contents.tables.filter(({ kind }) => kind !== 'foreign').map(quoteName);
  await session.transaction(async () => {
    // One script, one round trip: with hundreds of clinics the waiting would outweigh the work.
    await session.execute(script(plan));
    if (tables.length > 0) await session.execute(`ANALYZE ${tables.join(', ')}`);
    await session.execute(lookInto([]));
    await session.query('INSERT INTO clinic_migrate.finished (fingerprint) VALUES ($1)', [plan.fingerprint]);
  });
}

/** Policies bind even the owner where they are forced, so they come once nothing is left to be read as him. */
const ENABLES_POLICIES = /^ALTER TABLE .* ENABLE ROW LEVEL SECURITY$/s;

function script({ statements, path, sequences, contents }: FinishPlan): string {
  return [
    lookInto(path),
    ...statements.filter((text) => !emptiesPath(text) && !ENABLES_POLICIES.test(text)),
    ...sequences.flatMap((value) => setSequence(value, contents)),
    ...contents.views
      .filter(({ kind }) => kind === 'materialized view')
      .map((view) => `REFRESH MATERIALIZED VIEW ${quoteName(view)}`),
    ...statements.filter((text) => ENABLES_POLICIES.test(text)),
  ].join(';\n');
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

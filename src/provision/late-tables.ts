import { type QualifiedName, quoteName, sameName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import type { AccessPlan } from './access/plan.js';
import { type Contents, contentsOf } from './contents.js';
import { type FollowPlan, isAbout, type KeyName, readStatements } from './finish.js';
import type { LegacySource } from './schema-source.js';
import { setSequence } from './sequences.js';

/** What follows the rows of tables that central got later, as SQL; sequences of the others have gone on since. */
export async function lateScript(
  { sequences, contents }: FollowPlan,
  tables: readonly QualifiedName[],
  central: Session,
): Promise<string[]> {
  const views = contents.views.filter(({ kind }) => kind === 'materialized view');
  const empty = await central.query<{ i: number }>(
    `SELECT (i - 1)::int AS i FROM unnest($1::text[]) WITH ORDINALITY AS v (name, i)
       JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(v.name) WHERE NOT c.relispopulated ORDER BY v.i`,
    [views.map(quoteName)],
  );
  const isLate = (name: QualifiedName): boolean => tables.some((table) => sameName(table, name));
  return [
    ...sequences
      .filter(({ sequence: { ownedBy } }) => ownedBy !== undefined && isLate(ownedBy.table))
      .flatMap((value) => setSequence(value, contents)),
    ...empty.flatMap(({ i }) => views[i] ?? []).map((view) => `REFRESH MATERIALIZED VIEW ${quoteName(view)}`),
    ...tables.map((table) => `ANALYZE ${quoteName(table)}`),
  ];
}

/** Makes the foreign keys that the central database lacks, as SQL: the tables that they refer to had no rows before. */
export async function lackingKeys(
  source: LegacySource,
  access: AccessPlan,
  central: Session,
): Promise<string[]> {
  const contents = contentsOf(source.catalog, source.map, 'central');
  const lacking = await readLacking(contents, central);
  if (lacking.length === 0) return [];
  const statements = await readStatements(source, contents, access);
  return statements.filter((statement) => isAbout(statement, lacking)).map(({ text }) => text);
}

async function readLacking({ tables, has }: Contents, central: Session): Promise<KeyName[]> {
  const keys = tables.flatMap((table) =>
    table.foreignKeys
      .filter(({ references }) => has(references))
      .map(({ name }): KeyName => ({ table, constraint: name })),
  );
  const lacking = await central.query<{ i: number }>(
    `SELECT (i - 1)::int AS i FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (relation, name, i)
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c
                         WHERE c.conrelid = pg_catalog.to_regclass(k.relation) AND c.conname = k.name)`,
    [keys.map(({ table }) => quoteName(table)), keys.map(({ constraint }) => constraint)],
  );
  return lacking.flatMap(({ i }) => keys[i] ?? []);
}

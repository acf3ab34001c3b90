import { readCatalog } from '../catalog/read-catalog.js';
import type { SchemaCatalog } from '../catalog/types.js';
import type { Finding } from '../core/finding.js';
import { commandLine, inDatabase } from '../core/hints.js';
import { displayName, type QualifiedName, quoteLiteral, quoteName, sameName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { databaseOf, describeUrl } from '../core/urls.js';
import { withCasts } from './casts.js';
import { awaitRows, readFilled } from './central-receipts.js';
import { type Contents, contentsOf } from './contents.js';
import { isAbout, type KeyName, readStatements } from './finish.js';
import { loadPreData } from './load-schema.js';
import { overdueOf } from './overdue.js';
import type { Plan } from './plan.js';
import { dump } from './schema-source.js';
import { adaptStatements, type Heading, type Statement, splitStatements } from './sql-text.js';

/**
 * Gives a central database of an earlier version, or of an earlier map, what it lacks by today's plan; what it has stays
 * with its rows. Where the rows are there already, so are keys and indexes of the new tables, and split fills them.
 * Findings of severity error: nothing was changed. Under the run lock.
 */
export async function updateCentral(plan: Plan, central: Session): Promise<Finding[]> {
  const { options, centralData, uses } = plan;
  const contents = contentsOf(options.catalog, options.map, 'central');
  const present = await readPresent(options, central);
  const due = overdueOf(centralData.statements, present.preData);
  const stale = [
    ...(due.changed.length === 0 ? [] : [otherwise(plan, due.changed)]),
    ...tooMany(plan, contents, present.catalog),
  ];
  if (stale.length > 0) return stale;
  const filled = await readFilled(central);
  const isFilled = (table: QualifiedName): boolean => filled?.some((each) => sameName(each, table)) ?? false;
  const late = options.map.tables.filter((table) => contents.has(table) && !isFilled(table));
  const after = filled === undefined ? [] : await readAfter(plan, contents, waitingKeys(contents, isFilled));
  return loadPreData(
    central,
    { ...centralData, statements: [...due.statements, ...after] },
    uses,
    async () => {
      if (filled !== undefined) await awaitRows(central, late);
      await central.query('UPDATE clinic_migrate.installation SET central_fingerprint = $1', [
        centralData.fingerprint,
      ]);
    },
  );
}

/** What of our schemas is in the central database. */
async function readPresent(
  { dumper, centralUrl, catalog: legacy }: Plan['options'],
  central: Session,
): Promise<{ readonly catalog: SchemaCatalog; readonly preData: readonly Statement[] }> {
  const found = await central.query<{ name: string }>(
    'SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::text[])',
    [legacy.schemas],
  );
  const schemas = legacy.schemas.filter((schema) => found.some(({ name }) => name === schema));
  const catalog = await readCatalog(central, schemas);
  if (schemas.length === 0) return { catalog, preData: [] };
  const text = await dumper.dump(centralUrl, { section: 'pre-data', schemas, excludeTables: [] });
  return { catalog, preData: adaptStatements(withCasts(splitStatements(text), catalog, { missing: [] })) };
}

/** Foreign keys of tables that have their rows to tables that have not: they come with the rows. */
function waitingKeys(contents: Contents, isFilled: (table: QualifiedName) => boolean): KeyName[] {
  const rootOf = (name: QualifiedName): QualifiedName =>
    contents.tables.find((table) => sameName(table, name))?.parent ?? name;
  return contents.tables
    .filter((table) => isFilled(rootOf(table)))
    .flatMap((table) =>
      table.foreignKeys
        .filter(({ references }) => !isFilled(rootOf(references)))
        .map(({ name }) => ({ table, constraint: name })),
    );
}

/** What follows rows and is not there; what is there otherwise, verify tells. */
async function readAfter(
  { options, access }: Plan,
  contents: Contents,
  waiting: readonly KeyName[],
): Promise<Statement[]> {
  const wanted = await readStatements(options, contents, access);
  const there = await dump(
    { dumper: options.dumper, legacyUrl: options.centralUrl, catalog: options.catalog },
    { ...contents, excluded: [] },
    'post-data',
  );
  return overdueOf(wanted, adaptStatements(splitStatements(there))).statements.filter(
    (statement) => !isAbout(statement, waiting),
  );
}

/** Rows may be in what would have to be made anew. */
function otherwise({ options, centralData }: Plan, changed: readonly Heading[]): Finding {
  const names = changed.map(({ type, schema, name }) => `the ${type.toLowerCase()} ${schema}.${name}`);
  const fingerprint = quoteLiteral(centralData.fingerprint);
  return {
    code: 'PROVISION_SCHEMA_STALE',
    severity: 'error',
    subject: databaseOf(options.centralUrl),
    message: `the central database ${describeUrl(options.centralUrl)} has the tables of an older legacy schema, and rows may be in them: ${names.join(', ')} differ${names.length === 1 ? 's' : ''}`,
    hint: `Make the same change in it and run ${commandLine('provision')}, which makes what is missing. Where nothing but the order of columns differs: ${inDatabase(databaseOf(options.centralUrl), `UPDATE clinic_migrate.installation SET central_fingerprint = ${fingerprint}`)}`,
  };
}

/** Tables of the legacy database that earlier went to central. */
function tooMany({ options }: Plan, contents: Contents, present: SchemaCatalog): Finding[] {
  const database = databaseOf(options.centralUrl);
  return present.tables
    .filter((table) => table.parent === undefined && !contents.has(table))
    .filter((table) => options.map.tables.some((each) => each.scope === 'clinic' && sameName(each, table)))
    .map((table) => ({
      code: 'PROVISION_SCHEMA_STALE',
      severity: 'error',
      subject: displayName(table),
      message: `the central database ${describeUrl(options.centralUrl)} has the table ${displayName(table)}, which by the configuration does not go there; rows may be in it`,
      hint: `Where nobody needs its rows there: ${inDatabase(database, `DROP TABLE ${quoteName(table)}`)} Then run ${commandLine('provision')}.`,
    }));
}

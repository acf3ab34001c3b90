import { pipeline } from 'node:stream/promises';
import { type Digest, sameDigest, showDigest } from '../catalog/digest.js';
import { RunError } from '../core/errors.js';
import { inDatabase } from '../core/hints.js';
import { displayName, quoteIdent, quoteLiteral, quoteName, sameName } from '../core/identifiers.js';
import { lookInto } from '../core/name-path.js';
import type { Session } from '../core/ports.js';
import { databaseOf } from '../core/urls.js';
import type { Clinic } from '../tenancy/types.js';
import { copyLargeObjects } from './copy-large-objects.js';
import { digestTables } from './digest-tables.js';
import { objectsOfCentral } from './large-objects.js';
import { isClinicTable, type TablePlan, tablesOf } from './plan.js';
import { quietTables, withoutKeys } from './refresh/quiet.js';
import type { Run } from './run.js';

/** Clinics that came after the central tables were copied. */
export async function lateClinics({ options, plans }: Run, central: Session): Promise<Clinic[]> {
  const plan = plans.find((each) => isClinicTable(options.map, each.table));
  if (plan === undefined) return [];
  const present = await central.query<{ key: string }>(
    `SELECT ${quoteIdent(options.map.clinicTable.key)}::text AS key FROM ${plan.rows}`,
  );
  const known = new Set(present.map((row) => row.key));
  return options.clinics.filter((clinic) => !known.has(clinic.key));
}

/** Gives clinics their row in the central directory of clinics, whose other rows stay as they are. */
export async function addClinics(run: Run, central: Session, late: readonly Clinic[]): Promise<void> {
  const { options, plans } = run;
  const plan = plans.find((each) => isClinicTable(options.map, each.table));
  if (plan === undefined || late.length === 0) return;
  const { key } = options.map.clinicTable;
  const keys = late.map((clinic) => quoteLiteral(clinic.key)).join(', ');
  await central.transaction(async () => {
    await copyRows(run, central, plan, `WHERE ${quoteIdent(key)}::text IN (${keys})`);
    await renewReceipt(central, plan);
    if (plan.mapped.largeObjects !== undefined) await addTheirObjects(run, central);
  });
}

async function addTheirObjects({ options, snapshot, largeObjects }: Run, session: Session): Promise<void> {
  const wanted = objectsOfCentral(await largeObjects(), options.unassignable === 'quarantine');
  await copyLargeObjects(
    snapshot.session,
    [{ session, role: undefined, wanted, adds: true }],
    () => undefined,
  );
}

/** The snapshot named in it stays that of the other tables. */
async function renewReceipt(central: Session, plan: TablePlan): Promise<Digest> {
  const [digest] = await digestTables(central, [{ rows: plan.rows, columns: plan.proof }]);
  if (digest === undefined) throw new Error(`${displayName(plan.table)} was not digested`);
  await central.query(
    'UPDATE clinic_migrate.receipts SET rows = $3, digest = $4, parts = NULL, stamp = NULL, copied_at = now() WHERE table_schema = $1 AND table_name = $2',
    [plan.table.schema, plan.table.name, digest.rows, showDigest(digest)],
  );
  return digest;
}

/** Tables that provision gave to a central database whose other tables had their rows. */
export async function lateTables({ plans }: Run, central: Session): Promise<TablePlan[]> {
  const late = await central.query<{ schema: string; name: string }>(
    `SELECT table_schema AS schema, table_name AS name FROM clinic_migrate.receipts WHERE copied_at = '-infinity'`,
  );
  return tablesOf(plans, true).filter(({ table }) => late.some((each) => sameName(each, table)));
}

/**
 * Fills them while clinics are served and the other tables have newer rows than the legacy database, so that those stay as they
 * are. All of it or nothing.
 */
export async function fillLateTables(run: Run, central: Session, late: readonly TablePlan[]): Promise<void> {
  const { options } = run;
  if (late.length === 0) return;
  await central.transaction(async () => {
    await central.execute(
      `LOCK TABLE ${late.map(({ table }) => quoteName(table)).join(', ')} IN SHARE ROW EXCLUSIVE MODE`,
    );
    await refuseFilled(run, central, late);
    const quiet = await quietTables(central, late);
    const keys = await withoutKeys(central, late);
    await runAll(central, [...quiet.before, ...keys.before]);
    for (const plan of late) await copyRows(run, central, plan);
    await runAll(central, [...keys.after, await options.afterLateTables(late.map(({ table }) => table))]);
    for (const plan of late) await proveRows(run, central, plan);
    if (late.some(({ mapped }) => mapped.largeObjects !== undefined)) await addTheirObjects(run, central);
    await runAll(central, quiet.after);
  });
}

const runAll = (session: Session, statements: readonly string[]): Promise<void> =>
  session.execute(statements.filter((sql) => sql !== '').join(';\n'));

/** What the application wrote there already, no copy may take away. */
async function refuseFilled({ options }: Run, central: Session, late: readonly TablePlan[]): Promise<void> {
  for (const { table, rows } of late) {
    const found = await central.query(`SELECT FROM ${rows} LIMIT 1`);
    if (found.length === 0) continue;
    throw new RunError(`${central.label}: ${displayName(table)} is to be filled, and holds rows already`, {
      hint: `Where they are no loss: ${inDatabase(databaseOf(options.central.url), `DELETE FROM ${quoteName(table)}`)} Then run split again.`,
    });
  }
}

async function copyRows(
  { options, snapshot }: Run,
  central: Session,
  plan: TablePlan,
  where = '',
): Promise<void> {
  const list = plan.columns.map(quoteIdent).join(', ');
  await central.execute(lookInto(options.catalog.namePath));
  await pipeline(
    snapshot.session.copyOut(`COPY (SELECT ${list} FROM ${plan.rows} ${where}) TO STDOUT`),
    central.copyIn(`COPY ${quoteName(plan.table)} (${list}) FROM STDIN`),
  );
  await central.execute(lookInto(options.catalog.readPath));
}

/** RunError where what arrived is not what the snapshot has. */
async function proveRows({ tally }: Run, central: Session, plan: TablePlan): Promise<void> {
  const digest = await renewReceipt(central, plan);
  if (sameDigest(digest, tally.surveyOf(plan).total)) return;
  throw new RunError(
    `${central.label}: ${displayName(plan.table)} would not hold what the legacy database has`,
    {
      hint: 'Compare its columns and what they compute with the legacy table; `clinic-migrate verify data` names what differs.',
    },
  );
}

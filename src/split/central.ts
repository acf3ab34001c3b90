import { pipeline } from 'node:stream/promises';
import { showDigest } from '../catalog/digest.js';
import { displayName, quoteIdent, quoteLiteral, quoteName } from '../core/identifiers.js';
import { lookInto } from '../core/name-path.js';
import type { Session } from '../core/ports.js';
import type { Clinic } from '../tenancy/types.js';
import { copyLargeObjects } from './copy-large-objects.js';
import { digestTables } from './digest-tables.js';
import { objectsOfCentral } from './large-objects.js';
import { isClinicTable, type TablePlan, tablesOf } from './plan.js';
import { QUARANTINE_SCHEMA } from './quarantine.js';
import { copyIsComplete, openReceipts } from './receipts.js';
import type { Run } from './run.js';
import { openTarget } from './targets.js';
import type { SplitOptions } from './types.js';

/** The central database's part in a pass. */
export interface OpenCentral {
  /** Undefined where the central tables are copied already, or stay where they are. */
  readonly session: Session | undefined;
  readonly quarantine: Session | undefined;
  /** True where an earlier run copied them, before clinics came that are not in the central directory of clinics. */
  readonly lacksClinics: boolean;
}

/** Opens what the run needs of the central database; close both sessions. */
export async function openCentral(run: Run): Promise<OpenCentral> {
  const { options, plans, fingerprint } = run;
  const { databases, central, unassignable } = options;
  const session = await openTarget(databases, central.url);
  try {
    const isComplete =
      central.holdsLegacy ||
      copyIsComplete(await openReceipts(session), tablesOf(plans, true), fingerprint, session.label);
    const late = isComplete && !central.holdsLegacy ? await lateClinics(run, session) : [];
    // What clinics in service have made of the other rows stays.
    if (central.serves) await addClinics(run, session, late);
    const quarantine = unassignable === 'quarantine' ? await openQuarantine(options) : undefined;
    if (!isComplete) return { session, quarantine, lacksClinics: false };
    await session.close();
    return { session: undefined, quarantine, lacksClinics: late.length > 0 && !central.serves };
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function openQuarantine({ databases, central }: SplitOptions): Promise<Session> {
  const session = await openTarget(databases, central.url);
  try {
    await session.execute(`CREATE SCHEMA IF NOT EXISTS ${QUARANTINE_SCHEMA}`);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Clinics that came after the central tables were copied. */
async function lateClinics({ options, plans }: Run, central: Session): Promise<Clinic[]> {
  const plan = plans.find((each) => isClinicTable(options.map, each.table));
  if (plan === undefined) return [];
  const present = await central.query<{ key: string }>(
    `SELECT ${quoteIdent(options.map.clinicTable.key)}::text AS key FROM ${plan.rows}`,
  );
  const known = new Set(present.map((row) => row.key));
  return options.clinics.filter((clinic) => !known.has(clinic.key));
}

/** Gives clinics their row in the central directory of clinics, whose other rows stay as they are. */
async function addClinics(run: Run, central: Session, late: readonly Clinic[]): Promise<void> {
  const { options, plans, snapshot } = run;
  const plan = plans.find((each) => isClinicTable(options.map, each.table));
  if (plan === undefined || late.length === 0) return;
  const { key } = options.map.clinicTable;
  const list = plan.columns.map(quoteIdent).join(', ');
  const keys = late.map((clinic) => quoteLiteral(clinic.key)).join(', ');
  const select = `SELECT ${list} FROM ${plan.rows} WHERE ${quoteIdent(key)}::text IN (${keys})`;
  await central.transaction(async () => {
    await central.execute(lookInto(options.catalog.namePath));
    await pipeline(
      snapshot.session.copyOut(`COPY (${select}) TO STDOUT`),
      central.copyIn(`COPY ${quoteName(plan.table)} (${list}) FROM STDIN`),
    );
    await central.execute(lookInto(options.catalog.readPath));
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
async function renewReceipt(central: Session, plan: TablePlan): Promise<void> {
  const [digest] = await digestTables(central, [{ rows: plan.rows, columns: plan.proof }]);
  if (digest === undefined) throw new Error(`${displayName(plan.table)} was not digested`);
  await central.query(
    'UPDATE clinic_migrate.receipts SET rows = $3, digest = $4, parts = NULL WHERE table_schema = $1 AND table_name = $2',
    [plan.table.schema, plan.table.name, digest.rows, showDigest(digest)],
  );
}

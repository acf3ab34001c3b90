import { type Digest, EMPTY_DIGEST, sameDigest } from '../catalog/digest.js';
import type { Finding } from '../core/finding.js';
import { commandLine, makeCopyAgain, UPDATE_CENTRAL } from '../core/hints.js';
import { displayName, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import { sideBySide } from '../core/side-by-side.js';
import { databaseOf } from '../core/urls.js';
import type { ClinicTarget } from '../provision/types.js';
import { expectedOf } from './conservation.js';
import { digestTables } from './digest-tables.js';
import { type TablePlan, tablesOf } from './plan.js';
import { quarantineOf } from './quarantine.js';
import { type CopyReceipt, isReceiptOf, readReceipts } from './receipts.js';
import type { Run } from './run.js';
import { ageOf, showAge } from './snapshot.js';
import { staleObjects } from './stale-objects.js';

/** What an earlier run left in one database, held against the survey of this run's snapshot. */
export interface CopyState {
  /** Undefined for the central database. */
  readonly target: ClinicTarget | undefined;
  readonly receipts: readonly CopyReceipt[];
  /** Tables whose receipt is not what the legacy database has for this database now. */
  readonly changed: readonly TableChange[];
  /** How many large objects are not what the legacy database has now; left out where they were not looked at. */
  readonly objects?: number;
}

type ClinicCopy = CopyState & { readonly target: ClinicTarget };

export interface TableChange {
  readonly plan: TablePlan;
  readonly receipt: CopyReceipt | undefined;
  readonly expected: Digest;
}

/** How old the copies of earlier runs are, and a finding for each that the legacy database has left behind. */
export async function stalenessOf(run: Run): Promise<Finding[]> {
  const { tally, snapshot, options } = run;
  // A refresh has said how old each copy is, what it left as it was, and why.
  if (options.refresh && !options.dryRun) return [];
  const copies = await copiesOf(run);
  for (const { target, receipts } of copies)
    tally.isCopyOf(target.clinic.key, receipts[0]?.snapshot, snapshot);
  return [...copies.flatMap((copy) => staleFindings(run, copy)), ...(await staleCentral(run))];
}

/** Clinics that the legacy database still has, and an earlier run copied. */
export function filledBefore({ tally, options }: Run): ClinicTarget[] {
  const keys = new Set(options.clinics.map(({ key }) => key));
  return tally.filledBefore().filter(({ clinic }) => keys.has(clinic.key));
}

/** Each database that an earlier run filled is opened once, `jobs` at a time. */
function copiesOf(run: Run): Promise<ClinicCopy[]> {
  const { databases, jobs } = run.options;
  return sideBySide(filledBefore(run), jobs, async (target) => {
    const session = await databases.connect(target.adminUrl, { readOnly: true });
    try {
      const objects = await staleObjects(run, session, target);
      return { ...copyState(run, target, await readReceipts(session)), target, objects };
    } finally {
      await session.close();
    }
  });
}

async function staleCentral(run: Run): Promise<Finding[]> {
  const { databases, central } = run.options;
  if (run.tally.isSpoiled(undefined)) return [];
  const session = await databases.connect(central.url, { readOnly: true });
  try {
    // What clinics in service have made of the central tables is not in the legacy database.
    const receipts = central.holdsLegacy || central.serves ? [] : await readReceipts(session);
    const findings =
      receipts.length === 0
        ? []
        : staleFindings(run, {
            ...copyState(run, undefined, receipts),
            objects: await staleObjects(run, session, undefined),
          });
    const aside = await staleQuarantine(run, session);
    if (aside.length === 0) return findings;
    const tables = aside.map(({ table }) => displayName(table)).join(', ');
    return [
      ...findings,
      {
        code: 'SPLIT_COPY_STALE',
        severity: 'error',
        subject: databaseOf(central.url),
        message: `quarantine does not hold the rows of ${tables} that have no place in the legacy database now`,
        hint: `Run ${commandLine('split', '--refresh')}.`,
      },
    ];
  } finally {
    await session.close();
  }
}

/** The same of one database; `target` is undefined for the central one. */
export function copyState(
  { plans, tally }: Run,
  target: ClinicTarget | undefined,
  receipts: readonly CopyReceipt[],
): CopyState {
  const byName = new Map(receipts.map((receipt) => [displayName(receipt.table), receipt]));
  const changed = tablesOf(plans, target === undefined).flatMap((plan): TableChange[] => {
    const survey = tally.surveyOf(plan);
    const expected = target === undefined ? survey.total : expectedOf(plan, survey, target.clinic.key);
    const receipt = byName.get(displayName(plan.table));
    return isReceiptOf(receipt, expected) ? [] : [{ plan, receipt, expected }];
  });
  return { target, receipts, changed };
}

/** One finding for a database that the legacy database has left behind; none where it is as the snapshot has it. */
export function staleFindings({ options, snapshot, fingerprint }: Run, state: CopyState): Finding[] {
  const { target, receipts, objects = 0 } = state;
  const database = target === undefined ? databaseOf(options.central.url) : target.database;
  const whose =
    target === undefined
      ? `the copy in the central database ${database}`
      : `the copy of clinic ${JSON.stringify(target.clinic.label)} (${target.clinic.key}) in ${database}`;
  const stale = { code: 'SPLIT_COPY_STALE', severity: 'error', subject: database } as const;
  if (receipts.some((receipt) => receipt.fingerprint !== fingerprint))
    return [
      {
        ...stale,
        message: `${whose} was made under another schema, tenancy map or configuration`,
        hint:
          target === undefined
            ? UPDATE_CENTRAL
            : `Go back to that configuration, or copy it again: ${makeCopyAgain(database, target.clinic.key)}`,
      },
    ];
  const changed = [
    ...state.changed.map(showChange),
    ...(objects === 0 ? [] : [`${objects} large ${objects === 1 ? 'object' : 'objects'}`]),
  ];
  if (changed.length === 0) return [];
  const age = ageOf(receipts[0]?.snapshot, snapshot);
  const old = age === undefined ? 'has no receipts' : `is ${showAge(age)} old`;
  return [
    {
      ...stale,
      message: `${whose} ${old}, and the legacy database has changed since: ${changed.join(', ')}`,
      hint: `Run ${commandLine('split', '--refresh', ...(target === undefined ? [] : [database]))}.`,
    },
  ];
}

function showChange({ plan, receipt, expected }: TableChange): string {
  const rows =
    receipt === undefined || receipt.rows === expected.rows
      ? `${expected.rows} rows`
      : `${receipt.rows} rows, now ${expected.rows}`;
  return `${displayName(plan.table)} (${rows})`;
}

/** Tables whose quarantine is not what has no place now. `central` is a session on the central database. */
export async function staleQuarantine(run: Run, central: Session): Promise<TablePlan[]> {
  const { plans, tally, options } = run;
  if (options.unassignable !== 'quarantine') return [];
  const routed = plans
    .filter((plan) => plan.clinics === 'each its own' && tally.copied(plan).quarantined === undefined)
    .map((plan) => ({ plan, name: quoteName(quarantineOf(plan, options.catalog).table) }));
  const found = await central.query<{ i: number }>(
    `SELECT (i - 1)::int AS i FROM unnest($1::text[]) WITH ORDINALITY AS n (name, i) WHERE to_regclass(name) IS NOT NULL`,
    [routed.map(({ name }) => name)],
  );
  const kept = found.flatMap(({ i }) => routed[i] ?? []);
  const digests = await digestTables(
    central,
    kept.map(({ plan, name }) => ({ rows: name, columns: plan.columns })),
  );
  const held = new Map(kept.map(({ plan }, i) => [plan, digests[i] ?? EMPTY_DIGEST]));
  return routed
    .map(({ plan }) => plan)
    .filter((plan) => !sameDigest(held.get(plan) ?? EMPTY_DIGEST, tally.surveyOf(plan).kept));
}

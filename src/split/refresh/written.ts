import { EMPTY_DIGEST } from '../../catalog/digest.js';
import type { Finding } from '../../core/finding.js';
import { commandLine } from '../../core/hints.js';
import { displayName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import { databaseOf } from '../../core/urls.js';
import type { ClinicTarget } from '../../provision/types.js';
import { digestTables } from '../digest-tables.js';
import type { TablePlan } from '../plan.js';
import { type CopyReceipt, isReceiptOf } from '../receipts.js';
import type { Run } from '../run.js';

/** Those that hold something else than their receipts say. Where the stamp is another, the rows themselves tell. */
export async function writtenTables(
  session: Session,
  receipts: readonly CopyReceipt[],
  plans: readonly TablePlan[],
  stamps: readonly string[],
): Promise<TablePlan[]> {
  const suspects = plans.filter((plan, i) => receiptFor(receipts, plan)?.stamp !== stamps[i]);
  const found = await digestTables(
    session,
    suspects.map(({ rows, proof }) => ({ rows, columns: proof })),
  );
  return suspects.filter((plan, i) => !isReceiptOf(receiptFor(receipts, plan), found[i] ?? EMPTY_DIGEST));
}

/** Whether what was written into a copy may be given up. */
export function mayOverwrite({ options }: Run, target: ClinicTarget | undefined): boolean {
  return options.overwrite === 'all' || (options.overwrite === 'clinics' && target !== undefined);
}

export function receiptFor(receipts: readonly CopyReceipt[], plan: TablePlan): CopyReceipt | undefined {
  const name = displayName(plan.table);
  return receipts.find(({ table }) => displayName(table) === name);
}

export function writtenFinding(
  { options }: Run,
  target: ClinicTarget | undefined,
  receipts: readonly CopyReceipt[],
  written: readonly TablePlan[],
): Finding {
  const database = target?.database ?? databaseOf(options.central.url);
  const tables = written.map(({ table }) => displayName(table)).join(', ');
  const since = receipts.length === 0 ? 'has no receipts' : 'was written to after it was copied';
  return {
    code: 'SPLIT_COPY_WRITTEN',
    severity: 'error',
    subject: database,
    message: `${database} ${since}: ${tables} hold rows that no receipt explains; nothing in it was changed`,
    hint: `Look at them; ${commandLine('split', '--refresh', '--yes', ...(target === undefined ? [] : [database]))} gives them up for what the legacy database has.`,
  };
}

import { displayName } from '../core/identifiers.js';
import type { ClinicTarget } from '../provision/types.js';
import type { CopiedRows } from './conservation.js';
import type { TableCopy } from './copy-table.js';
import { expectedRows, type TablePlan } from './plan.js';
import type { CopyReceipt } from './receipts.js';
import type { TableSurvey } from './survey.js';
import type { ClinicFigures, TableFigures } from './types.js';

interface ClinicTally {
  outcome: ClinicFigures['outcome'];
  receipts: CopyReceipt[];
  bytes: number;
}

interface TableTally {
  clinics: Map<string, number>;
  central: number | undefined;
  quarantined: number | undefined;
  bytes: number;
  seconds: number;
}

/** Adds up what one run did, as the receipts say it. */
export class Tally {
  private readonly perClinic = new Map<ClinicTarget, ClinicTally>();
  private readonly perTable = new Map<TablePlan, TableTally>();

  constructor(
    private readonly plans: readonly TablePlan[],
    private readonly surveys: readonly TableSurvey[],
    targets: readonly ClinicTarget[],
  ) {
    for (const target of targets)
      this.perClinic.set(target, {
        outcome: target.state === 'ready' ? 'was ready' : 'to copy',
        receipts: [],
        bytes: 0,
      });
    for (const plan of plans)
      this.perTable.set(plan, {
        clinics: new Map(),
        central: undefined,
        quarantined: undefined,
        bytes: 0,
        seconds: 0,
      });
  }

  /** An earlier run had copied this clinic and was stopped before it was ready. */
  wasCopied(target: ClinicTarget, receipts: readonly CopyReceipt[]): void {
    this.perClinic.set(target, { outcome: 'finished', receipts: [...receipts], bytes: 0 });
  }

  willCopy(target: ClinicTarget): void {
    this.perClinic.set(target, { outcome: 'copied', receipts: [], bytes: 0 });
  }

  /** One table of one pass. */
  add(plan: TablePlan, copy: TableCopy, seconds: number): void {
    const table = this.perTable.get(plan);
    if (table === undefined) return;
    table.seconds += seconds;
    for (const bytes of copy.bytes.values()) table.bytes += bytes;
    if (copy.quarantined !== undefined) table.quarantined = (table.quarantined ?? 0) + copy.quarantined;
    for (const [key, receipt] of copy.receipts) {
      if (key === undefined) table.central = receipt.rows;
      else table.clinics.set(key, receipt.rows);
    }
    for (const [target, clinic] of this.perClinic) {
      const receipt = copy.receipts.get(target.clinic.key);
      if (receipt === undefined) continue;
      clinic.receipts.push(receipt);
      clinic.bytes += copy.bytes.get(target.clinic.key) ?? 0;
    }
  }

  surveyOf(plan: TablePlan): TableSurvey {
    const name = displayName(plan.table);
    const found = this.surveys.find((survey) => displayName(survey.table) === name);
    if (found === undefined) throw new Error(`${name} was not surveyed`);
    return found;
  }

  copied(plan: TablePlan): CopiedRows {
    const { clinics, central, quarantined } = this.perTable.get(plan) ?? { clinics: new Map() };
    return { clinics, central, quarantined };
  }

  figures(): { clinics: ClinicFigures[]; tables: TableFigures[] } {
    return { clinics: this.clinicFigures(), tables: this.tableFigures() };
  }

  private clinicFigures(): ClinicFigures[] {
    return [...this.perClinic].map(([target, { outcome, receipts, bytes }]) => ({
      clinic: target.clinic,
      database: target.database,
      outcome,
      receipts,
      rows:
        outcome === 'to copy'
          ? this.plans.reduce(
              (sum, plan) => sum + expectedRows(plan, this.surveyOf(plan), target.clinic.key),
              0,
            )
          : receipts.reduce((sum, receipt) => sum + receipt.rows, 0),
      bytes,
    }));
  }

  private tableFigures(): TableFigures[] {
    return [...this.perTable].map(([plan, tally]) => ({
      table: displayName(plan.table),
      scope: plan.mapped.scope,
      rows: this.surveyOf(plan).rows,
      copied: [...tally.clinics.values()].reduce((sum, rows) => sum + rows, 0),
      central: tally.central ?? 0,
      quarantined: tally.quarantined ?? 0,
      bytes: tally.bytes,
      seconds: tally.seconds,
    }));
  }
}

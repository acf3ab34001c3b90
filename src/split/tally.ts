import { addDigests, type Digest, EMPTY_DIGEST, showDigest } from '../catalog/digest.js';
import { displayName } from '../core/identifiers.js';
import type { ClinicTarget } from '../provision/types.js';
import { type CopiedRows, expectedOf } from './conservation.js';
import type { Sent, TableCopy } from './copy-table.js';
import type { TablePlan } from './plan.js';
import type { CopyReceipt } from './receipts.js';
import type { TableRefresh } from './refresh/target.js';
import { ageOf, type Snapshot, timeOf } from './snapshot.js';
import type { TableSurvey } from './survey/types.js';
import type { ClinicFigures, ClinicTableFigures, TableFigures } from './types.js';

interface ClinicTally {
  outcome: ClinicFigures['outcome'];
  tables: ClinicTableFigures[];
  finishing: number;
  copyOf: ClinicFigures['copyOf'];
}

interface TableTally {
  readonly sent: Map<string | undefined, Sent>;
  readonly clinics: Map<string, Digest>;
  central: Digest | undefined;
  quarantined: Digest | undefined;
  refreshed: number;
  seconds: number;
}

/** Adds up what one run did, as the databases themselves say it. */
export class Tally {
  private readonly perClinic: ReadonlyMap<ClinicTarget, ClinicTally>;
  private readonly perTable: ReadonlyMap<string, TableTally>;
  private readonly byKey: ReadonlyMap<string, ClinicTarget>;
  private readonly spoiled = new Set<string | undefined>();
  private readonly byTable: ReadonlyMap<string, TableSurvey>;

  constructor(
    private readonly plans: readonly TablePlan[],
    surveys: readonly TableSurvey[],
    targets: readonly ClinicTarget[],
  ) {
    this.perClinic = new Map(
      targets.map((target) => {
        const outcome = target.state === 'ready' ? 'was ready' : 'to copy';
        return [target, { outcome, tables: [], finishing: 0, copyOf: undefined }];
      }),
    );
    this.byKey = new Map(targets.map((target) => [target.clinic.key, target]));
    this.byTable = new Map(surveys.map((survey) => [displayName(survey.table), survey]));
    this.perTable = new Map(
      plans.map((plan) => [
        displayName(plan.table),
        {
          sent: new Map(),
          clinics: new Map(),
          central: undefined,
          quarantined: undefined,
          refreshed: 0,
          seconds: 0,
        },
      ]),
    );
  }

  /** An earlier run had copied this clinic and was stopped before it was ready. */
  wasCopied(target: ClinicTarget, receipts: readonly CopyReceipt[]): void {
    const tally = this.clinicTally(target);
    tally.outcome = 'finished';
    tally.tables = receipts.map(({ table, rows, digest }) => ({
      table: displayName(table),
      rows,
      bytes: 0,
      seconds: 0,
      digest,
    }));
  }

  willCopy(target: ClinicTarget): void {
    this.clinicTally(target).outcome = 'copied';
  }

  /** Clinics whose rows an earlier run copied. */
  filledBefore(): ClinicTarget[] {
    return [...this.perClinic].flatMap(([target, { outcome }]) =>
      outcome === 'was ready' || outcome === 'finished' ? [target] : [],
    );
  }

  /** One table of one pass. */
  add(plan: TablePlan, copy: TableCopy, seconds: number): void {
    const table = this.tableTally(plan);
    table.seconds += seconds;
    for (const [key, sent] of copy.sent) table.sent.set(key, sent);
    if (copy.quarantined !== undefined)
      table.quarantined = addDigests(table.quarantined ?? EMPTY_DIGEST, copy.quarantined);
  }

  /** One database has committed these tables, and digested them itself; `key` is undefined for the central one. */
  sealed(
    key: string | undefined,
    copies: readonly { readonly plan: Pick<TablePlan, 'table'>; readonly digest: Digest }[],
  ): void {
    const target = key === undefined ? undefined : this.byKey.get(key);
    for (const { plan, digest } of copies) {
      const table = this.perTable.get(displayName(plan.table));
      if (table === undefined) continue;
      if (key === undefined) table.central = digest;
      else table.clinics.set(key, digest);
      if (target === undefined) continue;
      const { bytes, seconds } = table.sent.get(key) ?? { bytes: 0, seconds: 0 };
      this.clinicTally(target).tables.push({
        table: displayName(plan.table),
        rows: digest.rows,
        bytes,
        seconds,
        digest: showDigest(digest),
      });
    }
  }

  /** What this database holds is not what the legacy snapshot has for it: it must not be used. */
  spoil(key: string | undefined): void {
    this.spoiled.add(key);
    const target = key === undefined ? undefined : this.byKey.get(key);
    if (target !== undefined) this.clinicTally(target).outcome = 'differs';
  }

  isSpoiled(key: string | undefined): boolean {
    return this.spoiled.has(key);
  }

  /** An earlier run's copy was brought up to date; `tables` are those that had changed. */
  refreshed(
    key: string | undefined,
    tables: readonly TableRefresh[],
    snapshot: Pick<Snapshot, 'label'>,
  ): void {
    this.isCopyOf(key, snapshot.label, snapshot);
    const target = key === undefined ? undefined : this.byKey.get(key);
    if (target !== undefined)
      this.clinicTally(target).outcome = tables.length > 0 ? 'refreshed' : 'up to date';
    for (const { plan, digest, inserted, updated, deleted } of tables) {
      this.tableTally(plan).refreshed += inserted + updated + deleted;
      if (target === undefined) continue;
      this.clinicTally(target).tables.push({
        table: displayName(plan.table),
        rows: digest.rows,
        bytes: 0,
        seconds: 0,
        digest: showDigest(digest),
        changed: { inserted, updated, deleted },
      });
    }
  }

  /** Which snapshot a clinic's rows are of, by its label. */
  isCopyOf(key: string | undefined, label: string | undefined, now: Pick<Snapshot, 'label'>): void {
    const target = key === undefined ? undefined : this.byKey.get(key);
    const [at, age] = [label === undefined ? undefined : timeOf(label), ageOf(label, now)];
    if (target !== undefined && at !== undefined && age !== undefined)
      this.clinicTally(target).copyOf = { at: at.toISOString(), age };
  }

  /** A clinic has its keys and indexes. */
  finished(target: ClinicTarget, seconds: number): void {
    this.clinicTally(target).finishing = seconds;
  }

  surveyOf(plan: TablePlan): TableSurvey {
    const found = this.byTable.get(displayName(plan.table));
    if (found === undefined) throw new Error(`${displayName(plan.table)} was not surveyed`);
    return found;
  }

  /** Rows of the legacy snapshot that belong in this clinic's database. */
  expectedRows({ clinic }: ClinicTarget): number {
    return sum(this.plans.map((plan) => expectedOf(plan, this.surveyOf(plan), clinic.key).rows));
  }

  /** Rows of one table in all databases together. */
  expectedEverywhere(plan: TablePlan): number {
    const { rows } = this.surveyOf(plan).total;
    return plan.clinics === 'all' ? rows * (this.byKey.size + 1) : rows;
  }

  copied(plan: TablePlan): CopiedRows {
    return this.tableTally(plan);
  }

  figures(): { clinics: ClinicFigures[]; tables: TableFigures[] } {
    return { clinics: this.clinicFigures(), tables: this.tableFigures() };
  }

  private clinicFigures(): ClinicFigures[] {
    return [...this.perClinic].map(([target, { outcome, tables, finishing, copyOf }]) => ({
      clinic: target.clinic,
      database: target.database,
      outcome,
      tables,
      rows: outcome === 'to copy' ? this.expectedRows(target) : sum(tables.map(({ rows }) => rows)),
      bytes: sum(tables.map(({ bytes }) => bytes)),
      finishing,
      ...(copyOf === undefined ? {} : { copyOf }),
    }));
  }

  private tableFigures(): TableFigures[] {
    return this.plans.map((plan) => {
      const { sent, clinics, central, quarantined, refreshed, seconds } = this.tableTally(plan);
      return {
        table: displayName(plan.table),
        scope: plan.mapped.scope,
        rows: this.surveyOf(plan).total.rows,
        digest: showDigest(this.surveyOf(plan).total),
        copied: sum([...clinics.values()].map(({ rows }) => rows)),
        central: central?.rows ?? 0,
        quarantined: quarantined?.rows ?? 0,
        refreshed,
        bytes: sum([...sent.values()].map(({ bytes }) => bytes)),
        seconds,
      };
    });
  }

  private clinicTally(target: ClinicTarget): ClinicTally {
    const found = this.perClinic.get(target);
    if (found === undefined) throw new Error(`${target.database} is not part of this run`);
    return found;
  }

  private tableTally(plan: TablePlan): TableTally {
    const found = this.perTable.get(displayName(plan.table));
    if (found === undefined) throw new Error(`${displayName(plan.table)} is not part of this run`);
    return found;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

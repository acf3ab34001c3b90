import type { Finding } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import { expectedRows, type TablePlan } from './plan.js';
import type { TableSurvey } from './survey.js';

/** What the databases themselves counted after the copy of one table. */
export interface CopiedRows {
  /** By clinic key, the clinics copied in this run. */
  readonly clinics: ReadonlyMap<string, number>;
  /** Undefined where the central database was not copied in this run. */
  readonly central: number | undefined;
  /** Undefined where quarantine was not written in this run. */
  readonly quarantined: number | undefined;
}

/**
 * Compares a table of the legacy snapshot with what arrived: the survey's counts on one side, counts made in each
 * database on the other. Empty when nothing is lost and nothing is twice.
 */
export function conservationFindings(plan: TablePlan, survey: TableSurvey, copied: CopiedRows): Finding[] {
  const subject = displayName(plan.table);
  const lost = (place: string, expected: number, found: number): Finding[] =>
    expected === found
      ? []
      : [
          {
            code: 'SPLIT_NOT_CONSERVED',
            severity: 'error',
            subject,
            message: `${subject}: ${expected} rows of the legacy database belong in ${place}, and ${found} are there`,
          },
        ];
  const own = [...survey.perClinic.values()].reduce((sum, rows) => sum + rows, 0);
  const aside = survey.problems.reduce((sum, problem) => sum + problem.rows, 0);
  return [
    ...[...copied.clinics].flatMap(([key, found]) =>
      lost(`the database of clinic ${key}`, expectedRows(plan, survey, key), found),
    ),
    ...(plan.central && copied.central !== undefined
      ? lost('the central database', survey.rows, copied.central)
      : []),
    ...(copied.quarantined === undefined ? [] : lost('quarantine', aside, copied.quarantined)),
    ...(plan.clinics === 'each its own'
      ? lost('clinics, every clinic and quarantine together', survey.rows, own + survey.shared + aside)
      : []),
  ];
}

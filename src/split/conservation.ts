import { addDigests, type Digest, EMPTY_DIGEST, sameDigest } from '../catalog/digest.js';
import { RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import type { TablePlan } from './plan.js';
import type { TableSurvey } from './survey/types.js';

/** What the databases themselves hold after the copy of one table, as each of them counts and digests it. */
export interface CopiedRows {
  /** By clinic key, the clinics copied in this run. */
  readonly clinics: ReadonlyMap<string, Digest>;
  /** Undefined where the central database was not copied in this run. */
  readonly central: Digest | undefined;
  /** Undefined where quarantine was not written in this run. */
  readonly quarantined: Digest | undefined;
}

/** What a clinic's database must hold of a table. */
export function expectedOf(plan: TablePlan, survey: TableSurvey, key: string): Digest {
  if (plan.clinics === 'all') return survey.total;
  return plan.clinics === 'none'
    ? EMPTY_DIGEST
    : addDigests(survey.perClinic.get(key) ?? EMPTY_DIGEST, survey.shared);
}

/**
 * Compares a table of the legacy snapshot with what arrived, rows and digests: the survey on one side, what each
 * database found in itself on the other. Empty when nothing is lost, changed or twice.
 */
export function conservationFindings(plan: TablePlan, survey: TableSurvey, copied: CopiedRows): Finding[] {
  const subject = displayName(plan.table);
  const finding = (message: string): Finding => ({
    code: 'SPLIT_NOT_CONSERVED',
    severity: 'error',
    subject,
    message: `${subject}: ${message}`,
  });
  const compare = (place: string, expected: Digest, found: Digest): Finding[] => {
    if (sameDigest(expected, found)) return [];
    return expected.rows === found.rows
      ? [finding(`the ${found.rows} rows in ${place} are not those of the legacy database`)]
      : [
          finding(
            `${expected.rows} rows of the legacy database belong in ${place}, and ${found.rows} are there`,
          ),
        ];
  };
  const own = [...survey.perClinic.values()].reduce(addDigests, EMPTY_DIGEST);
  const parts = [own, survey.shared, survey.aside].reduce(addDigests, EMPTY_DIGEST);
  return [
    ...[...copied.clinics].flatMap(([key, found]) =>
      compare(`the database of clinic ${key}`, expectedOf(plan, survey, key), found),
    ),
    ...(plan.central && copied.central !== undefined
      ? compare('the central database', survey.total, copied.central)
      : []),
    ...(copied.quarantined === undefined ? [] : compare('quarantine', survey.kept, copied.quarantined)),
    ...(plan.clinics === 'each its own'
      ? compare('clinics, every clinic and quarantine together', survey.total, parts)
      : []),
  ];
}

/** RunError, before anything is committed, where there is not the number of rows that were sent. */
export function requireSent(
  session: Session,
  plan: Pick<TablePlan, 'table'>,
  sent: number,
  there: number,
): void {
  if (there === sent) return;
  throw new RunError(
    `copying ${displayName(plan.table)} into ${session.label}: ${sent} rows were sent and ${there} are there`,
    { hint: 'Look for a trigger or a rule in the clinic database, then run split again.' },
  );
}

import type { Finding } from '../../core/finding.js';
import { displayName } from '../../core/identifiers.js';
import type { ClinicTable, TenancyMap } from '../../tenancy/types.js';
import type { ProblemReason, TableSurvey } from './types.js';

/**
 * What a survey has to tell: one finding a problem, an error unless such rows are kept in quarantine. A clinic's own
 * row is never kept there: without it, its database could hold nothing that refers to it.
 */
export function surveyFindings(
  survey: TableSurvey,
  { unassignable, map }: { readonly unassignable: 'stop' | 'quarantine'; readonly map: TenancyMap },
): Finding[] {
  const subject = displayName(survey.table);
  const codes = {
    'no clinic': 'SPLIT_NO_CLINIC',
    'unknown clinic': 'SPLIT_UNKNOWN_CLINIC',
    'paths disagree': 'SPLIT_PATHS_DISAGREE',
    dangling: 'SPLIT_DANGLING',
  } as const;
  const says = {
    'no clinic': 'lead to no clinic',
    'unknown clinic': 'name a clinic that does not exist',
    'paths disagree': 'reach one clinic by one way and another clinic by another way',
    dangling: 'refer to rows that are not there, or to rows that do, although a foreign key forbids it',
  } as const;
  const mapped = map.tables.find((table) => displayName(table) === subject);
  const isClinics = subject === displayName(map.clinicTable);
  const isWhole = mapped?.scope !== 'clinic';
  const stops = isClinics || isWhole || unassignable === 'stop';
  const hintOf = (reason: ProblemReason): string => {
    const mayBeOther = reason === 'paths disagree' || reason === 'unknown clinic';
    const others = mayBeOther && mapped?.scope === 'clinic' ? otherClinicsLine(mapped) : '';
    if (isClinics)
      return `Correct these rows: a clinic’s own row has to be in its database, with what it refers to.${others}`;
    if (isWhole) return 'Correct or delete these rows: the table is copied whole, with this key.';
    return stops
      ? `Correct these rows, or set unassignable: 'quarantine' to keep them aside in the central database.${others}`
      : `They are kept in clinic_migrate_quarantine of the central database.${others}`;
  };
  return survey.problems.map(({ reason, rows, samples }) => ({
    code: codes[reason],
    severity: stops ? 'error' : 'warning',
    subject,
    message: `${rows} of ${survey.total.rows} rows of ${subject} ${says[reason]}: ${samples.join(' | ')}${rows > samples.length ? ' | …' : ''}`,
    hint: hintOf(reason),
  }));
}

/** The line of configuration for a column that rightly names another clinic, where the row has several ways. */
function otherClinicsLine(table: ClinicTable): string {
  const columns = [...table.rules.slice(1), ...table.witnesses].flatMap((way) =>
    way.kind === 'column' ? [JSON.stringify(way.column)] : [],
  );
  if (columns.length === 0) return '';
  const name = JSON.stringify(displayName(table));
  const [first] = columns;
  const all = [...(table.otherClinics ?? []).map((column) => JSON.stringify(column)), first];
  return ` If ${columns.join(' or ')} rightly names another clinic: tables: { ${name}: { otherClinics: [${all.join(', ')}] } }.`;
}

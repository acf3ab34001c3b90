import type { Finding } from '../../core/finding.js';
import { commandLine, makeCopyAgain } from '../../core/hints.js';
import { databaseOf } from '../../core/urls.js';
import type { Subject } from './subject.js';

/** The same findings, each with what ends it where the check itself had nothing better to say. */
export function withMends(findings: readonly Finding[], subject: Subject): Finding[] {
  return findings.map((finding) => {
    const hint = finding.hint ?? mendOf(finding.code, subject);
    return hint === undefined ? finding : { ...finding, hint };
  });
}

/** Brings what split copied up to date, whoever has written to it. */
export function refresh(...clinics: readonly string[]): string {
  return `Run ${commandLine('split', '--refresh', '--yes', ...clinics)}: it gives up what the legacy database does not have.`;
}

/** A clinic that is served has rows that are nowhere else: a person has to find out what became of them. */
function mendOf(code: Finding['code'], subject: Subject): string | undefined {
  const { clinic, compare } = subject;
  switch (code) {
    case 'DATA_ROWS_MISSING':
    case 'DATA_ROWS_EXTRA':
    case 'DATA_ROWS_CHANGED':
    case 'DATA_FOREIGN_ROWS':
    case 'DATA_ORPHANS':
      return compare ? refresh(...(clinic === undefined ? [] : [clinic.key])) : undefined;
    case 'DATA_LARGE_OBJECTS_MISSING':
    case 'DATA_LARGE_OBJECTS_CHANGED':
    case 'DATA_LARGE_OBJECTS_FOREIGN':
    case 'DATA_SCHEMA_DRIFT':
    case 'DATA_SETTING_DIFFERS':
      return compare ? makeAgain(subject) : undefined;
    case 'DATA_DATABASE_MISSING':
      return clinic === undefined
        ? undefined
        : `Restore it from a backup if the clinic is served from it. Else run ${commandLine('provision', clinic.key)} and ${commandLine('split', clinic.key)}.`;
    default:
      return undefined;
  }
}

/** For what no statement mends; a copy holds nothing that the legacy database has not. */
export function makeAgain({ clinic, url }: Subject): string | undefined {
  if (clinic === undefined) return undefined;
  return `Make the copy again: ${makeCopyAgain(databaseOf(url), clinic.key)}`;
}

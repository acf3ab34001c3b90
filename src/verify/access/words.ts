import type { Finding } from '../../core/finding.js';
import { quoteIdent } from '../../core/identifiers.js';
import type { ClinicTarget } from '../../provision/types.js';
import { showClinic, showKey } from '../data/words.js';

/** How a finding says which statements end it, and where they are run. */
export function inDatabase(database: string, ...statements: readonly string[]): string {
  return `In database ${quoteIdent(database)}: ${statements.join('; ')};`;
}

/** For what belongs to a whole server, and is mended from any of its databases. */
export function onServer(...statements: readonly string[]): string {
  return inDatabase('postgres', ...statements);
}

/** A finding about a clinic: what is said follows its name. */
export function ofClinic(
  code: Finding['code'],
  target: ClinicTarget,
  subject: string,
  what: string,
  hint: string,
  severity: Finding['severity'] = 'error',
): Finding {
  return { code, severity, subject, message: `${showClinic(target.clinic)}: ${what}`, hint };
}

/** A grantee as SQL has it; NULL is PUBLIC. */
export function granteeSql(grantee: string | null): string {
  return grantee === null ? 'PUBLIC' : quoteIdent(grantee);
}

/** Every one of these names, since each is somebody who gets in. */
export function allNames(names: readonly string[]): string {
  return names.map(showKey).join(', ');
}

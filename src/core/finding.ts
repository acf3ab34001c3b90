import type { FindingCode } from './finding-codes.js';

export type Severity = 'error' | 'warning' | 'info';

/** Where in a source file a finding stands; lines and columns count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * One thing a person should know: the only currency of reports. `code` is stable and documented in
 * docs/findings.md; `subject` names what it is about (a table, a clinic, a model).
 */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly message: string;
  readonly subject?: string;
  readonly location?: Location;
  readonly hint?: string;
}

/** True when a finding of this list must stop the step that found it. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error');
}

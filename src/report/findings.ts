import type { Finding, Severity } from '../core/finding.js';
import type { Report } from './report.js';

const ORDER: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

/** The findings for a person, worst first, without those that one of the report's tables says already. */
export function findingsToPrint({ findings, tables = [] }: Report): Finding[] {
  const said = new Set(tables.flatMap(({ says = [] }) => says));
  return findings.filter(({ code }) => !said.has(code)).sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}

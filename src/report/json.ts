import { printableJson } from '../core/printable.js';
import type { Report } from './report.js';

/** The report as one JSON object, two-space indented; the members that the command-line contract names. */
export function jsonReport(report: Report): string {
  const { command, ok, summary, findings, data } = report;
  return `${printableJson(JSON.stringify({ command, ok, summary, findings, ...data }, null, 2))}\n`;
}

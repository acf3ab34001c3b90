import { isAbsolute, relative } from 'node:path';
import type { Finding } from '../core/finding.js';
import { oneLine, printable } from '../core/printable.js';
import type { Report } from './report.js';

const LEVEL = { error: 'error', warning: 'warning', info: 'notice' } as const;

/**
 * Findings as GitHub workflow commands, which show up beside the lines of a pull request. Paths relative to
 * `directory`, the checkout.
 */
export function githubReport(report: Report, directory: string): string {
  return report.findings.map((finding) => `${annotation(finding, directory)}\n`).join('');
}

function annotation(finding: Finding, directory: string): string {
  const { location } = finding;
  const properties = [
    ...(location === undefined
      ? []
      : [
          `file=${property(oneLine(isAbsolute(location.file) ? relative(directory, location.file) : location.file))}`,
          `line=${location.line}`,
          `col=${location.column}`,
        ]),
    `title=${property(finding.code)}`,
  ];
  const text = finding.hint === undefined ? finding.message : `${finding.message}\n${finding.hint}`;
  return `::${LEVEL[finding.severity]} ${properties.join(',')}::${data(printable(text))}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

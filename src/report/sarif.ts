import { isAbsolute, relative, sep } from 'node:path';
import type { Finding } from '../core/finding.js';
import { FINDINGS } from '../core/finding-codes.js';
import { printable, printableJson } from '../core/printable.js';
import type { Report } from './report.js';

const LEVEL = { error: 'error', warning: 'warning', info: 'note' } as const;

/**
 * Findings as a SARIF 2.1.0 log, with paths relative to `directory`.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarifReport(report: Report, directory: string, version: string): string {
  const codes = [...new Set(report.findings.map(({ code }) => code))];
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'clinic-migrate',
            semanticVersion: version,
            rules: codes.map((code) => ({
              id: code,
              shortDescription: { text: FINDINGS[code].cause },
              help: { text: FINDINGS[code].mend },
            })),
          },
        },
        results: report.findings.map((finding) => result(finding, directory, codes.indexOf(finding.code))),
      },
    ],
  };
  return `${printableJson(JSON.stringify(log, null, 2))}\n`;
}

function result(finding: Finding, directory: string, ruleIndex: number): object {
  const { code, severity, message, hint, location } = finding;
  return {
    ruleId: code,
    ruleIndex,
    level: LEVEL[severity],
    message: { text: printable(hint === undefined ? message : `${message} ${hint}`) },
    ...(location && {
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: uri(location.file, directory) },
            region: { startLine: location.line, startColumn: location.column },
          },
        },
      ],
    }),
  };
}

function uri(file: string, directory: string): string {
  const path = isAbsolute(file) ? relative(directory, file) : file;
  return path.split(sep).map(encodeURIComponent).join('/');
}

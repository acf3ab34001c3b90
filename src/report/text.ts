import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { Finding } from '../core/finding.js';
import { oneLine, printable, printableSource } from '../core/printable.js';
import { numericColumns, summaryFacts } from './facts.js';
import { findingsToPrint } from './findings.js';
import { formatNumber } from './numbers.js';
import type { Report, ReportTable } from './report.js';

/** The report for a person: text, tables, findings (worst first), the summary in one line. */
export function textReport(report: Report, paint: ChalkInstance): string {
  const parts = [
    report.text === undefined ? undefined : printableSource(report.text),
    ...(report.tables ?? []).map((table) => drawTable(table, paint)),
    ...findingsToPrint(report).map((finding) => drawFinding(finding, paint)),
    lastLine(report, paint),
  ];
  return `${parts.filter((part) => part !== undefined && part !== '').join('\n\n')}\n`;
}

function drawTable(data: ReportTable, paint: ChalkInstance): string {
  const { title, head, rows, says = [] } = data;
  const table = new Table({
    head: head.map((name) => paint.bold(oneLine(name))),
    colAligns: numericColumns(data).map((isNumber) => (isNumber ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
    chars: { ...NO_LINES, middle: '  ', mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const row of rows) {
    table.push(row.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : oneLine(cell))));
  }
  const lines = table
    .toString()
    .split('\n')
    .map((line) => `  ${line.trimEnd()}`)
    .join('\n');
  if (title === undefined) return lines;
  const codes = says.length === 0 ? '' : `  ${paint.dim(says.join(', '))}`;
  return `${paint.underline(oneLine(title))}${codes}\n${lines}`;
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  right: '',
};

function drawFinding(finding: Finding, paint: ChalkInstance): string {
  const colour = { error: paint.red, warning: paint.yellow, info: paint.cyan }[finding.severity];
  const { location, hint } = finding;
  const place =
    location === undefined
      ? ''
      : ` ${paint.dim(`${oneLine(location.file)}:${location.line}:${location.column}`)}`;
  const lines = [
    `${colour(finding.severity)} ${paint.bold(finding.code)}${place}`,
    `  ${printable(finding.message)}`,
  ];
  if (hint !== undefined) lines.push(paint.dim(`  ${printable(hint)}`));
  return lines.join('\n');
}

function lastLine(report: Report, paint: ChalkInstance): string {
  const facts = summaryFacts(report)
    .map(([name, value]) => `${oneLine(name)} ${oneLine(value)}`)
    .join(' · ');
  const mark = report.ok ? paint.green('✔') : paint.red('✖');
  return `${mark} ${paint.bold(report.command)}${facts === '' ? '' : `  ${facts}`}`;
}

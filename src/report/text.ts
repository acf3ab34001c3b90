import type { ChalkInstance } from 'chalk';
import Table from 'cli-table3';
import type { Finding, Severity } from '../core/finding.js';
import { formatNumber } from './numbers.js';
import { oneLine, printable } from './printable.js';
import type { Report, ReportTable } from './report.js';

/** The report for a person: text, tables, findings (worst first), the summary in one line. */
export function textReport(report: Report, paint: ChalkInstance): string {
  const parts = [
    report.text,
    ...(report.tables ?? []).map((table) => drawTable(table, paint)),
    ...sortFindings(report.findings).map((finding) => drawFinding(finding, paint)),
    lastLine(report, paint),
  ];
  return `${parts.filter((part) => part !== undefined && part !== '').join('\n\n')}\n`;
}

const ORDER: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}

function drawTable({ title, head, rows }: ReportTable, paint: ChalkInstance): string {
  const numeric = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const table = new Table({
    head: head.map((name) => paint.bold(name)),
    colAligns: numeric.map((isNumber) => (isNumber ? 'right' : 'left')),
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
  return title === undefined ? lines : `${paint.underline(title)}\n${lines}`;
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
    location === undefined ? '' : ` ${paint.dim(`${location.file}:${location.line}:${location.column}`)}`;
  const lines = [
    `${colour(finding.severity)} ${paint.bold(finding.code)}${place}`,
    `  ${printable(finding.message)}`,
  ];
  if (hint !== undefined) lines.push(paint.dim(`  ${printable(hint)}`));
  return lines.join('\n');
}

function lastLine(report: Report, paint: ChalkInstance): string {
  const facts = Object.entries(report.summary)
    .map(
      ([name, value]) =>
        `${words(name)} ${typeof value === 'number' ? formatNumber(value) : printable(String(value))}`,
    )
    .join(' · ');
  const mark = report.ok ? paint.green('✔') : paint.red('✖');
  return `${mark} ${paint.bold(report.command)}${facts === '' ? '' : `  ${facts}`}`;
}

function words(name: string): string {
  return name.replaceAll(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
}

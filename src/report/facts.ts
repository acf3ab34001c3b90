import { formatNumber } from './numbers.js';
import type { Report, ReportTable } from './report.js';

/** The summary for a person: `['checked rows', '1,200']`. The values are foreign text. */
export function summaryFacts({ summary }: Report): [name: string, value: string][] {
  return Object.entries(summary).map(([name, value]) => [
    name.replaceAll(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`),
    typeof value === 'number' ? formatNumber(value) : String(value),
  ]);
}

/** For each column of a table whether it holds numbers alone. */
export function numericColumns({ head, rows }: ReportTable): boolean[] {
  return head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
}

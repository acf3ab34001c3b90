import type { Finding, Severity } from '../core/finding.js';
import { numericColumns, summaryFacts } from './facts.js';
import { findingsToPrint } from './findings.js';
import { PAGE_STYLE } from './html-style.js';
import { formatNumber } from './numbers.js';
import type { Report, ReportTable } from './report.js';
import { svgReport } from './svg.js';
import { escapeXml, escapeXmlSource } from './xml.js';

/**
 * The report as one page that needs nothing else: no script, no font, no network. It is well-formed XML too. The same
 * report gives the same bytes.
 */
export async function htmlReport(report: Report): Promise<string> {
  const title = `clinic-migrate ${escapeXml(report.command)}`;
  const tables = report.tables ?? [];
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8"/>',
    // Names of the database are escaped; should one slip through, it could still load and run nothing.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    '<meta name="color-scheme" content="light dark"/>',
    `<title>${title}</title>`,
    `<style>${PAGE_STYLE}</style>`,
    '</head>',
    '<body>',
    `<header><h1>${title}</h1>${summary(report)}</header>`,
    '<main>',
    ...(report.text === undefined ? [] : [`<pre>${escapeXmlSource(report.text)}</pre>`]),
    ...(report.graph === undefined ? [] : [picture(await svgReport(report.graph))]),
    ...tables.map(drawTable),
    findings(findingsToPrint(report)),
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function summary(report: Report): string {
  const facts = summaryFacts(report).map(
    ([name, value]) => `<div><dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd></div>`,
  );
  const verdict = report.ok
    ? '<p class="verdict ok">✔ Nothing is in the way</p>'
    : '<p class="verdict held">✖ Something is in the way: see the findings</p>';
  return `${verdict}<dl>${facts.join('')}</dl>`;
}

function picture(svg: string): string {
  return [
    '<section aria-labelledby="picture">',
    '<h2 id="picture">Tenancy map</h2>',
    '<figure>',
    '<div class="scroll" tabindex="0" role="region" aria-labelledby="picture">',
    svg.trimEnd(),
    '</div>',
    '<figcaption>An arrow leads from a table to the table that its rows refer to. The lists below say the same in words.</figcaption>',
    '</figure>',
    '</section>',
  ].join('\n');
}

function drawTable(table: ReportTable, at: number): string {
  const { title = '', head, rows, says = [] } = table;
  const numeric = numericColumns(table);
  const kind = (column: number): string => (numeric[column] === true ? ' class="number"' : '');
  const cell = (value: string | number, column: number): string => {
    const text = escapeXml(typeof value === 'number' ? formatNumber(value) : value);
    return column === 0 ? `<th scope="row">${text}</th>` : `<td${kind(column)}>${text}</td>`;
  };
  const codes = says.map((code) => ` <code>${code}</code>`).join('');
  return [
    `<section aria-labelledby="table-${at}">`,
    `<h2 id="table-${at}">${escapeXml(title)}${codes}</h2>`,
    `<div class="scroll" tabindex="0" role="region" aria-labelledby="table-${at}">`,
    `<table aria-labelledby="table-${at}">`,
    `<thead><tr>${head.map((name, column) => `<th scope="col"${kind(column)}>${escapeXml(name)}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`),
    '</tbody>',
    '</table>',
    '</div>',
    '</section>',
  ].join('\n');
}

const SIGNS: Record<Severity, string> = { error: '✖', warning: '▲', info: 'ℹ' };

function findings(list: readonly Finding[]): string {
  const items = list.map(
    ({ code, severity, message, hint }) =>
      `<li class="${severity}"><p><span class="severity">${SIGNS[severity]} ${severity}</span> <code>${code}</code></p><p>${escapeXml(message)}</p>${hint === undefined ? '' : `<p class="hint">${escapeXml(hint)}</p>`}</li>`,
  );
  return [
    '<section aria-labelledby="findings">',
    '<h2 id="findings">Findings</h2>',
    items.length === 0 ? '<p>None.</p>' : `<ul class="findings">\n${items.join('\n')}\n</ul>`,
    '</section>',
  ].join('\n');
}

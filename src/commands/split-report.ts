import { type Finding, hasErrors } from '../core/finding.js';
import type { Report, ReportTable } from '../report/report.js';
import { showAge } from '../split/snapshot.js';
import type { ClinicFigures, SplitResult } from '../split/types.js';

/** What split says of its run; `result` is undefined where nothing was looked at. */
export function splitReport(
  result: SplitResult | undefined,
  findings: readonly Finding[],
  dryRun: boolean,
): Report {
  const clinics = result?.clinics ?? [];
  const tables = result?.tables ?? [];
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  const refreshed = clinics.filter(({ outcome }) => outcome === 'refreshed' || outcome === 'up to date');
  return {
    command: 'split',
    ok: !hasErrors(findings),
    summary: {
      clinics: clinics.length,
      ...(dryRun ? {} : { copied: clinics.filter(({ outcome }) => outcome === 'copied').length }),
      ...(refreshed.length === 0
        ? {}
        : {
            refreshed: refreshed.length,
            'rows refreshed': sum(tables.map((table) => table.refreshed)),
          }),
      'rows in legacy': sum(tables.map(({ rows }) => rows)),
      'rows copied': sum(tables.map(({ copied }) => copied)),
      'rows to central': sum(tables.map(({ central }) => central)),
      quarantined: sum(tables.map(({ quarantined }) => quarantined)),
      ...(result === undefined || result.largeObjects === 0 ? {} : { 'large objects': result.largeObjects }),
      bytes: sum(tables.map(({ bytes }) => bytes)),
    },
    findings,
    data: {
      tables,
      clinics: clinics.map(({ clinic, ...rest }) => ({ ...clinic, ...rest })),
    },
    tables: [
      {
        title: 'Tables',
        head: ['table', 'scope', 'rows', 'to clinics', 'to central', 'quarantined', 'seconds'],
        rows: tables.map((table) => [
          table.table,
          table.scope,
          table.rows,
          table.copied,
          table.central,
          table.quarantined,
          hundredths(table.seconds),
        ]),
      },
      {
        title: 'Clinics',
        head: ['key', 'name', 'database', 'rows', 'bytes', 'seconds for keys', 'age of the copy', ''],
        rows: clinics.map(({ clinic, database, rows, bytes, finishing, copyOf, outcome }) => [
          clinic.key,
          clinic.label,
          database,
          rows,
          bytes,
          hundredths(finishing),
          copyOf === undefined ? '' : showAge(copyOf.age),
          outcome,
        ]),
      },
      ...clinicTables(clinics),
    ],
  };
}

// More would bury what a person looks for; the JSON report has them all.
const MOST_LINES = 500;

function clinicTables(clinics: readonly ClinicFigures[]): ReportTable[] {
  const rows = clinics.flatMap(({ database, tables }) =>
    tables
      .filter((table) => table.rows > 0)
      .map(({ table, rows: count, bytes, seconds, digest }) => [
        database,
        table,
        count,
        bytes,
        hundredths(seconds),
        digest,
      ]),
  );
  if (rows.length === 0 || rows.length > MOST_LINES) return [];
  return [
    {
      title: 'Clinics, table by table',
      head: ['database', 'table', 'rows', 'bytes', 'seconds', 'digest'],
      rows,
    },
  ];
}

function hundredths(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

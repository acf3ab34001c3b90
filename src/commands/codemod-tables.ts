import type { Proven } from '../codemods/proof/prove.js';
import type { Finding } from '../core/finding.js';
import type { SiteClass } from '../project/calls/call-sites.js';
import type { ReportTable } from '../report/report.js';

/** The figures of a run in one line. */
export function counts({ findings, account }: Proven): Record<string, number> {
  const left = findings.filter(({ severity }) => severity === 'error').length;
  return {
    'routes migrated': account.routes,
    'functions threaded': account.functions,
    'left for a person': left,
    notes: findings.length - left,
  };
}

/** Call sites by class and what becomes of them; what is left for a person by code. */
export function codemodTables({ account, findings }: Proven): ReportTable[] {
  const classes = new Map<SiteClass, { rewritten: number; left: number; stays: number }>();
  for (const { kind, outcome } of account.sites) {
    const known = classes.get(kind) ?? { rewritten: 0, left: 0, stays: 0 };
    known[outcome] += 1;
    classes.set(kind, known);
  }
  const sites = [...classes].map(([kind, { rewritten, left, stays }]) => [kind, rewritten, left, stays]);
  return [
    { title: 'Call sites', head: ['receiver', 'rewritten', 'left', 'stays'], rows: sites },
    { title: 'Left for a person', head: ['code', 'places'], rows: byCode(findings) },
  ].filter(({ rows }) => rows.length > 0);
}

function byCode(findings: readonly Finding[]): [string, number][] {
  const places = new Map<string, number>();
  for (const { code, severity } of findings)
    if (severity === 'error') places.set(code, (places.get(code) ?? 0) + 1);
  return [...places].sort(([, a], [, b]) => b - a);
}

import { join } from 'node:path';
import { readSettingsPlan } from '../catalog/read-settings-plan.js';
import { requireSection } from '../config/sections.js';
import { type Finding, hasErrors } from '../core/finding.js';
import { displayName, type QualifiedName } from '../core/identifiers.js';
import { databaseOf } from '../core/urls.js';
import { readAccessPlan } from '../provision/access/read-plan.js';
import { largeObjectFindings } from '../provision/large-objects.js';
import { nameClinics } from '../provision/naming.js';
import { settingFindings } from '../provision/settings.js';
import type { Report, ReportTable } from '../report/report.js';
import { largeObjectNeedFindings } from '../split/large-object-findings.js';
import { readLargeObjectNeeds } from '../split/large-object-needs.js';
import { openSnapshot } from '../split/snapshot.js';
import { surveyDatabase } from '../split/survey/database.js';
import type { TableSurvey } from '../split/survey/types.js';
import { buildGraph } from '../tenancy/graph.js';
import { serializeMap } from '../tenancy/saved-map.js';
import { tableKey } from '../tenancy/tables.js';
import type { Clinic, CrossingKey } from '../tenancy/types.js';
import type { Command, Context } from './command.js';
import { legacyFindings, readTenancy, type Tenancy } from './tenancy.js';

/** Where `inspect --save` leaves the map, below the configuration's folder. */
export const SAVED_MAP = join('.clinic-migrate', 'tenancy.json');

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Say of every table whose its rows are, and count them clinic by clinic',
  reporters: ['html', 'svg'],
  options: [{ flags: '--save', description: `write the map to ${SAVED_MAP}, for code without a database` }],
  examples: [
    { line: 'clinic-migrate inspect', what: 'see what would go where, and what is in the way' },
    { line: 'clinic-migrate inspect --save', what: 'keep the map, so that developers need no database' },
    { line: 'clinic-migrate inspect --reporter html --output tenancy.html', what: 'the same with a picture' },
    { line: 'clinic-migrate inspect --reporter svg --output tenancy.svg', what: 'the picture alone' },
    { line: 'clinic-migrate inspect --reporter json', what: 'the same for a script' },
  ],
  async run(context, _args, options) {
    const { config, files, progress } = context;
    const { url, login } = requireSection(config, 'legacy');
    const snapshot = await openSnapshot(context.databases, url);
    const task = progress.start('Reading the legacy database');
    try {
      const tenancy = await readTenancy(context, snapshot.session);
      const settings = await readSettingsPlan(snapshot.session, tenancy.catalog, login);
      const access = await readAccessPlan(snapshot.session, tenancy.catalog, tenancy.map, login);
      const { surveys, suspects } = await surveyDatabase({
        legacyUrl: url,
        snapshotId: snapshot.id,
        ...tenancy,
        digests: false,
        onTable: (name) => task.advance(0, `Looking at every row: ${name}`),
        jobs: options.jobs ?? 2,
        signal: context.signal,
      });
      const objects = [
        ...(await largeObjectFindings(snapshot.session, tenancy.catalog, tenancy.map, config.largeObjects)),
        ...largeObjectNeedFindings(
          await readLargeObjectNeeds(snapshot.session, { ...tenancy, suspects }),
          config.largeObjects,
        ),
      ];
      task.done();
      if (options.save === true && !options.dryRun) {
        await files.write(join(config.directory, SAVED_MAP), serializeMap(tenancy.map));
      }
      const said = [...objects, ...settingFindings(settings), ...access.findings];
      return report(context, tenancy, surveys, said);
    } finally {
      task.done();
      await snapshot.session.close();
    }
  },
};

function report(
  { config }: Context,
  { catalog, map, clinics }: Tenancy,
  surveys: readonly TableSurvey[],
  left: readonly Finding[],
): Report {
  const { names, findings: unfit } = nameClinics(config.clinics, clinics, new Map(), [
    databaseOf(requireSection(config, 'legacy').url),
  ]);
  const findings = [...legacyFindings({ catalog, map }, surveys, config.unassignable), ...left, ...unfit];
  const counts = new Map(surveys.map(({ table, total }) => [tableKey(table), total.rows]));
  const rowsOf = (table: QualifiedName): number => counts.get(tableKey(table)) ?? 0;
  const tables = map.tables.map((table) => ({
    name: displayName(table),
    scope: table.scope,
    rule: table.rule,
    evidence: table.evidence,
    rows: rowsOf(table),
  }));
  const owned = clinicRows(clinics, surveys);
  const listed = clinics.map(({ key, label }) => ({
    key,
    label,
    database: names.get(key)?.database ?? '',
    rows: owned.get(key) ?? 0,
  }));
  return {
    command: 'inspect',
    ok: !hasErrors(findings),
    summary: {
      tables: tables.length,
      clinics: clinics.length,
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
      unresolved: tables.filter(({ scope }) => scope === 'unresolved').length,
    },
    findings,
    graph: buildGraph(catalog, map, rowsOf),
    data: { tables, clinics: listed, crossingKeys: map.crossingKeys },
    tables: [
      {
        title: 'Tables',
        head: ['table', 'scope', 'whose a row is', 'evidence', 'rows'],
        rows: tables.map(({ name, scope, rule, evidence, rows }) => [name, scope, rule, evidence, rows]),
      },
      {
        title: 'Clinics',
        head: ['key', 'name', 'database', 'own rows'],
        rows: listed.map(({ key, label, database, rows }) => [key, label, database, rows]),
      },
      ...crossingTable(map.crossingKeys),
    ],
  };
}

const OUTCOMES = {
  dropped: { words: 'dropped; the values stay', code: 'TENANCY_CROSSING_KEY' },
  copied: { words: 'kept; the rows referred to are copied', code: 'TENANCY_COPY_REFERENCED' },
} as const;

/** What becomes of each foreign key between two databases; no table where there is none. */
function crossingTable(keys: readonly CrossingKey[]): ReportTable[] {
  if (keys.length === 0) return [];
  return [
    {
      title: 'Foreign keys between databases',
      head: ['table', 'foreign key', 'references', 'what becomes of it'],
      rows: keys.map(({ table, constraint, references, outcome }) => [
        displayName(table),
        constraint,
        displayName(references),
        OUTCOMES[outcome].words,
      ]),
      says: [...new Set(keys.map(({ outcome }) => OUTCOMES[outcome].code))],
    },
  ];
}

function clinicRows(clinics: readonly Clinic[], surveys: readonly TableSurvey[]): Map<string, number> {
  const sum = ({ key }: Clinic): number =>
    surveys.reduce((rows, { perClinic }) => rows + (perClinic.get(key)?.rows ?? 0), 0);
  return new Map(clinics.map((clinic) => [clinic.key, sum(clinic)]));
}

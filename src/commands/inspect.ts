import { join } from 'node:path';
import { requireSection } from '../config/sections.js';
import { hasErrors } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import { nameClinics } from '../provision/naming.js';
import { openSnapshot } from '../split/snapshot.js';
import type { TableSurvey } from '../split/survey.js';
import { surveyDatabase } from '../split/survey-database.js';
import { serializeMap } from '../tenancy/saved-map.js';
import type { Clinic } from '../tenancy/types.js';
import type { Command, Context } from './command.js';
import { legacyFindings, readTenancy, type Tenancy } from './tenancy.js';

/** Where `inspect --save` leaves the map, below the configuration's folder. */
export const SAVED_MAP = join('.clinic-migrate', 'tenancy.json');

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Say of every table whose its rows are, and count them clinic by clinic',
  options: [{ flags: '--save', description: `write the map to ${SAVED_MAP}, for code without a database` }],
  examples: [
    { line: 'clinic-migrate inspect', what: 'see what would go where, and what is in the way' },
    { line: 'clinic-migrate inspect --save', what: 'keep the map, so that developers need no database' },
    { line: 'clinic-migrate inspect --reporter json', what: 'the same for a script' },
  ],
  async run(context, _args, options) {
    const { config, files, progress } = context;
    const { url } = requireSection(config, 'legacy');
    const snapshot = await openSnapshot(context.databases, url);
    const task = progress.start('Reading the legacy database');
    try {
      const tenancy = await readTenancy(context, snapshot.session);
      const { surveys } = await surveyDatabase({
        databases: context.databases,
        legacyUrl: url,
        snapshotId: snapshot.id,
        ...tenancy,
        digests: false,
        onTable: (name) => task.advance(0, `Looking at every row: ${name}`),
        jobs: options.jobs ?? 2,
        signal: context.signal,
      });
      task.done();
      if (options.save === true && !options.dryRun) {
        await files.write(join(config.directory, SAVED_MAP), serializeMap(tenancy.map));
      }
      return report(context, tenancy, surveys);
    } finally {
      task.done();
      await snapshot.session.close();
    }
  },
};

function report({ config }: Context, { catalog, map, clinics }: Tenancy, surveys: readonly TableSurvey[]) {
  const findings = legacyFindings({ catalog, map }, surveys, config.unassignable);
  const rowsOf = new Map(surveys.map(({ table, total }) => [displayName(table), total.rows]));
  const tables = map.tables.map((table) => ({
    name: displayName(table),
    scope: table.scope,
    rule: table.rule,
    evidence: table.evidence,
    rows: rowsOf.get(displayName(table)) ?? 0,
  }));
  const owned = clinicRows(clinics, surveys);
  const names = nameClinics(config.clinics.database, clinics, new Map());
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
    ],
  };
}

function clinicRows(clinics: readonly Clinic[], surveys: readonly TableSurvey[]): Map<string, number> {
  const sum = ({ key }: Clinic): number =>
    surveys.reduce((rows, { perClinic }) => rows + (perClinic.get(key)?.rows ?? 0), 0);
  return new Map(clinics.map((clinic) => [clinic.key, sum(clinic)]));
}

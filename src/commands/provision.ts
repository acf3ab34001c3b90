import { requireSection, requireServers } from '../config/sections.js';
import { hasErrors } from '../core/finding.js';
import { nameClinics } from '../provision/naming.js';
import { type ProvisionResult, provision } from '../provision/provision.js';
import type { Report } from '../report/report.js';
import { splitFingerprint } from '../split/fingerprint.js';
import type { Command } from './command.js';
import { selectClinics } from './select-clinics.js';
import { openLegacy, readTenancy } from './tenancy.js';

export const provisionCommand: Command = {
  name: 'provision',
  argument: {
    notation: '[clinic...]',
    description: 'keys, names or databases of clinics; all when left out',
  },
  summary: 'Make the central registry, and a login and an empty database for each clinic',
  options: [],
  examples: [
    { line: 'clinic-migrate provision --dry-run', what: 'see which databases would be made' },
    { line: 'clinic-migrate provision', what: 'make what is missing; run again, it changes nothing' },
    { line: 'clinic-migrate provision 7 "Clinic des Lilas"', what: 'only these two clinics' },
  ],
  async run(context, args, options) {
    const { config, databases, dumper, env, progress, signal } = context;
    const legacyUrl = requireSection(config, 'legacy').url;
    const centralUrl = requireSection(config, 'central').url;
    requireServers(config);
    const legacy = await openLegacy(context);
    try {
      const { catalog, map, clinics } = await readTenancy(context, legacy);
      const { names } = nameClinics(config.clinics, clinics, new Map());
      const selected = selectClinics(args, clinics, ({ key, label }) => ({
        key,
        label,
        database: names.get(key)?.database ?? '',
      }));
      if (hasErrors(map.findings)) return report({ findings: map.findings, clinics: [] }, options.dryRun);
      const result = await provision({
        databases,
        dumper,
        legacy,
        legacyUrl,
        centralUrl,
        copyFingerprint: splitFingerprint(catalog, map, config.unassignable),
        login: requireSection(config, 'legacy').login,
        catalog,
        map,
        clinics,
        selected,
        config,
        env,
        progress,
        signal,
        dryRun: options.dryRun,
        jobs: options.jobs ?? 2,
      });
      return report({ ...result, findings: [...map.findings, ...result.findings] }, options.dryRun);
    } finally {
      await legacy.close();
    }
  },
};

function report({ findings, clinics }: ProvisionResult, dryRun: boolean): Report {
  const listed = clinics.map(({ clinic, ...rest }) => ({ key: clinic.key, label: clinic.label, ...rest }));
  const count = (...outcomes: readonly string[]): number =>
    clinics.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    command: 'provision',
    ok: !hasErrors(findings),
    summary: {
      clinics: clinics.length,
      ...(dryRun ? { 'to make': count('to make') } : { made: count('made') }),
      ...(count('mended') === 0 ? {} : { mended: count('mended') }),
      kept: count('kept'),
    },
    findings,
    data: { clinics: listed },
    tables: [
      {
        head: ['key', 'name', 'server', 'database and login', ''],
        rows: listed.map(({ key, label, server, database, outcome }) => [
          key,
          label,
          server,
          database,
          outcome,
        ]),
      },
    ],
  };
}

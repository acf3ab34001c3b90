import type { Finding } from '../../../core/finding.js';
import { quoteIdent } from '../../../core/identifiers.js';
import { databaseOf } from '../../../core/urls.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { showClinic } from '../../data/words.js';
import type { VerifyAccessOptions } from '../options.js';
import { inDatabase, ofClinic } from '../words.js';
import { lookAround } from './look-around.js';

/**
 * Tries to open another clinic's database and those that are off limits, with this clinic's login: the proof beside what
 * the catalogs say. `known` tells of which databases they say it already.
 */
export async function otherDatabaseFindings(
  { databases, offLimits }: VerifyAccessOptions,
  target: ClinicTarget,
  neighbour: ClinicTarget | undefined,
  known: (database: string) => boolean,
): Promise<Finding[]> {
  const places = [
    ...(neighbour === undefined
      ? []
      : [{ name: `the database of ${showClinic(neighbour.clinic)}`, url: neighbour.adminUrl }]),
    ...offLimits,
  ];
  const findings: Finding[] = [];
  for (const { name, url } of places) {
    const around = await lookAround(databases, target, url, []);
    const database = databaseOf(url);
    if (around === undefined || known(database)) continue;
    const on = `DATABASE ${quoteIdent(database)}`;
    findings.push(
      ofClinic(
        'ACCESS_CROSS_CONNECT',
        target,
        database,
        `its login ${target.role} opened ${name} and may read ${around.tables} of its tables`,
        inDatabase(
          database,
          `REVOKE CONNECT ON ${on} FROM PUBLIC`,
          `REVOKE CONNECT ON ${on} FROM ${quoteIdent(target.role)}`,
        ),
      ),
    );
  }
  return findings;
}

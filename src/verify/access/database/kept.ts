import type { Finding } from '../../../core/finding.js';
import { makeCopyAgain } from '../../../core/hints.js';
import { changedOwnTables } from '../../../core/own-tables.js';
import type { Session } from '../../../core/ports.js';
import type { ClinicTarget } from '../../../provision/types.js';
import { allNames, ofClinic } from '../words.js';
import type { Expected } from './expected.js';

/** What the program wrote down in a clinic's database that bears on access. */
export interface Kept {
  /** What the login and PUBLIC have on large objects that came with the rows, by oid. */
  readonly largeObjects: ReadonlyMap<string, Expected>;
  readonly findings: readonly Finding[];
}

/** Nothing of it is read where it is not what the program made: a view in its place would run code as us. */
export async function readKept(session: Session, target: ClinicTarget): Promise<Kept> {
  const changed = await changedOwnTables(session);
  if (changed.length > 0) return { largeObjects: new Map(), findings: [changedFinding(target, changed)] };
  const [made] = await session.query<{ there: boolean }>(
    `SELECT pg_catalog.to_regclass('clinic_migrate.large_objects') IS NOT NULL AS there`,
  );
  if (made?.there !== true) return { largeObjects: new Map(), findings: [] };
  const rows = await session.query<Expected & { oid: string } & Record<string, unknown>>(
    'SELECT oid::text AS oid, login, public FROM clinic_migrate.large_objects',
  );
  return {
    largeObjects: new Map(
      rows.map(({ oid, login, public: everybody }) => [oid, { login, public: everybody }]),
    ),
    findings: [],
  };
}

function changedFinding(target: ClinicTarget, tables: readonly string[]): Finding {
  return ofClinic(
    'ACCESS_RECORD_CHANGED',
    target,
    target.database,
    `${allNames(tables)} of its database is not the table that the program made, and reading it could run code as whoever reads`,
    `Find out who could act as its owner ${target.owner}. While it holds nothing but copies: ${makeCopyAgain(target.database, target.clinic.key)} Once it is served: restore clinic_migrate from a backup.`,
  );
}

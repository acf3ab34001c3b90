import { addDigests, type Digest, EMPTY_DIGEST, multiplyDigest, sameDigest } from '../../catalog/digest.js';
import type { Finding } from '../../core/finding.js';
import { displayName } from '../../core/identifiers.js';
import type { MappedTable } from '../../tenancy/types.js';
import type { LegacyRows } from './legacy.js';
import { refresh } from './mends.js';

/**
 * Every legacy row is in exactly one place: the clinics together and quarantine hold what the legacy table holds, a
 * row shared by rule once in each clinic. `held` has one entry for each clinic.
 */
export function conservationFindings(
  rows: ReadonlyMap<MappedTable, LegacyRows>,
  held: readonly ReadonlyMap<MappedTable, Digest>[],
  quarantine: ReadonlyMap<MappedTable, Digest>,
): Finding[] {
  const findings: Finding[] = [];
  for (const [table, { total, shared, aside: expectedAside, kept }] of rows) {
    if (table.scope !== 'clinic') continue;
    const inClinics = held.map((each) => each.get(table) ?? EMPTY_DIGEST).reduce(addDigests, EMPTY_DIGEST);
    const found = quarantine.get(table) ?? EMPTY_DIGEST;
    // Quarantine computes nothing: rows that are there as they were stored count for the legacy rows.
    const aside = sameDigest(found, kept) ? expectedAside : found;
    const there = addDigests(inClinics, aside);
    const expected = addDigests(total, multiplyDigest(shared, held.length - 1));
    if (sameDigest(there, expected)) continue;
    const name = displayName(table);
    const copies = shared.rows === 0 ? '' : `, ${shared.rows} of them for every clinic`;
    findings.push({
      hint: refresh(),
      code: 'DATA_NOT_CONSERVED',
      severity: 'error',
      subject: name,
      message:
        there.rows === expected.rows
          ? `${name}: as many rows as in the legacy database are in the clinic databases and quarantine, but not the same ones`
          : `${name}: ${total.rows} rows in the legacy database${copies}; ${inClinics.rows} in the clinic databases and ${aside.rows} in quarantine make ${there.rows} where ${expected.rows} are due`,
    });
  }
  return findings;
}

import { type Digest, EMPTY_DIGEST, sameDigest } from '../../catalog/digest.js';
import { readCatalog } from '../../catalog/read-catalog.js';
import { UsageError } from '../../core/errors.js';
import type { Finding } from '../../core/finding.js';
import { displayName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import type { MappedTable } from '../../tenancy/types.js';
import type { Check } from './database.js';
import { asideSamples } from './legacy.js';
import { refresh } from './mends.js';
import { asStored, catalogTable } from './places.js';
import { allRows, digestOf } from './rows.js';
import { countRows, showKeys } from './words.js';

const SCHEMA = 'clinic_migrate_quarantine';

/** What quarantine holds, by table; tables it does not have are left out. */
export async function readQuarantine(check: Check): Promise<Map<MappedTable, Digest>> {
  const { databases, centralUrl, map, catalog } = check.options;
  const session = await databases.connect(centralUrl, { readOnly: true });
  try {
    const kept = (await readCatalogOf(session))?.tables ?? [];
    const digests = new Map<MappedTable, Digest>();
    for (const table of map.tables.filter(({ scope }) => scope === 'clinic')) {
      const ambiguous = map.tables.filter(({ name }) => name === table.name).length > 1;
      const name = ambiguous ? displayName(table) : table.name;
      const found = kept.find((candidate) => candidate.name === name);
      const entry = asStored(catalogTable(catalog, table));
      if (
        found === undefined ||
        !entry.columns.every((column) => found.columns.some((other) => other.name === column.name))
      )
        continue;
      digests.set(table, await digestOf(allRows(session, { ...entry, schema: SCHEMA, name })));
    }
    return digests;
  } finally {
    await session.close();
  }
}

async function readCatalogOf(session: Session) {
  try {
    return await readCatalog(session, [SCHEMA]);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Quarantine must hold the rows without a place, exactly those. */
export async function quarantineFindings(
  { options, legacy }: Check,
  quarantine: ReadonlyMap<MappedTable, Digest>,
  reader: Session,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const table of options.map.tables) {
    if (table.scope !== 'clinic') continue;
    const expected = legacy.rows.get(table)?.kept ?? EMPTY_DIGEST;
    const actual = quarantine.get(table) ?? EMPTY_DIGEST;
    if (sameDigest(expected, actual)) continue;
    const keys = await asideSamples(options, reader, table, legacy.suspects);
    const which = keys.length === 0 ? '' : `: ${showKeys(keys, expected.rows)}`;
    findings.push({
      hint: refresh(),
      code: 'DATA_QUARANTINE_DIFFERS',
      severity: 'error',
      subject: displayName(table),
      message:
        expected.rows === actual.rows
          ? `the ${countRows(actual.rows)} of ${displayName(table)} in quarantine are not the legacy rows without a clinic${which}`
          : `${countRows(expected.rows)} of ${displayName(table)} in the legacy database belong to no clinic, and quarantine holds ${actual.rows}${which}`,
    });
  }
  return findings;
}

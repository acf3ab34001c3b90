import type { ForeignKey, Table } from '../catalog/types.js';
import type { Finding } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import { configLine } from './config-line.js';
import { sameTable, type TableIndex, tableKey } from './tables.js';
import type { CrossingKey, MappedTable, TenancyMap } from './types.js';

/** The foreign keys whose two ends end up in different databases, in the catalog's order. */
export function crossingKeys(
  index: TableIndex,
  tables: readonly MappedTable[],
  clinicTable: TenancyMap['clinicTable'],
): CrossingKey[] {
  return eachKey(index, tables).flatMap(({ table, key, from, to }) => {
    if (from.scope === 'ignored' || from.scope === 'unresolved' || to.scope === 'unresolved') return [];
    // The clinic table is on both sides: whole in the central database, each clinic's row in its own. What is lent to
    // clinics, and the clinic's own row, may name another clinic, whose row they do not have.
    const isLent = from.scope === 'central' && from.copyReferenced;
    const isOfClinics = sameTable(from, clinicTable) && sameTable(to, clinicTable);
    const isOfOthers = from.scope !== 'central' && namesOthers(from, key, to);
    if (sameTable(to, clinicTable) && !isLent && !isOfClinics && !isOfOthers) return [];
    const stays =
      from.scope === 'central'
        ? to.scope === 'shared' || (to.scope === 'central' && (!isLent || to.copyReferenced))
        : to.scope === 'clinic' || to.scope === 'shared';
    if (stays && !isOfClinics && !isOfOthers) return [];
    const copied = to.scope === 'central' && to.copyReferenced;
    return [
      {
        table: { schema: table.schema, name: table.name },
        constraint: key.name,
        references: key.references,
        outcome: copied ? 'copied' : 'dropped',
      },
    ];
  });
}

/** What people should know of foreign keys: those that are dropped, those that rows are copied for, and shared rows that point at a clinic's. */
export function crossingFindings(
  index: TableIndex,
  tables: readonly MappedTable[],
  keys: readonly CrossingKey[],
  clinicTable: TenancyMap['clinicTable'],
): Finding[] {
  const dropped = keys
    .filter(({ outcome }) => outcome === 'dropped')
    .map(
      ({ table, constraint, references }): Finding => ({
        code: 'TENANCY_CROSSING_KEY',
        severity: 'info',
        subject: displayName(table),
        message: `${displayName(table)} keeps its values but loses the foreign key ${constraint} to ${
          sameTable(references, clinicTable) ? 'other clinics' : displayName(references)
        }, which ${sameTable(references, clinicTable) ? 'are in other databases' : 'is in another database'}`,
      }),
    );
  const pointing = eachKey(index, tables)
    .filter(
      ({ from, key, to }) => from.scope === 'shared' && to.scope === 'clinic' && !namesOthers(from, key, to),
    )
    .map(
      ({ table, key, from }): Finding => ({
        code: 'TENANCY_SHARED_POINTS_AT_CLINIC',
        severity: 'error',
        subject: displayName(table),
        message: `${displayName(table)} is shared by all clinics, yet ${key.columns.join(', ')} points at ${
          sameTable(key.references, clinicTable)
            ? 'a clinic'
            : `rows of ${displayName(key.references)}, which belong to one clinic`
        }`,
        hint: `Give the table another scope in tables: { ${JSON.stringify(index.shortName(from))}: { scope: … } }.${
          sameTable(key.references, clinicTable)
            ? ` If every clinic may see which clinic that is: ${configLine(index, from, key.columns)}.`
            : ''
        }`,
      }),
    );
  const copied = keys
    .filter(({ outcome }) => outcome === 'copied')
    .map(
      ({ table, constraint, references }): Finding => ({
        code: 'TENANCY_COPY_REFERENCED',
        severity: 'info',
        subject: displayName(references),
        message: `each clinic gets a copy of the rows of ${displayName(references)} that its ${displayName(table)} refer to, for ${constraint}`,
      }),
    );
  return [...pointing, ...copied, ...dropped];
}

/** True where a column says of another clinic than the row's what the key refers to. */
function namesOthers(from: MappedTable, key: ForeignKey, to: MappedTable): boolean {
  return to.scope === 'clinic' && key.columns.some((column) => from.otherClinics?.includes(column) === true);
}

interface MappedKey {
  readonly table: Table;
  readonly key: ForeignKey;
  readonly from: MappedTable;
  readonly to: MappedTable;
}

function eachKey(index: TableIndex, tables: readonly MappedTable[]): MappedKey[] {
  const mapped = new Map(tables.map((table) => [tableKey(table), table]));
  return index.all.flatMap((table) =>
    table.foreignKeys.flatMap((key) => {
      const root = index.rootOf(key.references);
      const from = mapped.get(tableKey(index.rootOf(table) ?? table));
      const to = root && mapped.get(tableKey(root));
      return from === undefined || to === undefined ? [] : [{ table, key, from, to }];
    }),
  );
}

import type { ColumnProbe } from '../catalog/types.js';
import type { Finding } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import { configLine } from './config-line.js';
import { type KeyNames, sameNameAndType } from './key-names.js';
import { sameTable, type TableIndex } from './tables.js';
import type { MappedTable } from './types.js';

/** What is to be said of columns that may name clinics, beside the ways that they are. */
export function columnFindings(
  tables: readonly MappedTable[],
  probes: readonly ColumnProbe[],
  index: TableIndex,
  names: KeyNames,
): Finding[] {
  return probes.flatMap((probe) => {
    const table = tables.find((one) => sameTable(one, probe.table));
    if (table === undefined) return [];
    const said = { table, probe, index, subject: displayName(table) };
    if (table.otherClinics?.includes(probe.column)) return otherClinicsFindings(said);
    if (table.scope === 'shared' && probe.values !== 'empty' && probe.values !== 'none')
      return [sharedNamesClinics(said)];
    if (probe.values !== 'none' || (table.scope !== 'clinic' && table.scope !== 'shared')) return [];
    return [notAKey(said, holdsKeysElsewhere(probe, probes, index, names))];
  });
}

interface Said {
  readonly table: MappedTable;
  readonly probe: ColumnProbe;
  readonly index: TableIndex;
  readonly subject: string;
}

/** True where a column of this name and type holds clinics' keys in another table: by a key, by configuration, by values. */
function holdsKeysElsewhere(
  probe: ColumnProbe,
  probes: readonly ColumnProbe[],
  index: TableIndex,
  names: KeyNames,
): boolean {
  const columnOf = ({ table, column }: ColumnProbe) =>
    index.find(table)?.columns.find(({ name }) => name === column);
  const own = columnOf(probe);
  if (own === undefined) return false;
  if (names.clinicColumn(own) !== undefined) return true;
  return probes.some((other) => {
    const column = other.values === 'all clinics' ? columnOf(other) : undefined;
    return column !== undefined && sameNameAndType(column, own);
  });
}

function notAKey({ table, probe, index, subject }: Said, isKeyElsewhere: boolean): Finding {
  const { column, unknown } = probe;
  return {
    code: 'TENANCY_NOT_A_KEY',
    severity: isKeyElsewhere ? 'error' : 'info',
    subject,
    message: `${subject}.${column} is named like a clinic's key, but its values are none: ${inWords(unknown)}`,
    ...(isKeyElsewhere
      ? {
          hint: `Elsewhere such a column holds clinics' keys. Correct its values, rename it, or say that it is only a value: ${configLine(index, table, [column])}.`,
        }
      : {}),
  };
}

function otherClinicsFindings({ probe, subject }: Said): Finding[] {
  const { column, unknown } = probe;
  if (unknown.count === 0) return [];
  return [
    {
      code: 'TENANCY_OTHER_CLINICS',
      severity: 'warning',
      subject,
      message: `${subject}.${column} is said to name other clinics, and holds values that are no clinic's: ${inWords(unknown)}`,
      hint: `Correct these values, if the column is to name clinics.`,
    },
  ];
}

function sharedNamesClinics({ table, probe: { column }, index, subject }: Said): Finding {
  return {
    code: 'TENANCY_SHARED_POINTS_AT_CLINIC',
    severity: 'error',
    subject,
    message: `${subject} is shared by all clinics, yet ${column} names a clinic`,
    hint: `If every clinic may see which clinic that is: ${configLine(index, table, [column])}. Otherwise give the table another scope.`,
  };
}

function inWords({ count, samples }: ColumnProbe['unknown']): string {
  const shown = samples.map((value) => JSON.stringify(value.slice(0, 80))).join(', ');
  return `${shown}${count > samples.length ? ', …' : ''}`;
}

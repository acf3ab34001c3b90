import type { Finding } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import type { Draft } from './draft.js';
import type { TableIndex } from './tables.js';

/** Why nothing says whose a table's rows are, and the configuration line that would. */
export function unresolvedFinding(draft: Draft, index: TableIndex): Finding {
  const { table } = draft;
  const key = JSON.stringify(index.shortName(table));
  return {
    code: 'TENANCY_UNRESOLVED',
    severity: 'error',
    subject: displayName(table),
    message: `${displayName(table)}: ${reason(draft)}`,
    hint: `Settle it in the configuration: tables: { ${key}: { ${suggestion(draft)} } }.`,
  };
}

function reason({ configured, doubtful, paths }: Draft): string {
  if (configured.length > 0)
    return 'the way that the configuration names leads to a table that belongs to no clinic';
  const [probe] = doubtful;
  if (probe?.values === 'some clinics') return `${probe.column} holds clinic keys and other values`;
  if (probe?.values === 'empty')
    return `${probe.column} holds no value that could tell whether it names clinics`;
  if (probe?.values === 'none') return `${probe.column} is named like a clinic key, but its values are none`;
  if (paths.length > 0) return 'no foreign key of it leads to a table whose rows belong to a clinic';
  return 'no column names a clinic and no foreign key leads to one';
}

function suggestion({ doubtful }: Draft): string {
  const [probe] = doubtful;
  if (probe?.values === 'some clinics' || probe?.values === 'empty') {
    return `scope: 'clinic', key: ${JSON.stringify(probe.column)}`;
  }
  return "scope: 'shared' /* or 'central', 'ignored', or 'clinic' with key or via */";
}

import type { SchemaCatalog } from '../catalog/types.js';
import { checkedIdentifier, type QualifiedName, quoteIdent, quoteName } from '../core/identifiers.js';
import type { Session } from '../core/ports.js';
import type { TablePlan } from './plan.js';
import { findTable } from './unique.js';

export const QUARANTINE_SCHEMA = 'clinic_migrate_quarantine';

/** Where the rows of one table wait that have no clinic. */
export interface Quarantine {
  readonly table: QualifiedName;
  /** Reason and clinic key first, then the row's own columns. */
  readonly columns: readonly string[];
  readonly create: string;
}

/**
 * The quarantine of a table. Types that the legacy database defines itself become text, since the central
 * database may not have them; COPY text is the same for both.
 */
export function quarantineOf(plan: TablePlan, catalog: SchemaCatalog): Quarantine {
  const { schema, name } = plan.table;
  const ambiguous = catalog.tables.some((other) => other.name === name && other.schema !== schema);
  const table = {
    schema: QUARANTINE_SCHEMA,
    name: ambiguous ? checkedIdentifier(`${schema}.${name}`, 'the quarantine table') : name,
  };
  const source = findTable(catalog, plan.table);
  const typed = plan.columns.map((column) => {
    const type = source.columns.find((candidate) => candidate.name === column)?.type ?? 'text';
    return `${quoteIdent(column)} ${type.includes('.') ? 'text' : type}`;
  });
  const own = ['clinic_migrate_reason', 'clinic_migrate_clinic'].map((base) => free(base, plan.columns));
  const list = [...own.map((column) => `${quoteIdent(column)} text NOT NULL`), ...typed].join(', ');
  return {
    table,
    columns: [...own, ...plan.columns],
    create: `CREATE TABLE ${quoteName(table)} (${list})`,
  };
}

/** Makes the table anew: what is in quarantine is what this snapshot holds. Inside the copying transaction. */
export async function prepareQuarantine(session: Session, quarantine: Quarantine): Promise<void> {
  await session.query(`DROP TABLE IF EXISTS ${quoteName(quarantine.table)}`);
  await session.query(quarantine.create);
}

function free(base: string, taken: readonly string[]): string {
  return taken.includes(base) ? free(`${base}_`, taken) : base;
}

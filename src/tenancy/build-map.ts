import type { ColumnProbe, SchemaCatalog, Table } from '../catalog/types.js';
import type { ClinicsConfig, TableConfig } from '../config/types.js';
import { findClinicTable } from './clinic-table.js';
import { columnFindings } from './column-findings.js';
import { crossingFindings, crossingKeys } from './crossing-keys.js';
import type { Draft, SettledWays } from './draft.js';
import { keyNames } from './key-names.js';
import { largeObjectColumns } from './large-objects.js';
import { doubtfulWitnesses, settle } from './settle.js';
import { indexTables, sameTable, type TableIndex, tableKey } from './tables.js';
import type { ClinicTable, MappedTable, Rule, TenancyMap } from './types.js';
import { unresolvedFinding } from './unresolved.js';
import { configuredRules, declaredWays, otherClinicsOf } from './ways.js';

/**
 * Says of every table whose its rows are, with the evidence. Pure. `probes` answer for candidateColumns(). What the
 * schema and the configuration leave open is `unresolved`, with a finding of severity error. UsageError where the
 * configuration names what does not exist.
 */
export function buildTenancyMap(
  catalog: SchemaCatalog,
  config: { readonly clinics: ClinicsConfig; readonly tables: Readonly<Record<string, TableConfig>> },
  probes: readonly ColumnProbe[],
): TenancyMap {
  const clinicTable = findClinicTable(catalog, config.clinics);
  const index = indexTables(catalog);
  const configs = configByTable(config.tables, index);
  const all = index.roots.map((table) =>
    draftOf(table, configs.get(tableKey(table)), index, clinicTable, probes, catalog),
  );
  const drafts = all.filter(({ table }) => !sameTable(table, clinicTable) && table.kind !== 'foreign');
  const settled = settle(drafts, clinicTable);
  const words = (rules: readonly Rule[]): string =>
    rules.map((rule) => ruleInWords(rule, settled)).join(', else ');
  const tables = all.map((draft): MappedTable => {
    const { table } = draft;
    const name = { schema: table.schema, name: table.name };
    if (table.kind === 'foreign') return foreignEntry(draft);
    const columns = {
      ...(draft.otherClinics.length === 0 ? {} : { otherClinics: draft.otherClinics }),
      ...(draft.largeObjects.length === 0 ? {} : { largeObjects: draft.largeObjects }),
    };
    if (sameTable(table, clinicTable))
      return { ...clinicTableEntry(draft, clinicTable, settled), ...columns };
    const ways = settled.get(tableKey(table));
    const own = draft.config;
    if (ways !== undefined) {
      const { rules, witnesses, evidence } = ways;
      return {
        ...name,
        scope: 'clinic',
        rules,
        witnesses,
        nullKey: own?.nullKey,
        evidence,
        rule: words(rules),
        ...columns,
      };
    }
    const isSettled = own !== undefined && own.scope !== 'clinic';
    return {
      ...name,
      scope: isSettled ? own.scope : 'unresolved',
      copyReferenced: own?.copyReferenced === true,
      evidence: isSettled ? 'configuration' : 'none',
      rule: '',
      ...columns,
    } as MappedTable;
  });
  const keys = crossingKeys(index, tables, clinicTable);
  const unresolved = tables.filter(({ scope }) => scope === 'unresolved');
  const findings = [
    ...drafts
      .filter(({ table }) => unresolved.some((open) => sameTable(open, table)))
      .map((draft) => unresolvedFinding(draft, index)),
    ...columnFindings(tables, probes, index, keyNames(index, clinicTable, config.tables)),
    ...crossingFindings(index, tables, keys, clinicTable),
  ];
  return { clinicTable, tables, crossingKeys: keys, findings };
}

/**
 * What a clinic's own row refers to must be its own too, or its database could not keep the foreign key. A column of
 * it that names clinics has to name this one, unless a foreign key or the configuration says that it is another.
 */
function clinicTableEntry(
  { paths, columns, declared, doubtful }: Draft,
  { schema, name, key }: TenancyMap['clinicTable'],
  settled: ReadonlyMap<string, SettledWays>,
): ClinicTable {
  const witnesses = [
    ...paths.filter(({ reference }) => settled.has(tableKey(reference.references))),
    ...columns.slice(declared),
    ...doubtfulWitnesses(doubtful),
  ];
  const rules: readonly Rule[] = [{ kind: 'self', column: key }];
  return {
    schema,
    name,
    scope: 'clinic',
    rules,
    witnesses,
    nullKey: undefined,
    evidence: 'clinic table',
    rule: key,
  };
}

/** A foreign table holds no rows here, whatever the configuration would have done with them. */
function foreignEntry({ table, config }: Draft): MappedTable {
  return {
    schema: table.schema,
    name: table.name,
    scope: 'ignored',
    copyReferenced: false,
    evidence: config?.scope === 'ignored' ? 'configuration' : 'none',
    rule: 'a foreign table: its rows are on another server',
  };
}

interface NamedConfig {
  readonly where: string;
  readonly config: TableConfig;
}

function configByTable(
  tables: Readonly<Record<string, TableConfig>>,
  index: TableIndex,
): ReadonlyMap<string, NamedConfig> {
  return new Map(
    Object.entries(tables).map(([text, config]) => {
      const where = `tables.${text}`;
      return [tableKey(index.named(text, where)), { where, config }];
    }),
  );
}

function draftOf(
  table: Table,
  named: NamedConfig | undefined,
  index: TableIndex,
  clinicTable: TenancyMap['clinicTable'],
  probes: readonly ColumnProbe[],
  catalog: SchemaCatalog,
): Draft {
  const otherClinics = otherClinicsOf(table, named?.config, named?.where ?? '');
  const ways = declaredWays(table, index, clinicTable, otherClinics);
  const own = probes.filter((probe) => sameTable(probe.table, table) && !otherClinics.includes(probe.column));
  const proven = own
    .filter(({ values }) => values === 'all clinics')
    .map(({ column, clinicColumn }) => ({ kind: 'column' as const, column, clinicColumn }));
  const isClinic = named?.config.scope === 'clinic';
  return {
    table,
    config: named?.config,
    configured: isClinic ? configuredRules(table, named.config, named.where, index, clinicTable) : [],
    columns: [...ways.columns, ...proven],
    declared: ways.columns.length,
    paths: ways.paths,
    doubtful: own.filter(({ values }) => values !== 'all clinics'),
    otherClinics,
    largeObjects: largeObjectColumns(table, catalog, named?.config, named?.where ?? ''),
  };
}

/** `patient_id → public.patients → company_id`. A path that comes back to a table it has seen ends there. */
function ruleInWords(
  rule: Rule,
  settled: ReadonlyMap<string, SettledWays>,
  seen: ReadonlySet<string> = new Set(),
): string {
  if (rule.kind === 'self') return rule.column;
  if (rule.kind === 'column') return rule.column;
  const { columns, references, when } = rule.reference;
  const key = tableKey(references);
  const next = seen.has(key) ? undefined : settled.get(key)?.rules[0];
  const step = `${columns.join(', ')} → ${references.schema}.${references.name}`;
  const rest = next === undefined ? '' : ` → ${ruleInWords(next, settled, new Set([...seen, key]))}`;
  return `${step}${rest}${when === undefined ? '' : ` (where ${when})`}`;
}

import type { ForeignKey, SchemaCatalog } from '../catalog/types.js';
import type { GraphEdge, GraphNode, TenancyGraph } from '../core/graph.js';
import { displayName, type QualifiedName } from '../core/identifiers.js';
import { indexTables, sameTable, type TableIndex, tableKey } from './tables.js';
import type { MappedTable, Rule, TenancyMap } from './types.js';

/**
 * The map as a graph: every table of the map, and an edge for every way from a row to its clinic and every other
 * foreign key between these tables. `rowsOf` counts a table's rows.
 */
export function buildGraph(
  catalog: SchemaCatalog,
  map: TenancyMap,
  rowsOf: (table: QualifiedName) => number,
): TenancyGraph {
  const index = indexTables(catalog);
  return {
    nodes: map.tables.map((table) => nodeOf(table, map, index, rowsOf(table))),
    edges: map.tables.flatMap((table) => {
      const ways = waysOf(table, map);
      return [...ways.map(({ edge }) => edge), ...otherKeys(table, ways, map, index)];
    }),
  };
}

function nodeOf(table: MappedTable, { clinicTable }: TenancyMap, index: TableIndex, rows: number): GraphNode {
  const isClinicTable = sameTable(table, clinicTable);
  const { scope, rule } = table;
  return {
    id: tableKey(table),
    name: displayName(table),
    shortName: index.shortName(table),
    scope,
    isClinicTable,
    rows,
    rule,
    notes: notes(table, isClinicTable),
  };
}

function notes(table: MappedTable, isClinicTable: boolean): string[] {
  const others = table.otherClinics === undefined ? [] : [`other clinics: ${table.otherClinics.join(', ')}`];
  if (isClinicTable) return ['its rows are the clinics', ...others];
  if (table.scope === 'clinic')
    return [...(table.nullKey === 'shared' ? ['rows of no clinic go to all'] : []), ...others];
  return [...(table.copyReferenced ? ['rows referred to are copied'] : []), ...others];
}

/** A way to the clinic with what it takes to know its foreign key again. */
interface Way {
  readonly rule: Rule;
  readonly edge: GraphEdge;
}

function waysOf(table: MappedTable, { clinicTable }: TenancyMap): Way[] {
  if (table.scope !== 'clinic') return [];
  const way = (rule: Rule, kind: 'rule' | 'witness', first: boolean): Way[] => {
    if (rule.kind === 'self') return [];
    const to = tableKey(rule.kind === 'column' ? clinicTable : rule.reference.references);
    const label = first ? columnsOf(rule) : `else ${columnsOf(rule)}`;
    return [{ rule, edge: { from: tableKey(table), to, kind, label } }];
  };
  return [
    ...table.rules.flatMap((rule, at) => way(rule, 'rule', at === 0)),
    ...table.witnesses.flatMap((rule) => way(rule, 'witness', true)),
  ];
}

function columnsOf(rule: Exclude<Rule, { kind: 'self' }>): string {
  if (rule.kind === 'column') return rule.column;
  const { columns, when } = rule.reference;
  return when === undefined ? columns.join(', ') : `${columns.join(', ')} where ${when}`;
}

/** The foreign keys that are no way to the clinic. */
function otherKeys(
  table: MappedTable,
  ways: readonly Way[],
  { clinicTable, crossingKeys }: TenancyMap,
  index: TableIndex,
): GraphEdge[] {
  const keys = index.find(table)?.foreignKeys ?? [];
  return keys.flatMap((key) => {
    const target = index.rootOf(key.references);
    if (target === undefined || ways.some(({ rule }) => isKeyOf(rule, key, target, clinicTable))) return [];
    const crossing = crossingKeys.find(
      ({ table: from, constraint }) => sameTable(from, table) && constraint === key.name,
    );
    return [
      {
        from: tableKey(table),
        to: tableKey(target),
        kind: crossing?.outcome ?? 'key',
        label: key.columns.join(', '),
      },
    ];
  });
}

function isKeyOf(rule: Rule, key: ForeignKey, target: QualifiedName, clinicTable: QualifiedName): boolean {
  if (rule.kind === 'self') return false;
  if (rule.kind === 'column') return sameTable(target, clinicTable) && key.columns.includes(rule.column);
  const { columns, references } = rule.reference;
  return sameTable(target, references) && columns.join('\0') === key.columns.join('\0');
}

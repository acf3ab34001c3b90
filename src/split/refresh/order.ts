import type { ForeignKey, SchemaCatalog } from '../../catalog/types.js';
import { displayName } from '../../core/identifiers.js';
import type { TablePlan } from '../plan.js';
import { findRoot } from '../unique.js';

/** What the foreign keys between some tables say of the order in which they can be written. */
export interface KeyOrder {
  /** Each table after those that it refers to; where tables refer to one another in a circle, in some order. */
  readonly parentsFirst: readonly TablePlan[];
  /** True where some table has a foreign key to this one. */
  isReferenced(plan: TablePlan): boolean;
  /** These tables, and those whose rows a key may change or delete with rows of these. */
  exposed(plans: readonly TablePlan[]): TablePlan[];
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly key: ForeignKey;
}

/** By the keys of the legacy database, of which each database has some. */
export function keyOrder(catalog: SchemaCatalog, plans: readonly TablePlan[]): KeyOrder {
  const byName = new Map(plans.map((plan) => [displayName(plan.table), plan]));
  const edges = catalog.tables.flatMap((table) =>
    table.foreignKeys.flatMap((key): Edge[] => {
      const isKnown = catalog.tables.some((each) => displayName(each) === displayName(key.references));
      if (!isKnown) return [];
      const [from, to] = [findRoot(catalog, table), findRoot(catalog, key.references)].map(displayName);
      return from !== undefined && to !== undefined && byName.has(from) && byName.has(to)
        ? [{ from, to, key }]
        : [];
    }),
  );
  const sorted = new Set<TablePlan>();
  const visit = (name: string, above: ReadonlySet<string>): void => {
    const plan = byName.get(name);
    if (plan === undefined || sorted.has(plan) || above.has(name)) return;
    for (const { to } of edges.filter(({ from }) => from === name)) visit(to, new Set([...above, name]));
    sorted.add(plan);
  };
  for (const name of byName.keys()) visit(name, new Set());
  return {
    parentsFirst: [...sorted],
    isReferenced: ({ table }) => edges.some(({ to }) => to === displayName(table)),
    exposed: (changed) => {
      const names = new Set(changed.map(({ table }) => displayName(table)));
      for (let size = -1; size < names.size; ) {
        size = names.size;
        for (const { from, to, key } of edges) if (names.has(to) && hasAction(key)) names.add(from);
      }
      return plans.filter(({ table }) => names.has(displayName(table)));
    },
  };
}

function hasAction({ definition }: ForeignKey): boolean {
  return /\bON (DELETE|UPDATE) (CASCADE|SET)\b/.test(definition);
}

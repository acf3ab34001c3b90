import { displayName, type QualifiedName } from '../core/identifiers.js';
import type { ClinicTable, Rule, TenancyMap } from '../tenancy/types.js';

/** Which ways between tables count, and where they lead in a circle. */
export interface WayGraph {
  /** True where other tables' rows share the fate of this one's: its witnesses count for them too. */
  isComplete(table: QualifiedName): boolean;
  /** The tables that lead to one another in a circle with this one, itself included; undefined where none does. */
  circle(table: QualifiedName): readonly ClinicTable[] | undefined;
}

/**
 * A table's rules always count. Its witnesses count for those who lead through it only where its rows have been found
 * without a place (`suspects`, display names), or where it is in a circle: rows there cannot be judged one by one.
 */
export function wayGraph(map: TenancyMap, suspects: ReadonlySet<string>): WayGraph {
  const tables = new Map(
    map.tables.flatMap((table) =>
      table.scope === 'clinic' ? [[displayName(table), table] as [string, ClinicTable]] : [],
    ),
  );
  let complete = suspects;
  for (;;) {
    const reached = new Map([...tables.keys()].map((name) => [name, reachable(name, tables, complete)]));
    const circling = [...tables.keys()].filter((name) => reached.get(name)?.has(name));
    if (circling.some((name) => !complete.has(name))) {
      complete = new Set([...complete, ...circling]);
      continue;
    }
    const settled = complete;
    return {
      isComplete: (table) => settled.has(displayName(table)),
      circle: (table) => {
        const name = displayName(table);
        if (!circling.includes(name)) return undefined;
        return circling
          .filter((other) => reached.get(name)?.has(other) && reached.get(other)?.has(name))
          .flatMap((other) => tables.get(other) ?? []);
      },
    };
  }
}

/** Names of the tables that the ways from one lead to, over any number of steps. */
function reachable(
  from: string,
  tables: ReadonlyMap<string, ClinicTable>,
  complete: ReadonlySet<string>,
): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [from];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    for (const next of targets(tables.get(name), complete.has(name))) {
      if (reached.has(next) || !tables.has(next)) continue;
      reached.add(next);
      waiting.push(next);
    }
  }
  return reached;
}

function targets(table: ClinicTable | undefined, withWitnesses: boolean): string[] {
  const ways: readonly Rule[] =
    table === undefined ? [] : withWitnesses ? [...table.rules, ...table.witnesses] : table.rules;
  return ways.flatMap((way) => (way.kind === 'path' ? [displayName(way.reference.references)] : []));
}

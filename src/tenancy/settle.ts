import type { ColumnProbe } from '../catalog/types.js';
import type { Draft, SettledWays } from './draft.js';
import { mayBeNull, sameTable, tableKey } from './tables.js';
import type { Evidence, Rule, TenancyMap } from './types.js';

/** How far a table is from a clinic key: steps that may be NULL weigh more than any number of others. */
interface Cost {
  readonly nullable: number;
  readonly steps: number;
}

interface Choice {
  readonly rules: readonly Rule[];
  readonly evidence: Evidence;
  readonly cost: Cost;
  /** True where no declared key column tells, and what was chosen may be NULL: then whatever else there is tells. */
  readonly open: boolean;
}

/**
 * Chooses each clinic table's way to its clinic, and makes every other way a witness. First what the configuration
 * says, then a foreign key to the clinic table, then a column proven by its values, then the path with the fewest
 * steps that may be NULL, the fewest steps, the first name. A path that may be NULL is followed by the other paths as
 * further rules, and so is a column without a foreign key; a declared key column is not, since its NULL may mean
 * something. Columns some of whose values are no clinic's are witnesses of every row: an unknown clinic is a fault.
 * Tables that reach no clinic are not in the result.
 */
export function settle(
  drafts: readonly Draft[],
  clinicTable: TenancyMap['clinicTable'],
): ReadonlyMap<string, SettledWays> {
  const clinical = drafts.filter(({ config }) => config === undefined || config.scope === 'clinic');
  const chosen = new Map<string, Choice>();
  const clinicKey = tableKey(clinicTable);
  const costOf = (rule: Rule & { kind: 'path' }): Cost | undefined => {
    const target = tableKey(rule.reference.references);
    return target === clinicKey ? { nullable: 0, steps: 0 } : chosen.get(target)?.cost;
  };
  // Only lower costs are taken, and every step adds to them: this ends.
  for (let changed = true; changed; ) {
    changed = false;
    for (const draft of clinical) {
      const key = tableKey(draft.table);
      const best = choose(draft, costOf);
      const before = chosen.get(key);
      if (best === undefined || (before !== undefined && compare(best.cost, before.cost) >= 0)) continue;
      chosen.set(key, best);
      changed = true;
    }
  }
  return new Map(
    clinical.flatMap((draft) => {
      const choice = chosen.get(tableKey(draft.table));
      if (choice === undefined) return [];
      // Every way that the configuration names has to lead somewhere.
      if (draft.configured.some((rule) => rule.kind === 'path' && costOf(rule) === undefined)) return [];
      const others = [...draft.columns, ...draft.paths.filter((path) => costOf(path) !== undefined)].filter(
        (way) => !choice.rules.some((rule) => sameWay(rule, way)),
      );
      const { evidence } = choice;
      const doubtful = doubtfulWitnesses(draft.doubtful).filter(
        (way) => !choice.rules.some((rule) => sameWay(rule, way)),
      );
      const ways = choice.open
        ? { rules: [...choice.rules, ...others], witnesses: doubtful, evidence }
        : { rules: choice.rules, witnesses: [...others, ...doubtful], evidence };
      return [[tableKey(draft.table), ways] as const];
    }),
  );
}

function choose(
  draft: Draft,
  costOf: (rule: Rule & { kind: 'path' }) => Cost | undefined,
): Choice | undefined {
  const { configured, table } = draft;
  const isNullable = (columns: readonly string[]): number => (mayBeNull(table, columns) ? 1 : 0);
  if (configured.length > 0) {
    // A reference within a circle of tables, or to the table itself, waits for another rule to lead out.
    const known = configured.flatMap((rule) => {
      if (rule.kind !== 'path') return [{ nullable: isNullable([rule.column]), steps: 0 }];
      const onwards = costOf(rule);
      if (onwards === undefined) return [];
      return [{ nullable: onwards.nullable + isNullable(rule.reference.columns), steps: onwards.steps }];
    });
    if (known.length === 0) return undefined;
    const cost = {
      nullable: Math.min(...known.map(({ nullable }) => nullable)),
      steps: Math.max(...known.map(({ steps }) => steps)) + 1,
    };
    return { rules: configured, evidence: 'configuration', cost, open: false };
  }
  const evidenceOf = (found: Evidence): Evidence => (draft.config === undefined ? found : 'configuration');
  const declared = draft.columns.slice(0, draft.declared);
  for (const [columns, evidence] of [
    [declared, 'foreign key'],
    [draft.columns.slice(draft.declared), 'column values'],
  ] as const) {
    const [column] = [...columns].sort(
      (a, b) => isNullable([a.column]) - isNullable([b.column]) || (a.column < b.column ? -1 : 1),
    );
    if (column === undefined) continue;
    const cost = { nullable: isNullable([column.column]), steps: 0 };
    const open = evidence === 'column values' && cost.nullable > 0;
    return { rules: [column], evidence: evidenceOf(evidence), cost, open };
  }
  const [path] = draft.paths
    .filter(({ reference }) => !sameTable(reference.references, table))
    .flatMap((rule) => {
      const onwards = costOf(rule);
      if (onwards === undefined) return [];
      const nullable = onwards.nullable + isNullable(rule.reference.columns);
      return [{ rule, cost: { nullable, steps: onwards.steps + 1 } }];
    })
    .sort((a, b) => compare(a.cost, b.cost) || (nameOf(a.rule) < nameOf(b.rule) ? -1 : 1));
  return (
    path && {
      rules: [path.rule],
      evidence: evidenceOf('path'),
      cost: path.cost,
      open: path.cost.nullable > 0,
    }
  );
}

/** Columns that name clinics in some rows; one without values contradicts nothing yet. */
export function doubtfulWitnesses(probes: readonly ColumnProbe[]): (Rule & { kind: 'column' })[] {
  return probes
    .filter(({ values }) => values !== 'none')
    .map(({ column, clinicColumn }) => ({ kind: 'column', column, clinicColumn }));
}

function compare(a: Cost, b: Cost): number {
  return a.nullable - b.nullable || a.steps - b.steps;
}

function nameOf({ reference }: Rule & { kind: 'path' }): string {
  return [...reference.columns, reference.references.schema, reference.references.name].join('\0');
}

function sameWay(a: Rule, b: Rule): boolean {
  if (a.kind === 'column' && b.kind === 'column') return a.column === b.column;
  if (a.kind !== 'path' || b.kind !== 'path') return false;
  return nameOf(a) === nameOf(b) && a.reference.when === b.reference.when;
}

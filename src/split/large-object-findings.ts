import type { Finding } from '../core/finding.js';
import { displayName } from '../core/identifiers.js';
import type { LargeObjectNeeds, Naming } from './large-object-needs.js';
import { SAMPLES } from './survey/samples.js';

/** What is wrong with the large objects that rows name: found before anything is copied. */
export function largeObjectNeedFindings(needs: LargeObjectNeeds, unsettled: 'stop' | 'leave'): Finding[] {
  return [...danglingFindings(needs.dangling, unsettled), ...ofTwoFindings(needs)];
}

function danglingFindings(dangling: readonly Naming[], unsettled: 'stop' | 'leave'): Finding[] {
  const byColumn = new Map<string, Naming[]>();
  for (const naming of dangling) {
    const name = `${displayName(naming.plan.table)}.${naming.column}`;
    byColumn.set(name, [...(byColumn.get(name) ?? []), naming]);
  }
  return [...byColumn].map(([name, found]) => {
    const rows = found.reduce((sum, each) => sum + each.rows, 0);
    const shown = found.slice(0, SAMPLES).map(({ sample, oid }) => `${sample} names ${oid.slice(0, 20)}`);
    return {
      code: 'SPLIT_LARGE_OBJECT_MISSING',
      severity: unsettled === 'leave' ? 'warning' : 'error',
      subject: name,
      message: `${rows} ${rows === 1 ? 'row' : 'rows'} of ${displayName(found[0]?.plan.table ?? { schema: '', name: '' })} ${rows === 1 ? 'names' : 'name'} by ${found[0]?.column} large objects that are not there: ${shown.join(' | ')}${found.length > SAMPLES ? ' | …' : ''}`,
      hint: "Set the column to NULL in these rows; or copy them as they are: largeObjects: 'leave'.",
    };
  });
}

function ofTwoFindings({ ofTwo }: LargeObjectNeeds): Finding[] {
  if (ofTwo.length === 0) return [];
  const shown = ofTwo.slice(0, SAMPLES).map(({ oid, by }) => {
    const rows = by.map(
      ({ plan, column, sample, key }) =>
        `row ${sample} of ${displayName(plan.table)} (${column}) of clinic ${key}`,
    );
    return `${oid} by ${rows.join(' and ')}`;
  });
  return [
    {
      code: 'SPLIT_LARGE_OBJECT_OF_TWO',
      severity: 'error',
      subject: `${ofTwo.length} large objects`,
      message: `rows of more than one clinic name the same large object: ${shown.join(' | ')}${ofTwo.length > SAMPLES ? ' | …' : ''}`,
      hint: 'Where it is rightly both’s, give one of them a copy of its own: UPDATE … SET … = lo_from_bytea(0, lo_get(…)) WHERE ….',
    },
  ];
}

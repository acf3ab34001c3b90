import { RunError } from '../core/errors.js';
import { displayName } from '../core/identifiers.js';
import { escapeField, firstFieldEnd, type LineReader, unescapeField } from './copy-text.js';
import { ROUTE } from './judgement.js';
import type { TablePlan } from './plan.js';
import type { RowSink } from './row-sink.js';
import { readRoute } from './survey/routes.js';
import type { ProblemReason } from './survey/types.js';

/** Where the rows of one table can go in this pass. */
export interface Destinations {
  /** By clinic key: the clinics of this pass. */
  readonly clinics: ReadonlyMap<string, RowSink>;
  /** Gets every row whatever its clinic, such as the central database's copy of the clinic table. */
  readonly whole: RowSink | undefined;
  readonly quarantine: RowSink | undefined;
  /** Every clinic there is, of this pass or not. */
  readonly known: ReadonlySet<string>;
}

interface Way {
  readonly sinks: readonly RowSink[];
  readonly quarantine?: { readonly sink: RowSink; readonly prefix: Buffer };
}

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/**
 * Reads lines whose first field is the route and hands the rest, byte for byte, to the clinics it names. A line that
 * has no place is a RunError: the survey of the same snapshot has seen none, so something is wrong with the program.
 */
export function rowRouter(plan: TablePlan, to: Destinations): LineReader {
  const ways = new Map<string, Way>();
  const whole = to.whole === undefined ? [] : [to.whole];
  // The bytes of the field as the server writes it, one character a byte: nothing is decoded for a row.
  for (const [key, sink] of to.clinics)
    ways.set(latin1(ROUTE.key + escapeField(key)), { sinks: [sink, ...whole] });
  ways.set(ROUTE.shared, { sinks: [...to.clinics.values(), ...whole] });

  const findWay = (field: string): Way => {
    const route = unescapeField(Buffer.from(field, 'latin1').toString('utf8'));
    const place = readRoute(route, to.known);
    if (typeof place === 'object') return { sinks: whole };
    if (place === 'shared') throw new RunError('unreachable: the shared route is always known');
    return { sinks: whole, ...quarantineWay(plan, place, route.slice(1), to.quarantine) };
  };

  return (buffer, start, end) => {
    const tab = firstFieldEnd(buffer, start, end);
    const field = buffer.toString('latin1', start, tab);
    let way = ways.get(field);
    if (way === undefined) {
      way = findWay(field);
      ways.set(field, way);
    }
    // Past the tab; a table without columns has none, and its rows are empty lines.
    const row = tab === end - 1 ? tab : tab + 1;
    for (const sink of way.sinks) sink.add(buffer, row, end);
    way.quarantine?.sink.add(buffer, tab, end, way.quarantine.prefix);
  };
}

function quarantineWay(
  plan: TablePlan,
  reason: ProblemReason,
  key: string,
  sink: RowSink | undefined,
): Pick<Way, 'quarantine'> {
  if (sink === undefined) {
    throw new RunError(`a row of ${displayName(plan.table)} has no place (${reason}) and no survey said so`, {
      hint: 'Nothing of this table was kept. Please report this.',
    });
  }
  return { quarantine: { sink, prefix: Buffer.from(`${escapeField(reason)}\t${escapeField(key)}`, 'utf8') } };
}
